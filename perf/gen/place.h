#pragma once

/*
 * One place of a trace: an event that the generator sends again and again, and who is to get it.
 * The trace owns all memory.
 */

#include <stdint.h>

struct place {
	const uint8_t *record; /* the PUBLISH record as sent, but for what stamp_put writes; topic
				  as text */
	uint32_t len;	       /* without padding */
	uint32_t receiver_count;
	const uint32_t *receivers; /* indices of subscribers, strictly ascending */
	uint8_t class;		   /* as in the record */
};

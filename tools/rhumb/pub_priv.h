#pragma once

#include "tools/rhumb/router.h"

/* Attributes of one event; more would not fit into RH_ATTRIBUTES_MAX bytes in practice. */
#define PUB_ATTRIBUTES_MAX 512

/* One run of rhumb pub. */
struct pub {
	struct cli *cli;
	struct rhumb *r;
	double rate; /* events a second; 0: as fast as credit goes */
	uint64_t start_ns;
	uint64_t published, bytes, too_large, invalid;
	uint64_t complaints; /* sentences printed: the first few are enough */
	struct rhumb_attribute attributes[PUB_ATTRIBUTES_MAX];
	uint16_t attribute_count;
};

/* Publish at its time. CLI_OK also when the event was refused (then it is counted), else the session is over. */
int pub_event(struct pub *p, const struct rhumb_event *event, uint64_t line);
/* One line of --batch. Fills @event, whose memory belongs to @memory. False after a complaint: the line is invalid. */
struct pub_line;
struct pub_line *pub_line_create(void);
void pub_line_destroy(struct pub_line *line);
bool pub_line_parse(struct pub *p, struct pub_line *line, const char *text, size_t len, uint64_t number,
	struct rhumb_event *event);
void pub_complain(struct pub *p, uint64_t line, const char *sentence);

/* Standard input, read without stdio so that waiting for it does not starve the session. */
struct pub_input {
	char *bytes;
	size_t start, end, room;
	bool over;
};

/* 1 and a line without its end, valid until the next call; 0 at the end or after a signal; negative errno. */
int pub_input_next(struct pub *p, struct pub_input *in, char **line, size_t *len);
void pub_input_fini(struct pub_input *in);

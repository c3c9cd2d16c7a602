#pragma once

/* Bounds of topics and topic filters. Frames carry them and filters are checked by them, so they stand below both. */

#define RH_TOPIC_MAX  1024 /* bytes */
#define RH_LEVELS_MAX 128
#define RH_FILTER_MAX 1024 /* bytes */

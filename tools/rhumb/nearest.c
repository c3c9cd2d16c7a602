#include "tools/rhumb/nearest.h"

#include <string.h>

#define WORD_MAX 31

static unsigned least_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance: what a typing hand does wrong, a swapped pair counts once. */
static unsigned distance_of(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned d[WORD_MAX + 1][WORD_MAX + 1];

	for (size_t i = 0; i <= a_len; i++)
		d[i][0] = (unsigned)i;
	for (size_t j = 0; j <= b_len; j++)
		d[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		for (size_t j = 1; j <= b_len; j++) {
			d[i][j] = least_of(d[i - 1][j], d[i][j - 1]) + 1;
			d[i][j] = least_of(d[i][j], d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = least_of(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[a_len][b_len];
}

void nearest_offer(struct nearest *best, const char *typed, const char *candidate, const char *says)
{
	size_t typed_len = strlen(typed), len = strlen(candidate);
	unsigned distance;

	if (typed_len > WORD_MAX || len > WORD_MAX)
		return;
	distance = distance_of(typed, typed_len, candidate, len);
	if (distance > len / 3 || (best->word && distance >= best->distance))
		return;
	*best = (struct nearest){says, distance};
}

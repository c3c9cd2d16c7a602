#pragma once

/*
 * A network namespace of the test's own: these tests need root and fail loudly without.
 */

#include <criterion/criterion.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void run(const char *command)
{
	cr_assert_eq(system(command), 0, "%s", command);
}

static inline void netns_enter(void)
{
	cr_assert_eq(unshare(CLONE_NEWNET), 0, "these tests need root: a network namespace of their own");
	run("ip link set lo up");
}

/* First word of a file, e.g. of a sysctl. */
static inline const char *word_of(const char *path)
{
	static char word[32];
	FILE *f = fopen(path, "r");

	word[0] = '\0';
	cr_assert(f, "%s", path);
	cr_assert_eq(fscanf(f, "%31s", word), 1);
	(void)fclose(f);
	return word;
}

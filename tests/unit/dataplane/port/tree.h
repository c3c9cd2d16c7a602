#pragma once

/*
 * A fake /sys and /proc under a temporary directory, for functions that take the root of the tree.
 */

#include <criterion/criterion.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char tree_root[64];

static inline void tree_make(void)
{
	(void)strcpy(tree_root, "/tmp/rhumb-tree-XXXXXX");
	cr_assert(mkdtemp(tree_root));
}

static inline void tree_remove(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf %s", tree_root);
	cr_assert_eq(system(command), 0);
}

static inline void tree_dir(const char *path)
{
	char full[PATH_MAX];

	(void)snprintf(full, sizeof(full), "%s%s", tree_root, path);
	for (char *slash = full + strlen(tree_root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		(void)mkdir(full, 0755);
		*slash = '/';
	}
	(void)mkdir(full, 0755);
}

static inline void tree_parent(const char *path)
{
	char copy[PATH_MAX];

	(void)snprintf(copy, sizeof(copy), "%s", path);
	tree_dir(dirname(copy));
}

static inline void tree_file(const char *path, const char *text)
{
	char full[PATH_MAX];
	FILE *f;

	tree_parent(path);
	(void)snprintf(full, sizeof(full), "%s%s", tree_root, path);
	f = fopen(full, "w");
	cr_assert(f, "%s", full);
	cr_assert(fputs(text, f) >= 0);
	(void)fclose(f);
}

static inline void tree_link(const char *path, const char *target)
{
	char full[PATH_MAX];

	tree_parent(path);
	(void)snprintf(full, sizeof(full), "%s%s", tree_root, path);
	cr_assert_eq(symlink(target, full), 0);
}

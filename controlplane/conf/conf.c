/*
 * A file becomes text, text a checked tree (schema.c), the tree one plain struct (flatten.c). The
 * tree stays with the struct so that a later candidate can be compared with it.
 */

#include "controlplane/conf/conf.h"

#include "controlplane/conf/flatten_priv.h"
#include "dataplane/base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* 32 ports with every neighbor are about 300 KiB. */
#define FILE_MAX (4 << 20)

static int read_all(FILE *f, const char *path, char **out, size_t *out_len, struct rh_error *err)
{
	char *text = malloc(FILE_MAX + 2);
	size_t len;
	int rc = 0;

	if (text == NULL)
		return rh_error_set(err, ENOMEM, "%s: out of memory", path);
	len = fread(text, 1, FILE_MAX + 1, f);
	if (ferror(f) != 0)
		rc = rh_error_set(err, EIO, "%s: cannot be read: %s", path, strerror(errno));
	else if (len > FILE_MAX)
		rc = rh_error_set(err, EINVAL, "%s: larger than %d MiB; expected a configuration",
			path, FILE_MAX >> 20);
	if (rc < 0) {
		free(text);
		return rc;
	}
	text[len] = '\0';
	*out = text;
	*out_len = len;
	return 0;
}

static int read_file(const char *path, char **out, size_t *len, struct rh_error *err)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	int rc, error = errno;

	if (f == NULL)
		return rh_error_set(err, error,
			"%s: %s; name a configuration with --config FILE or RHUMB_CONFIG", path,
			strerror(error));
	if (fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode))
		rc = rh_error_set(err, EINVAL, "%s: is a directory; expected a file", path);
	else
		rc = read_all(f, path, out, len, err);
	(void)fclose(f);
	return rc;
}

int cp_conf_load(const char *path, struct cp_conf **out, struct rh_error *err)
{
	char *text = NULL;
	size_t len = 0;
	int rc = read_file(path, &text, &len, err);

	if (rc < 0)
		return rc == -ENOENT ? rc : -EINVAL;
	rc = cp_conf_parse(text, len, path, out, err);
	free(text);
	return rc;
}

static uint64_t digest_of(const struct lyd_node *tree)
{
	char *text = NULL;
	uint64_t digest = 0;

	if (lyd_print_mem(&text, tree, LYD_JSON, LYD_PRINT_SHRINK | LYD_PRINT_WD_ALL) ==
			LY_SUCCESS &&
		text != NULL)
		digest = rh_hash(text, strlen(text), 0);
	free(text);
	return digest;
}

int cp_conf_parse(
	const char *text, size_t len, const char *name, struct cp_conf **out, struct rh_error *err)
{
	struct cp_conf *conf = calloc(1, sizeof(*conf));
	int rc;

	if (conf == NULL)
		return rh_error_set(err, ENOMEM, "%s: out of memory", name);
	rc = conf_tree(text, len, name, &conf->tree, err);
	if (rc == 0)
		rc = conf_flatten(conf, name, err);
	if (rc < 0) {
		cp_conf_free(conf);
		return rc == -ENOMEM ? rc : -EINVAL;
	}
	conf->digest = digest_of(conf->tree);
	*out = conf;
	return 0;
}

void cp_conf_free(struct cp_conf *conf)
{
	if (conf == NULL)
		return;
	for (uint32_t i = 0; i < conf->port_count; i++)
		free(conf->ports[i].neighbors);
	free(conf->pci_allow);
	lyd_free_all(conf->tree);
	free(conf);
}

#include "controlplane/subs/store.h"

#include "dataplane/api/limits.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/compiler.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/log.h"
#include "dataplane/frame/bytes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BYTES_MOST (1ULL << 30)
#define LEAST_NS   (100 * RH_NS_PER_MS)
/* A file's hash guards against decay, not against somebody who may write here: it has no secret. */
#define HASH_SEED 0
#define FILE_MOST (CP_STORE_HDR + 2 * (size_t)HSC_BODY_MAX)
#define NAME_MOST 300 /* directory and file */

static uint64_t key_of(const struct cp_conf *conf, const char *kind)
{
	char text[512];
	int len = snprintf(text, sizeof(text), "%d %u %u %u %u %s", HSC_VERSION, conf->patterns_max,
		conf->compile_ms_max, conf->compile_mb_max, conf->scan_cycles_per_byte_max, kind);

	return rh_hash(text, len < (int)sizeof(text) ? (size_t)len : sizeof(text) - 1, HASH_SEED);
}

void cp_store_init(struct cp_store *store, const struct cp_conf *conf, const char *kind)
{
	*store = (struct cp_store){
		.key = key_of(conf, kind), .bytes_most = BYTES_MOST, .least_ns = LEAST_NS};
	if (!conf->pattern_store[0])
		return;
	if ((mkdir(conf->pattern_store, 0700) < 0 && errno != EEXIST) ||
		access(conf->pattern_store, R_OK | W_OK | X_OK) < 0) {
		rh_log_info(SUBS,
			"compiled patterns are not kept in %s: %s: a restart compiles them anew; make the directory above it, or set "
			"content/pattern-store",
			conf->pattern_store, strerror(errno));
		return;
	}
	(void)snprintf(store->dir, sizeof(store->dir), "%s", conf->pattern_store);
}

/* Below 0: it is none of ours. */
static int tenant_of(const char *name)
{
	char again[32];
	unsigned tenant;

	if (sscanf(name, "tenant-%4u.patterns", &tenant) != 1 || tenant >= DP_LIMIT_TENANTS)
		return -1;
	(void)snprintf(again, sizeof(again), "tenant-%u.patterns", tenant);
	return strcmp(again, name) == 0 ? (int)tenant : -1;
}

static int read_all(int fd, uint8_t *out, size_t len)
{
	while (len) {
		ssize_t got = read(fd, out, len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : -EPIPE;
		out += got;
		len -= (size_t)got;
	}
	return 0;
}

static int write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len) {
		ssize_t put = write(fd, bytes, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put ? -errno : -EIO;
		bytes += put;
		len -= (size_t)put;
	}
	return 0;
}

/* Why not, or NULL. */
static const char *unfit(
	const struct cp_store *store, int tenant, const uint8_t *bytes, size_t len, struct cp_stored *out)
{
	struct hsc_cost cost;
	uint32_t set_len;

	if (len < CP_STORE_HDR || rh_load_be64(bytes) != CP_STORE_MAGIC)
		return "is no file of compiled patterns";
	if (rh_load_be64(bytes + 8) != rh_hash(bytes + 16, len - 16, HASH_SEED))
		return "is damaged";
	if (rh_load_be64(bytes + 16) != store->key)
		return "was made by another version, on another processor or with other limits";
	set_len = rh_load_be32(bytes + 28);
	if (rh_load_be32(bytes + 24) != (uint32_t)tenant || set_len > len - CP_STORE_HDR ||
		hsc_set_parse(bytes + CP_STORE_HDR, set_len, &out->set) < 0)
		return "holds no set of patterns";
	out->tenant = (uint16_t)tenant;
	out->reply = bytes + CP_STORE_HDR + set_len;
	out->reply_len = len - CP_STORE_HDR - set_len;
	if (out->reply_len <= HSC_COST || hsc_cost_parse(out->reply, out->reply_len, &cost) < 0)
		return "holds no database";
	return NULL;
}

/* Why not, or NULL; then *out is the caller's to free. */
static const char *file_read(int fd, uint8_t **out, size_t *len)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH))
		return "is not a file that only this router may write";
	if (st.st_size > (off_t)FILE_MOST)
		return "is too long";
	*len = (size_t)st.st_size;
	*out = malloc(*len + 1);
	if (!*out)
		return "has no room in memory";
	if (read_all(fd, *out, *len) == 0)
		return NULL;
	free(*out);
	return "cannot be read to its end";
}

static void file_take(const struct cp_store *store, int dir, const char *name, int tenant,
	void (*cb)(void *arg, const struct cp_stored *stored), void *arg)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct cp_stored stored;
	uint8_t *bytes = NULL;
	size_t len = 0;
	const char *why = file_read(fd, &bytes, &len);

	if (!why) {
		why = unfit(store, tenant, bytes, len, &stored);
		if (!why)
			cb(arg, &stored);
		free(bytes);
	}
	if (why)
		rh_log_warn(SUBS, "%s/%s %s: ignored, its patterns are compiled when they are asked for",
			store->dir, name, why);
	if (fd >= 0)
		(void)close(fd);
}

void cp_store_each(const struct cp_store *store,
	void (*cb)(void *arg, const struct cp_stored *stored), void *arg)
{
	DIR *dir = store->dir[0] ? opendir(store->dir) : NULL;
	const struct dirent *entry;
	int tenant;

	while (dir && (entry = readdir(dir))) {
		tenant = tenant_of(entry->d_name);
		if (tenant >= 0)
			file_take(store, dirfd(dir), entry->d_name, tenant, cb, arg);
	}
	if (dir)
		(void)closedir(dir);
}

/* The sum of all files of ours; the oldest but @kept in @name. */
static uint64_t weigh(DIR *dir, int kept, char *name, size_t size)
{
	struct timespec oldest = {0};
	const struct dirent *entry;
	uint64_t sum = 0;
	struct stat st;
	int tenant;

	*name = 0;
	rewinddir(dir);
	while ((entry = readdir(dir))) {
		tenant = tenant_of(entry->d_name);
		if (tenant < 0 || fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		sum += (uint64_t)st.st_size;
		if (tenant == kept)
			continue;
		if (*name && (st.st_mtim.tv_sec > oldest.tv_sec ||
				     (st.st_mtim.tv_sec == oldest.tv_sec &&
					     st.st_mtim.tv_nsec >= oldest.tv_nsec)))
			continue;
		oldest = st.st_mtim;
		(void)snprintf(name, size, "%s", entry->d_name);
	}
	return sum;
}

static void make_room(const struct cp_store *store, int kept)
{
	DIR *dir = opendir(store->dir);
	char name[NAME_MOST];

	while (dir && weigh(dir, kept, name, sizeof(name)) > store->bytes_most && *name) {
		rh_log_info(SUBS, "%s/%s is removed: compiled patterns take more than %llu MB",
			store->dir, name, (unsigned long long)(store->bytes_most >> 20));
		if (unlinkat(dirfd(dir), name, 0) < 0)
			break;
	}
	if (dir)
		(void)closedir(dir);
}

static uint8_t *file_make(const struct cp_store *store, uint16_t tenant, const uint8_t *set,
	size_t set_len, const uint8_t *reply, size_t reply_len)
{
	uint8_t *bytes = malloc(CP_STORE_HDR + set_len + reply_len);

	if (!bytes)
		return NULL;
	rh_store_be64(bytes, CP_STORE_MAGIC);
	rh_store_be64(bytes + 16, store->key);
	rh_store_be32(bytes + 24, tenant);
	rh_store_be32(bytes + 28, (uint32_t)set_len);
	memcpy(bytes + CP_STORE_HDR, set, set_len);
	memcpy(bytes + CP_STORE_HDR + set_len, reply, reply_len);
	rh_store_be64(bytes + 8,
		rh_hash(bytes + 16, CP_STORE_HDR - 16 + set_len + reply_len, HASH_SEED));
	return bytes;
}

/* Under another name first: whoever reads finds the old one or the new one. What a fall of the machine leaves half
 * written is found out by its hash. */
static int file_write(const char *path, const char *temporary, const uint8_t *bytes, size_t len)
{
	int fd, ret;

	(void)unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	ret = write_all(fd, bytes, len);
	if (close(fd) < 0 && ret == 0)
		ret = -errno;
	if (ret == 0 && rename(temporary, path) < 0)
		ret = -errno;
	if (ret < 0)
		(void)unlink(temporary);
	return ret;
}

void cp_store_save(const struct cp_store *store, uint16_t tenant, const uint8_t *set, size_t set_len,
	const uint8_t *reply, size_t reply_len)
{
	char path[NAME_MOST], temporary[NAME_MOST];
	uint8_t *bytes;
	int ret = -ENOMEM;

	if (!store->dir[0])
		return;
	(void)snprintf(path, sizeof(path), "%s/tenant-%u.patterns", store->dir, tenant);
	(void)snprintf(temporary, sizeof(temporary), "%s/new", store->dir);
	bytes = file_make(store, tenant, set, set_len, reply, reply_len);
	if (bytes)
		ret = file_write(path, temporary, bytes, CP_STORE_HDR + set_len + reply_len);
	free(bytes);
	if (ret < 0)
		rh_log_warn(SUBS, "%s cannot be written: %s: a restart compiles its patterns anew",
			path, strerror(-ret));
	else
		make_room(store, tenant);
}

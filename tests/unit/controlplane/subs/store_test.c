#include "controlplane/subs/store.h"

#include "dataplane/base/compiler.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct hsc_pattern two[] = {{1, 3, "abc"}, {7, 1, "x"}};
static const uint8_t reply[] = "cost of 12 b and a database";

static struct cp_conf conf;
static struct cp_store store;
static uint8_t set[64];
static size_t set_len;
static char above[64], path[320];

/* What was found. */
static unsigned found;
static uint16_t last_tenant;

static void start(void)
{
	strcpy(above, "/tmp/rhumb-store-test-XXXXXX");
	cr_assert_not_null(mkdtemp(above));
	(void)snprintf(conf.pattern_store, sizeof(conf.pattern_store), "%s/patterns", above);
	cp_store_init(&store, &conf, "kind");
	cr_assert_str_eq(store.dir, conf.pattern_store);
	(void)snprintf(path, sizeof(path), "%s/tenant-3.patterns", store.dir);
	set_len = hsc_set_size(two, 2);
	hsc_set_encode(set, two, 2);
}

static void stop(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf %s", above);
	cr_assert_eq(system(command), 0);
}

TestSuite(store, .init = start, .fini = stop);

static void save(uint16_t tenant)
{
	cp_store_save(&store, tenant, set, set_len, reply, sizeof(reply));
}

static void on_stored(void *arg, const struct cp_stored *stored)
{
	(void)arg;
	found++;
	last_tenant = stored->tenant;
	cr_assert_eq(stored->set.count, 2);
	cr_assert_eq(stored->set.len, set_len);
	cr_assert_arr_eq(stored->set.body, set, set_len);
	cr_assert_eq(stored->reply_len, sizeof(reply));
	cr_assert_arr_eq(stored->reply, reply, sizeof(reply));
}

static unsigned found_in(const struct cp_store *s)
{
	found = 0;
	cp_store_each(s, on_stored, NULL);
	return found;
}

static unsigned files(void)
{
	DIR *dir = opendir(store.dir);
	const struct dirent *entry;
	unsigned count = 0;

	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	(void)closedir(dir);
	return count;
}

Test(store, gives_back_what_it_was_given_and_only_to_its_owner)
{
	struct stat st;

	save(3);
	save(3);
	cr_expect_eq(found_in(&store), 1);
	cr_expect_eq(last_tenant, 3);
	cr_expect_eq(files(), 1);
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0600);
	cr_assert_eq(stat(store.dir, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0700);
	save(1023);
	cr_expect_eq(found_in(&store), 2);
}

Test(store, of_another_version_processor_or_limit_is_not_used)
{
	struct cp_conf dearer = conf;
	struct cp_store other;

	save(3);
	cp_store_init(&other, &conf, "another kind");
	cr_expect_eq(found_in(&other), 0);
	dearer.scan_cycles_per_byte_max++;
	cp_store_init(&other, &dearer, "kind");
	cr_expect_eq(found_in(&other), 0);
	cp_store_init(&other, &conf, "kind");
	cr_expect_eq(found_in(&other), 1);
}

Test(store, damaged_anywhere_is_not_used)
{
	uint8_t byte;
	struct stat st;
	int fd;

	save(3);
	cr_assert_eq(stat(path, &st), 0);
	for (off_t at = 0; at < st.st_size; at++) {
		fd = open(path, O_RDWR);
		cr_assert_eq(pread(fd, &byte, 1, at), 1);
		byte ^= 0x10;
		cr_assert_eq(pwrite(fd, &byte, 1, at), 1);
		cr_expect_eq(found_in(&store), 0, "byte %ld", (long)at);
		byte ^= 0x10;
		cr_assert_eq(pwrite(fd, &byte, 1, at), 1);
		(void)close(fd);
	}
	cr_expect_eq(found_in(&store), 1);
	for (off_t len = st.st_size - 1; len >= 0; len--) {
		cr_assert_eq(truncate(path, len), 0);
		cr_expect_eq(found_in(&store), 0, "length %ld", (long)len);
	}
}

Test(store, of_another_tenant_or_name_is_not_used)
{
	static const char *const names[] = {"tenant-4.patterns", "tenant-03.patterns", "tenant-1024.patterns",
		"tenant-3.patterns.old", "tenant--3.patterns", "tenant-.patterns", "new"};
	char other[640];

	save(3);
	for (size_t i = 0; i < RH_ARRAY_LEN(names); i++) {
		(void)snprintf(other, sizeof(other), "%s/%s", store.dir, names[i]);
		cr_assert_eq(rename(path, other), 0);
		cr_expect_eq(found_in(&store), 0, "%s", names[i]);
		cr_assert_eq(rename(other, path), 0);
	}
	cr_expect_eq(found_in(&store), 1);
}

Test(store, that_others_may_write_or_that_is_no_file_is_not_used)
{
	char other[640];

	save(3);
	cr_assert_eq(chmod(path, 0620), 0);
	cr_expect_eq(found_in(&store), 0);
	cr_assert_eq(chmod(path, 0600), 0);
	if (geteuid() == 0) {
		cr_assert_eq(chown(path, 1, 0), 0);
		cr_expect_eq(found_in(&store), 0);
		cr_assert_eq(chown(path, 0, 0), 0);
	}
	(void)snprintf(other, sizeof(other), "%s/elsewhere", above);
	cr_assert_eq(rename(path, other), 0);
	cr_assert_eq(symlink(other, path), 0);
	cr_expect_eq(found_in(&store), 0);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_expect_eq(found_in(&store), 0);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(mkdir(path, 0700), 0);
	cr_expect_eq(found_in(&store), 0);
}

Test(store, what_is_oldest_goes_first_when_there_is_too_much)
{
	const struct timespec old[2] = {{1000, 0}, {1000, 0}}, older[2] = {{1000, 0}, {900, 0}};
	char other[640];

	save(1);
	save(2);
	(void)snprintf(other, sizeof(other), "%s/tenant-1.patterns", store.dir);
	cr_assert_eq(utimensat(AT_FDCWD, other, old, 0), 0);
	(void)snprintf(other, sizeof(other), "%s/tenant-2.patterns", store.dir);
	cr_assert_eq(utimensat(AT_FDCWD, other, older, 0), 0);
	store.bytes_most = 2 * (CP_STORE_HDR + set_len + sizeof(reply));
	save(3);
	cr_expect_eq(found_in(&store), 2);
	cr_expect_eq(access(other, F_OK), -1);
	/* What was written last stays, however long it is. */
	store.bytes_most = 1;
	save(4);
	cr_expect_eq(found_in(&store), 1);
	cr_expect_eq(last_tenant, 4);
}

Test(store, left_half_written_is_written_anew)
{
	char other[640];
	int fd;

	(void)snprintf(other, sizeof(other), "%s/new", store.dir);
	fd = open(other, O_WRONLY | O_CREAT, 0644);
	cr_assert_eq(write(fd, "half", 4), 4);
	(void)close(fd);
	save(3);
	cr_expect_eq(found_in(&store), 1);
	cr_expect_eq(files(), 1);
}

Test(store, without_a_place_keeps_nothing)
{
	struct cp_store none;
	struct cp_conf other = conf;

	(void)snprintf(other.pattern_store, sizeof(other.pattern_store), "%.60s/not/there", above);
	cp_store_init(&none, &other, "kind");
	cr_expect_str_empty(none.dir);
	cp_store_save(&none, 1, set, set_len, reply, sizeof(reply));
	cr_expect_eq(found_in(&none), 0);
	other.pattern_store[0] = 0;
	cp_store_init(&none, &other, "kind");
	cr_expect_str_empty(none.dir);
	/* It went while we ran. */
	save(3);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(rmdir(store.dir), 0);
	save(3);
	cr_expect_eq(found_in(&store), 0);
	cr_assert_eq(mkdir(store.dir, 0700), 0);
}

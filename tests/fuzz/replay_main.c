/*
 * Run a fuzz target over seed files: each whole, and cut at every length up to CUTS_MAX. Every
 * input is an exact heap block. Arguments are files or directories; none found is a failure, since
 * it tested nothing.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CUTS_MAX 2048

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void input_run(const uint8_t *bytes, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);

	if (!exact)
		abort();
	memcpy(exact, bytes, len);
	(void)LLVMFuzzerTestOneInput(exact, len);
	free(exact);
}

static void seed_run(const uint8_t *bytes, size_t len)
{
	input_run(bytes, len);
	for (size_t cut = 0; cut < len && cut < CUTS_MAX; cut++)
		input_run(bytes, cut);
}

/* 1 when the file was run, 0 when it could not be read. */
static int file_run(const char *path, size_t size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes = malloc(size ? size : 1);
	int done = 0;

	if (f && bytes && fread(bytes, 1, size, f) == size) {
		seed_run(bytes, size);
		done = 1;
	} else {
		perror(path);
	}
	free(bytes);
	if (f)
		(void)fclose(f);
	return done;
}

static int path_run(const char *path);

static int directory_run(const char *path)
{
	struct dirent **names;
	int count = scandir(path, &names, NULL, alphasort), done = 0;
	char inner[4096];

	for (int i = 0; i < count; i++) {
		if (names[i]->d_name[0] != '.') {
			(void)snprintf(inner, sizeof(inner), "%s/%s", path, names[i]->d_name);
			done += path_run(inner);
		}
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	return done;
}

static int path_run(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		perror(path);
		return 0;
	}
	return S_ISDIR(st.st_mode) ? directory_run(path) : file_run(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
	int done = 0;

	for (int i = 1; i < argc; i++)
		done += path_run(argv[i]);
	printf("%d seeds replayed\n", done);
	return done ? 0 : 1;
}

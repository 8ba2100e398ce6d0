/* replay.c - gives files to a fuzz target where no fuzzer is at hand: every build checks the corpora.
 * SPDX-License-Identifier: Apache-2.0
 *
 * usage: fuzz_NAME [FILE or FOLDER]...    (without any: $TOP/tests/fuzz/corpus/NAME)
 */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20 };

static size_t give_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(INPUT_MAX);
	if (!file || !data) {
		fprintf(stderr, "%s: cannot be read\n", path);
		exit(1);
	}
	size_t size = fread(data, 1, INPUT_MAX, file);
	fclose(file);
	/* Of its exact size, so that a sanitizer sees a step behind its end. */
	uint8_t *exact = malloc(size > 0 ? size : 1);
	if (!exact)
		exit(1);
	memcpy(exact, data, size);
	free(data);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 1;
}

static size_t give(const char *path)
{
	DIR *folder = opendir(path);
	if (!folder)
		return give_file(path);
	size_t count = 0;
	char name[8192];
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		count += give_file(name);
	}
	closedir(folder);
	return count;
}

int main(int argc, char **argv)
{
	size_t count = 0;
	for (int i = 1; i < argc; i++)
		count += give(argv[i]);
	if (argc == 1) {
		const char *top = getenv("TOP"), *name = strrchr(argv[0], '/');
		char folder[4096];
		name = name ? name + 1 : argv[0];
		if (strncmp(name, "fuzz_", 5) == 0)
			name += 5;
		snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s", top && *top ? top : ".", name);
		count = give(folder);
	}
	printf("1..1\n%s 1 - %zu inputs\n", count > 0 ? "ok" : "not ok", count);
	return count > 0 ? 0 : 1;
}

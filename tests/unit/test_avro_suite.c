/* Files of other implementations: taken or refused, with as many records, as the suite's index says; hostile files, refused at once and in
 * little memory. Skipped where the suites are not at hand.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "connectors/avro/discover.h"
#include "engine/config/document.h"
#include "rules/dictionary.h"
#include "tests/support/avro_made.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { MEASURED = 0 };
#else
enum { MEASURED = 1 };
#endif

enum { FILES = 49, HOSTILE = 6, MEMORY_MAX = 64 * 1024 /* KiB */ };

/* Reads a file through the dictionary that is made from it. 0, or -1 and error. */
static int read_all(const char *path, struct avro_seen *seen, struct error *error)
{
	struct buffer text;
	struct dictionary *dictionary = NULL;
	struct node *root = NULL;
	static struct diagnostics diagnostics;
	int result = -1;
	*seen = (struct avro_seen){ 0 };
	buffer_init(&text, 16 << 20);
	if (avro_discover(path, &text, error) < 0)
		goto out;
	root = document_parse_text("discovered.json", buffer_text(&text), text.length, true, error);
	if (!root)
		fail_msg("%s: %s", error->place, error->message);
	diagnostics_init(&diagnostics);
	dictionary = dictionary_load(root, &diagnostics);
	for (size_t i = 0; i < diagnostics.count; i++)
		print_error("%s: %s\n", path, diagnostics.items[i].text);
	assert_int_equal(diagnostics.count, 0);
	diagnostics_fini(&diagnostics);
	struct avro_case how;
	avro_case_init(&how, path, table_schema(dictionary_at(dictionary, 0)));
	result = avro_drain(&how, NULL, false, seen, error);
out:
	dictionary_free(dictionary);
	node_free(root);
	buffer_fini(&text);
	return result;
}

static void test_index(void **state)
{
	(void)state;
	char folder[2048], path[4096], line[2048];
	size_t files = 0;
	if (!avro_suite("avro", folder, sizeof folder)) {
		print_message("# skipped: %s is not there\n", folder);
		skip();
	}
	snprintf(path, sizeof path, "%s/index.tsv", folder);
	FILE *index = fopen(path, "r");
	assert_non_null(index);
	assert_non_null(fgets(line, sizeof line, index)); /* its header */
	while (fgets(line, sizeof line, index)) {
		char name[1024], expected[64];
		uint64_t records;
		struct avro_seen seen;
		struct error error = ERROR_INIT;
		assert_int_equal(sscanf(line, "%1023[^\t]\t%*[^\t]\t%*[^\t]\t%" SCNu64 "\t%63[a-z]", name, &records, expected), 3);
		snprintf(path, sizeof path, "%s/%s", folder, name);
		int result = read_all(path, &seen, &error);
		if (strcmp(expected, "reject") == 0) {
			assert_int_equal(result, -1);
			assert_int_equal(error.kind, ERROR_SOURCE);
		} else if (result < 0 && strcmp(expected, "accept") == 0) {
			fail_msg("%s: %s", error.place, error.message);
		} else if (result == 0) {
			assert_int_equal(seen.rows, records);
			assert_int_equal(seen.faults, 0);
		}
		avro_seen_fini(&seen);
		files++;
	}
	fclose(index);
	assert_int_equal(files, FILES);
}

/* In a process of its own, so that its memory can be told. */
static void read_hostile(const char *path)
{
	struct rlimit limit = { 2, 2 }; /* seconds of processor time; the promise is one */
	struct rusage usage;
	int status;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct avro_seen seen;
		struct error error = ERROR_INIT;
		if (MEASURED)
			setrlimit(RLIMIT_CPU, &limit);
		if (read_all(path, &seen, &error) == 0 || error.kind != ERROR_SOURCE || !strstr(error.message, "at byte ")) {
			fprintf(stderr, "%s: %s\n", error.place, error.message);
			_exit(1);
		}
		avro_seen_fini(&seen);
		getrusage(RUSAGE_SELF, &usage);
		if (MEASURED && usage.ru_maxrss > MEMORY_MAX) {
			fprintf(stderr, "%s: %ld KiB\n", path, usage.ru_maxrss);
			_exit(1);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (status != 0)
		fail_msg("%s: status %d", path, status);
}

static void test_hostile(void **state)
{
	(void)state;
	char folder[2048], path[4096];
	size_t files = 0;
	if (!avro_suite("derived-avro-faults", folder, sizeof folder)) {
		print_message("# skipped: %s is not there\n", folder);
		skip();
	}
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		if (!strstr(entry->d_name, ".avro"))
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		read_hostile(path);
		files++;
	}
	closedir(dir);
	assert_int_equal(files, HOSTILE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_hostile),
	};
	return cmocka_run_group_tests_name("avro suite", tests, NULL, NULL);
}

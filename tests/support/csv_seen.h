/* csv_seen.h - what a reader of CSV saw of each record, as lines of text that two readers can be compared by.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_TESTS_SUPPORT_CSV_SEEN_H
#define PENSTOCK_TESTS_SUPPORT_CSV_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "connectors/csv/reader.h"

/* Ends the program, in a unit test and under a fuzzer alike. */
#define CHECK(condition)                                                                                  \
	do {                                                                                               \
		if (!(condition)) {                                                                        \
			fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition);       \
			abort();                                                                           \
		}                                                                                          \
	} while (0)

/* How a file is to be read. */
struct csv_case {
	const char *path;
	struct csv_options options; /* but for its path */
	const struct schema *schema;
	const struct option_map *labels;
	struct limits limits;
	size_t capacity; /* rows of a batch */
	bool recoded;    /* positions are of the text that the file's bytes become */
};

struct csv_seen_batch {
	size_t rows; /* in it */
	uint64_t bytes;
	struct position position;
	bool replayed, last;
};

struct csv_seen {
	char **records; /* one line each */
	size_t count, room;
	struct csv_seen_batch *batches; /* csv_drain only */
	size_t batch_count, batch_room;
};

void csv_seen_fini(struct csv_seen *seen);

/* A record is written in pieces: begin, cells in field order, faults, end. */
struct csv_line {
	char *text;
	size_t length, room;
};
void csv_line_put(struct csv_line *line, const char *format, ...) PRINTF_LIKE(2, 3);
void csv_line_bytes(struct csv_line *line, const char *data, size_t length);
void csv_line_end(struct csv_line *line, struct csv_seen *seen);

/* A file in memory; path (of at least 64 bytes) names it while the descriptor that is returned is open. */
int csv_memory_file(const char *data, size_t size, char *path);

/* A schema of count string fields named f0, f1, ... */
struct schema *csv_schema(size_t count);
/* With the default options and limits, batches of 100 rows. */
struct csv_case csv_case_of(const char *path, const struct schema *schema, bool header);
/* The options into a source that is not open. */
void csv_bind(void *self, const struct csv_case *how);
/* An open source in *self (freed by csv_close), or -1 and error with nothing to free. */
int csv_open_case(const struct csv_case *how, void **self, struct error *error);
void csv_close_case(void *self);

/* Reads everything, from a position where from is not NULL. Checks what must always hold of batches: records follow one
 * another without a gap, positions are where the next record begins, bytes add up. 0, or -1 and error. */
int csv_drain(const struct csv_case *how, const struct position *from, bool replay, struct csv_seen *seen,
	struct error *error);

/* Reads everything at every position of whole again, with and without replay, and checks that it gives the same. */
void csv_check_resume(const struct csv_case *how, const struct csv_seen *whole);

/* Ends the program, showing the first difference, unless both saw the same. */
void csv_check_same(const struct csv_seen *a, const char *a_name, const struct csv_seen *b, const char *b_name);

#endif

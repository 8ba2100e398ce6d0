/* json_seen.h - what the json source saw, as lines of text, one a record; for unit tests and the fuzz target.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   NO:LINE@OFFSET+LENGTH CELLS FAULTS    a cell is -(absent) _(null) =TEXT #VALUE !(bad), a fault record, extra, encoding(FIELD), type(FIELD)
 */
#ifndef PENSTOCK_TESTS_SUPPORT_JSON_SEEN_H
#define PENSTOCK_TESTS_SUPPORT_JSON_SEEN_H

#include <stdio.h>
#include <stdlib.h>

#include "connectors/json/reader.h"
#include "connectors/json/source.h"

/* Ends the program, in a unit test and under a fuzzer alike. */
#define CHECK(condition)                                                                                  \
	do {                                                                                               \
		if (!(condition)) {                                                                        \
			fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition);       \
			abort();                                                                           \
		}                                                                                          \
	} while (0)

enum { JSON_SEEN_MAX = 1024 };

struct json_case {
	const char *path;
	struct json_options options; /* but for its path */
	const struct schema *schema;
	const struct option_map *labels;
	struct limits limits;
	size_t capacity; /* rows of a batch */
	bool recoded;    /* positions are of the text that the file's bytes become */
};

struct json_seen {
	char *records[JSON_SEEN_MAX];
	size_t count;
	struct position positions[JSON_SEEN_MAX]; /* of the batches */
	size_t before[JSON_SEEN_MAX];             /* records in it and before it */
	bool replayed[JSON_SEEN_MAX];
	size_t batches;
};

/* The line of a row, without its place; malloc'd. *fault: the first fault that is not of a row before it, moves on. */
char *json_seen_row(const struct batch *batch, uint32_t row, size_t *fault);

/* A file in memory; path (of at least 64 bytes) names it while the descriptor that is returned is open. */
int json_memory_file(const char *data, size_t size, char *path);

/* Reads everything, from a position where from is not NULL, and checks what must hold of any batch. seen is filled, to be freed. 0, or -1 and error. */
int json_drain(const struct json_case *how, const struct position *from, bool replay, struct json_seen *seen, struct error *error);
void json_seen_fini(struct json_seen *seen);

/* The options into a source that is not open. */
void json_bind(void *self, const struct json_case *how);

/* Reads again from every position of whole, with and without replay: the same records. */
void json_check_resume(const struct json_case *how, const struct json_seen *whole);

#endif

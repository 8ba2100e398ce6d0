/* avro_made.h - small Avro files written by hand in a test, and what a source reads from them as lines of text.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_TESTS_SUPPORT_AVRO_MADE_H
#define PENSTOCK_TESTS_SUPPORT_AVRO_MADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connectors/avro/promise.h"
#include "connectors/avro/source.h"

/* A file that is being made: without a codec, the sync marker "0123456789abcdef". */
struct avro_made {
	char data[64 * 1024];
	size_t length;
};

/* Header with avro.schema and, where it is not NULL, one entry more. */
void avro_made_begin(struct avro_made *made, const char *schema, const char *key, const char *value);
void avro_made_block(struct avro_made *made, uint64_t records, const char *data, size_t length);
void avro_made_write(const struct avro_made *made, const char *path);

/* A folder for the files of a test, empty; removed with all in it. */
void avro_folder_make(char path[64]);
void avro_folder_remove(const char *path);

/* $PENSTOCK_SUITES/NAME, else ../shared/suites/NAME beside the source; false where it is not there. */
bool avro_suite(const char *name, char *folder, size_t size);

struct avro_case {
	struct avro_options options;
	struct source_context context;
	struct limits limits;
	size_t capacity; /* rows of a batch */
};
/* With the default options and limits, batches of 100 rows. */
void avro_case_init(struct avro_case *how, const char *path, const struct schema *schema);

/* An open source in *self, freed by avro_case_close; or -1 and error, with nothing to free. */
int avro_case_open(const struct avro_case *how, void **self, struct error *error);
void avro_case_close(void *self);

/* All records as lines "1@64: a|b|<null>|<bad>", and the position after each batch. */
struct avro_seen {
	char *text;
	size_t length, room;
	uint64_t rows, bytes, faults;
	bool last;
	struct position positions[512];
	uint64_t rows_at[512]; /* before each position */
	size_t batches;
	size_t replayed; /* rows of replayed batches, not in text */
};

/* Reads until the end or an error; from a position where from is not NULL. Checks what must hold of every batch. */
int avro_drain(const struct avro_case *how, const struct position *from, bool replay, struct avro_seen *seen, struct error *error);
void avro_seen_fini(struct avro_seen *seen);

#endif

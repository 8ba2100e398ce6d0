/* fingerprint.h - what a set of rows is, in 128 bits, whatever their order and wherever they are stored.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The fingerprint of a table is the sum modulo 2^128 of a 128-bit hash (XXH3) of each row's canonical bytes. A row is its fields in
 * order; a field is its index (4 bytes), then for null the byte 0, else the byte 1, the length of the value (4 bytes) and
 * the value; integers are little-endian:
 *
 *   integer, boolean, year, date (days), time (microseconds), datetime (microseconds, UTC)   8 bytes
 *   number     8 bytes of its IEEE 754 double       decimal   its digits without zeros at the end of the fraction: "12.5", "-3", "0"
 *   string, yearmonth, duration, uuid, object, array, any    the bytes of its canonical text       binary   its bytes
 *
 * The fingerprint of a column is the same sum over the bytes of that one field of each row, without its index, so that a column is the
 * same wherever it stands. So two tables that hold the same rows have the same fingerprints, in CSV, Avro or a database.
 * It finds accidents, not forgery: SHA-256 of the file stands beside it.
 */
#ifndef PENSTOCK_CORE_FINGERPRINT_H
#define PENSTOCK_CORE_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/batch.h"
#include "engine/core/buffer.h"
#include "engine/core/error.h"

enum { FINGERPRINT_HEX_SIZE = 33 };

struct fingerprint {
	uint64_t low, high;
};

struct fingerprints {
	uint64_t rows;
	struct fingerprint total;
	struct fingerprint *columns; /* count, in order of the schema's fields */
	size_t count;
};

/* Empty sums for count columns. 0, or -1 and error when out of memory. */
int fingerprints_init(struct fingerprints *prints, size_t count, struct error *error) MUST_CHECK;
void fingerprints_fini(struct fingerprints *prints);
void fingerprints_clear(struct fingerprints *prints);

/* Adds every row of the batch that is ROW_LIVE; their cells are CELL_VALUE or CELL_NULL. work is scratch that is kept between
 * calls. rows (may be NULL): the hash of each row, batch->rows of them, those of other rows left alone. */
int fingerprints_add_batch(struct fingerprints *prints, const struct batch *batch, struct buffer *work,
	struct fingerprint *rows, struct error *error) MUST_CHECK;

void fingerprints_add(struct fingerprints *sum, const struct fingerprints *more); /* of as many columns */
bool fingerprints_equal(const struct fingerprints *left, const struct fingerprints *right); /* rows, total and columns */

bool fingerprint_equal(const struct fingerprint *left, const struct fingerprint *right);

/* Hash of the canonical bytes of a key (fields of the batch's columns) in one row; for matching rows of two tables. */
int fingerprint_of_key(const struct batch *batch, const size_t *columns, size_t count, uint32_t row, struct buffer *work,
	struct fingerprint *out, struct error *error) MUST_CHECK;

/* 32 lower-case digits, the highest first. parse is false where text is none. */
void fingerprint_format(const struct fingerprint *print, char out[FINGERPRINT_HEX_SIZE]);
bool fingerprint_parse(const char *text, struct fingerprint *out);

#endif

/* text.h - rows as text: what CSV and JSON have in common, and where their bytes go.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the rooms of file sinks; includes none of them. Rows are ROW_LIVE, their cells CELL_VALUE or CELL_NULL. Whatever takes
 * the bytes buffers them, so that a row is never held in memory a second time, however large.
 */
#ifndef PENSTOCK_FILE_TEXT_H
#define PENSTOCK_FILE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/batch.h"

/* Takes bytes: 0, or -1 and error. */
struct text_to {
	int (*write)(void *self, const char *data, size_t length, struct error *error);
	void *self;
};

static inline int text_put(const struct text_to *to, const char *data, size_t length, struct error *error)
{
	return to->write(to->self, data, length, error);
}

/* A way to write rows as text. style is its own. Each returns 0, or -1 and the error of `to`. */
struct text_format {
	const char *name; /* "CSV" */
	int (*head)(const void *style, const struct schema *schema, const struct text_to *to, struct error *error);
	/* before: rows that were written before this one. */
	int (*row)(const void *style, const struct batch *batch, uint32_t row, uint64_t before, const struct text_to *to,
		struct error *error);
	int (*tail)(const void *style, uint64_t rows, const struct text_to *to, struct error *error);
};

/* What stands for a value of a field that is sensitive where answers are masked. */
#define TEXT_MASK "***"

/* Appends bytes in base64 (RFC 4648, section 4, with padding). */
int text_put_base64(const char *data, size_t length, const struct text_to *to, struct error *error) MUST_CHECK;

#endif

/* rows.h - the body of an ingest request into the batches of its tables.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   {"departments": [row, ...], "jobs": [row, ...]}     or, where the path names the table,     [row, ...]
 *
 * A row is an object by the names of the fields, or an array in their order. What is wrong with one row is a reject of that row.
 */
#ifndef PENSTOCK_HTTP_ROWS_H
#define PENSTOCK_HTTP_ROWS_H

#include "engine/core/ingest.h"

enum { ROWS_DETAIL_MAX = 256 };

/* Working memory for one request at a time. */
struct rows;

/* steps and cancel are borrowed. NULL and error. */
struct rows *rows_new(const struct ingest_steps *steps, struct cancel *cancel, struct error *error) MUST_CHECK;
void rows_free(struct rows *rows);
/* Forgets the request; keeps the memory of an ordinary one. */
void rows_clear(struct rows *rows);

/* With every cell judged, once rows_read was fine. */
struct ingest_form *rows_form(struct rows *rows);

/* Reads the body; step is SIZE_MAX where it names the tables. 0; the status of a body that is refused as a whole (400 no JSON, 422 none of
 * what is expected) with detail for a person, in ASCII; or -1 and error. */
int rows_read(struct rows *rows, const char *body, size_t length, size_t step, char detail[ROWS_DETAIL_MAX], struct error *error)
	MUST_CHECK;

#endif

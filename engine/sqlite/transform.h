/* transform.h - a SELECT over the records of a batch, which SQLite runs in this process: the transform of a step.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   SELECT id, upper(name) AS name, ... FROM batch WHERE ...
 *
 * `batch` has the columns of the source, the result has the fields of the table, by their names. The statement is one scan, record by record
 * (simple.h), and its functions give the same for the same values whenever they are called (functions.h). A record whose values SQLite cannot
 * work with is a record-error of that record alone.
 *
 *   into SQL     a text that is not judged yet: as it is; integer, year, boolean: INTEGER; number: REAL; binary: BLOB; all else of a source with
 *                types: TEXT, exact (decimals, ISO 8601, UTC); a missing cell or null: NULL
 *   out of SQL   NULL: null; TEXT: as if it stood in the source, but one that SQL only handed on, or that a date function made, is taken for what
 *                it is; INTEGER, REAL, BLOB: for fields that can hold the value exactly, else a type-error
 */
#ifndef PENSTOCK_SQLITE_TRANSFORM_H
#define PENSTOCK_SQLITE_TRANSFORM_H

#include "engine/core/option.h"
#include "engine/core/schema.h"
#include "engine/core/transform.h"

/* What plan_step.transform points to. Borrowed parts live as long as the plan. */
struct transform_program {
	struct option_statement statement;
	const struct schema *source; /* the columns of batch */
	const struct schema *table;  /* the fields that the result must have */
};

/* Whether it can run; reads nothing. ERROR_CONFIG without a place, ERROR_RESOURCE. */
int transform_check(const struct transform_program *program, struct error *error) MUST_CHECK;

/* Its type fits plan_step.transform_new; program is a struct transform_program. NULL and error. */
struct transform *transform_open(const void *program, const struct transform_context *context, struct error *error) MUST_CHECK;

#endif

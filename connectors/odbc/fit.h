/* fit.h - does a value fit the real column it goes to? Asked of every value before it is sent.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What does not fit would be refused by a strict database, and rounded or cut in silence by others.
 */
#ifndef PENSTOCK_ODBC_FIT_H
#define PENSTOCK_ODBC_FIT_H

#include "connectors/odbc/catalog.h"
#include "engine/core/batch.h"

enum { FIT_TEXT_MAX = 512 };

enum fit_check {
	FIT_ALWAYS = 0,    /* every value of the type fits: nothing to ask */
	FIT_INTEGER_RANGE, /* minimum..maximum */
	FIT_DOUBLE_DIGITS, /* exact in digits and scale of a decimal column */
	FIT_DOUBLE_SINGLE, /* exact in single precision */
	FIT_DECIMAL,       /* digits and scale */
	FIT_DECIMAL_RANGE, /* whole numbers, minimum..maximum */
	FIT_DECIMAL_SIGNIFICANT, /* significant digits of a binary floating point column */
	FIT_FRACTION,      /* fractional digits of a time */
	FIT_CHARACTERS,
	FIT_BYTES,
};

/* One field on its way into one column. */
struct fit {
	const struct field *field;
	const struct catalog_column *column;
	const struct rule *rule; /* TABLE.FIELD.column; may be NULL where fit is only asked for its note */
	enum fit_check check;
	bool not_null;
	bool kept;                /* fit_kept.h has something to ask */
	int64_t minimum, maximum; /* FIT_INTEGER_RANGE, FIT_DECIMAL_RANGE */
	int precision, scale;     /* digits kept */
	int64_t step;             /* FIT_FRACTION: microseconds that the column can tell apart */
	uint64_t length;
};

/* Both outlive fit. The column accepts the field (dialect->accepts). */
void fit_init(struct fit *fit, const struct field *field, const struct catalog_column *column,
	const struct dialect *dialect);

/* True where the value (or null) of a row fits; else why holds what a person reads behind the value. */
bool fit_row(const struct fit *fit, const struct batch *batch, size_t field, uint32_t row, char why[FIT_TEXT_MAX]);

/* Judges all live rows, column by column: each misfit becomes a violation. Returns 0 or -1. */
int fit_batch(const struct fit *fits, struct batch *batch, struct error *error) MUST_CHECK;

/* For `penstock plan`: what may be refused or changed on the way, or an empty text. */
void fit_note(const struct fit *fit, char note[FIT_TEXT_MAX]);

#endif

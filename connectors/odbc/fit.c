/* fit.c - does a value fit the real column it goes to?
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/fit.h"
#include "connectors/odbc/fit_kept.h"
#include "engine/core/utf8.h"

/* Integers and decimal digits that a binary floating point number keeps exactly (IEEE 754). */
enum { DOUBLE_BITS = 53, SINGLE_BITS = 24, DOUBLE_DIGITS = 15, SINGLE_DIGITS = 6 };

enum { MICROS_DIGITS = 6, DECIMAL_TEXT_MAX = 400 };

static void range(struct fit *fit, int64_t minimum, int64_t maximum)
{
	fit->check = FIT_INTEGER_RANGE;
	fit->minimum = minimum;
	fit->maximum = maximum;
}

static void fit_integer(struct fit *fit)
{
	const struct catalog_column *column = fit->column;
	int digits = column->precision - column->scale, bits = column->bits == 32 ? SINGLE_BITS : DOUBLE_BITS;

	if (column->ranged)
		range(fit, column->minimum, column->maximum);
	else if ((column->kind == KIND_INTEGER || column->kind == KIND_BOOLEAN) && column->bits && column->bits < 64)
		range(fit, -((int64_t)1 << (column->bits - 1)), ((int64_t)1 << (column->bits - 1)) - 1);
	else if (column->kind == KIND_REAL)
		range(fit, -((int64_t)1 << bits), (int64_t)1 << bits);
	else if (column->kind == KIND_DECIMAL && column->precision >= 0 && digits <= 18)
		range(fit, -(int64_t)(value_power_of_ten((unsigned)(digits > 0 ? digits : 0)) - 1),
			(int64_t)(value_power_of_ten((unsigned)(digits > 0 ? digits : 0)) - 1));
}

static void fit_double(struct fit *fit)
{
	const struct catalog_column *column = fit->column;

	if (column->kind == KIND_REAL && column->bits == 32) {
		fit->check = FIT_DOUBLE_SINGLE;
	} else if (column->kind == KIND_DECIMAL && column->precision >= 0) {
		fit->check = FIT_DOUBLE_DIGITS;
		fit->precision = column->precision;
		fit->scale = column->scale;
	}
}

static void fit_decimal(struct fit *fit, const struct dialect *dialect)
{
	const struct catalog_column *column = fit->column;

	fit->precision = column->precision;
	fit->scale = column->scale;
	switch (column->makes_numbers ? KIND_DECIMAL : column->kind) {
	case KIND_DECIMAL:
		/* A binary floating point number lies behind such a column, whatever it declares. */
		if (dialect->decimal_digits && (column->precision < 0 || column->precision > dialect->decimal_digits)) {
			if (fit->field->precision > dialect->decimal_digits) {
				fit->check = FIT_DECIMAL_SIGNIFICANT;
				fit->precision = dialect->decimal_digits;
			}
			return;
		}
		if (column->precision >= 0 && (fit->field->scale > column->scale ||
						      fit->field->precision - fit->field->scale > column->precision - column->scale))
			fit->check = FIT_DECIMAL;
		return;
	case KIND_REAL:
		fit->precision = column->bits == 32 ? SINGLE_DIGITS : DOUBLE_DIGITS;
		if (fit->field->precision > fit->precision)
			fit->check = FIT_DECIMAL_SIGNIFICANT;
		return;
	case KIND_INTEGER:
		range(fit, INT64_MIN, INT64_MAX);
		if (column->ranged)
			range(fit, column->minimum, column->maximum);
		else if (column->bits < 64)
			range(fit, -((int64_t)1 << (column->bits - 1)), ((int64_t)1 << (column->bits - 1)) - 1);
		fit->check = FIT_DECIMAL_RANGE;
		return;
	case KIND_TEXT:
		if (column->length)
			fit->check = FIT_CHARACTERS;
		return;
	default:
		return;
	}
}

static void fit_fraction(struct fit *fit)
{
	int digits = fit->column->precision;

	if (fit->column->kind == KIND_TEXT) {
		if (fit->length)
			fit->check = FIT_CHARACTERS;
	} else if (digits >= 0 && digits < MICROS_DIGITS) {
		fit->check = FIT_FRACTION;
		fit->step = (int64_t)value_power_of_ten((unsigned)(MICROS_DIGITS - digits));
	}
}

void fit_init(struct fit *fit, const struct field *field, const struct catalog_column *column,
	const struct dialect *dialect)
{
	*fit = (struct fit){ .field = field, .column = column, .not_null = column->not_null, .length = column->length,
			      .kept = fit_kept_asks(field, column) };
	switch (field->type) {
	case VALUE_INTEGER:
	case VALUE_YEAR:
		fit_integer(fit);
		return;
	case VALUE_DOUBLE:
		fit_double(fit);
		return;
	case VALUE_DECIMAL:
		fit_decimal(fit, dialect);
		return;
	case VALUE_TIME:
	case VALUE_DATETIME:
		fit_fraction(fit);
		return;
	case VALUE_BOOLEAN:
		return;
	case VALUE_BINARY:
		if (column->length)
			fit->check = FIT_BYTES;
		return;
	default:
		if (column->length && column->kind == KIND_TEXT)
			fit->check = column->counts_bytes ? FIT_BYTES : FIT_CHARACTERS;
		return;
	}
}

static bool digits_fit(decimal_t value, int from_scale, int precision, int scale)
{
	if (value < 0)
		value = -value;
	for (; from_scale > scale; from_scale--) {
		if (value % 10)
			return false;
		value /= 10;
	}
	/* Digits before the point are what the wider scale takes away from the precision. */
	if (precision - (scale - from_scale) > DECIMAL_PRECISION_MAX)
		return true;
	if (precision < scale - from_scale)
		return value == 0;
	return value < value_power_of_ten((unsigned)(precision - (scale - from_scale)));
}

static int significant_digits(decimal_t value)
{
	int digits = 0;

	if (value < 0)
		value = -value;
	while (value && value % 10 == 0)
		value /= 10;
	for (; value; value /= 10)
		digits++;
	return digits;
}

static bool double_fits(const struct fit *fit, double value)
{
	char text[DECIMAL_TEXT_MAX];
	double bound = pow(10, fit->precision - fit->scale);

	if (!(value < bound && value > -bound))
		return false;
	snprintf(text, sizeof text, "%.*f", fit->scale > 0 ? fit->scale : 0, value);
	return strtod(text, NULL) == value;
}

static bool single_fits(double value)
{
	char text[32];

	/* Six digits come back as they were; more only where the number is one that single precision has. */
	snprintf(text, sizeof text, "%.*g", SINGLE_DIGITS, value);
	return ((double)(float)value == value && isfinite((float)value)) ||
		(strtod(text, NULL) == value && fabs(value) < 1e37 && (value == 0 || fabs(value) > 1e-37));
}

static bool value_fits(const struct fit *fit, const struct batch *batch, size_t field, uint32_t row, char *why)
{
	const struct column *column = &batch->columns[field];
	const char *declared = fit->column->declared;
	char typed[VALUE_TEXT_MAX];
	struct text text;
	size_t count;

	if (fit->kept && !fit_kept(fit, batch, field, row, why))
		return false;
	switch (fit->check) {
	case FIT_ALWAYS:
		return true;
	case FIT_INTEGER_RANGE:
		if (column->integers[row] >= fit->minimum && column->integers[row] <= fit->maximum)
			return true;
		snprintf(why, FIT_TEXT_MAX, "is beyond %" PRId64 " to %" PRId64 ", which the column takes (%s)", fit->minimum,
			fit->maximum, declared);
		return false;
	case FIT_DOUBLE_DIGITS:
		if (double_fits(fit, column->doubles[row]))
			return true;
		snprintf(why, FIT_TEXT_MAX, "does not fit the column without being rounded (%s)", declared);
		return false;
	case FIT_DOUBLE_SINGLE:
		if (single_fits(column->doubles[row]))
			return true;
		snprintf(why, FIT_TEXT_MAX, "has more digits than the column keeps (%s)", declared);
		return false;
	case FIT_DECIMAL:
		if (digits_fit(column->decimals[row], fit->field->scale, fit->precision, fit->scale))
			return true;
		snprintf(why, FIT_TEXT_MAX, "has more digits than the column takes (%s)", declared);
		return false;
	case FIT_DECIMAL_RANGE:
		if (column->decimals[row] >= fit->minimum && column->decimals[row] <= fit->maximum)
			return true;
		snprintf(why, FIT_TEXT_MAX, "is beyond %" PRId64 " to %" PRId64 ", which the column takes (%s)", fit->minimum,
			fit->maximum, declared);
		return false;
	case FIT_DECIMAL_SIGNIFICANT:
		count = (size_t)significant_digits(column->decimals[row]);
		if (count <= (size_t)fit->precision)
			return true;
		snprintf(why, FIT_TEXT_MAX, "has %zu digits, the column keeps %d exactly (%s)", count, fit->precision, declared);
		return false;
	case FIT_FRACTION:
		if (column->integers[row] % fit->step == 0)
			return true;
		snprintf(why, FIT_TEXT_MAX, "has more fractional digits than the %d the column keeps (%s)", fit->column->precision,
			declared);
		return false;
	case FIT_CHARACTERS:
		text = batch_cell_text(batch, field, row, typed);
		/* A character has at least one byte. */
		if (text.length <= fit->length || (count = utf8_count(text.data, text.length)) <= fit->length)
			return true;
		snprintf(why, FIT_TEXT_MAX, "has %zu characters, the column takes %" PRIu64 " (%s)", count, fit->length, declared);
		return false;
	case FIT_BYTES:
		count = fit->column->kind == KIND_TEXT ? batch_cell_text(batch, field, row, typed).length : column->spans[row].length;
		if (count <= fit->length)
			return true;
		snprintf(why, FIT_TEXT_MAX, "has %zu bytes, the column takes %" PRIu64 " (%s)", count, fit->length, declared);
		return false;
	}
	return true;
}

bool fit_row(const struct fit *fit, const struct batch *batch, size_t field, uint32_t row, char why[FIT_TEXT_MAX])
{
	if (batch->columns[field].cells[row] == CELL_VALUE)
		return value_fits(fit, batch, field, row, why);
	if (!fit->not_null)
		return true;
	snprintf(why, FIT_TEXT_MAX, "is null, and the column takes no nulls (%s)", fit->column->declared);
	return false;
}

/* Whether all rows fit, rejected ones too: asked of whole columns first, since that is what they nearly always do. */
static bool column_fits(const struct fit *fit, const struct column *column, size_t rows)
{
	bool all = true;

	if (fit->check != FIT_ALWAYS && fit->check != FIT_INTEGER_RANGE)
		return false;
	for (size_t row = 0; row < rows; row++)
		all &= column->cells[row] == CELL_VALUE;
	for (size_t row = 0; all && fit->check == FIT_INTEGER_RANGE && row < rows; row++)
		all = column->integers[row] >= fit->minimum && column->integers[row] <= fit->maximum;
	return all;
}

int fit_batch(const struct fit *fits, struct batch *batch, struct error *error)
{
	char why[FIT_TEXT_MAX];
	size_t before = batch->violation_count;

	for (size_t field = 0; field < batch->schema->field_count; field++) {
		const struct fit *fit = &fits[field];

		if (!fit->kept && ((fit->check == FIT_ALWAYS && !fit->not_null) || column_fits(fit, &batch->columns[field], batch->rows)))
			continue;
		for (uint32_t row = 0; row < batch->rows; row++)
			if (batch->status[row] == ROW_LIVE && !fit_row(fit, batch, field, row, why) &&
			    batch_violation(batch, row, fit->rule, why, error))
				return -1;
	}
	/* A row that a column refused first is no longer live for the columns behind it; ask them, so that every misfit is listed. */
	for (size_t i = before, found = batch->violation_count; i < found; i++) {
		uint32_t row = batch->violations[i].row;

		for (size_t field = batch->violations[i].rule->field + 1; field < batch->schema->field_count; field++)
			if (!fit_row(&fits[field], batch, field, row, why) &&
			    batch_violation(batch, row, fits[field].rule, why, error))
				return -1;
	}
	return 0;
}

void fit_note(const struct fit *fit, char note[FIT_TEXT_MAX])
{
	const char *null = fit->not_null && !fit->field->required ? "nulls are refused; " : "";

	switch (fit->check) {
	case FIT_ALWAYS:
		snprintf(note, FIT_TEXT_MAX, "%s", null);
		break;
	case FIT_INTEGER_RANGE:
	case FIT_DECIMAL_RANGE:
		snprintf(note, FIT_TEXT_MAX, "%svalues beyond %" PRId64 " to %" PRId64 " are refused", null, fit->minimum, fit->maximum);
		break;
	case FIT_DOUBLE_DIGITS:
	case FIT_DECIMAL:
		snprintf(note, FIT_TEXT_MAX, "%svalues with more than %d digits, or %d behind the point, are refused", null,
			fit->precision, fit->scale);
		break;
	case FIT_DOUBLE_SINGLE:
		snprintf(note, FIT_TEXT_MAX, "%svalues that single precision does not keep are refused", null);
		break;
	case FIT_DECIMAL_SIGNIFICANT:
		snprintf(note, FIT_TEXT_MAX, "%svalues with more than %d significant digits are refused", null, fit->precision);
		break;
	case FIT_FRACTION:
		snprintf(note, FIT_TEXT_MAX, "%svalues with more than %d fractional digits are refused", null, fit->column->precision);
		break;
	case FIT_CHARACTERS:
	case FIT_BYTES:
		snprintf(note, FIT_TEXT_MAX, "%svalues of more than %" PRIu64 " %s are refused", null, fit->length,
			fit->check == FIT_BYTES ? "bytes" : "characters");
		break;
	}
	if (fit->check == FIT_ALWAYS && note[0])
		note[strlen(note) - 2] = '\0';
	if (fit->column->padded)
		snprintf(note + strlen(note), FIT_TEXT_MAX - strlen(note), "%sthe column pads with spaces", note[0] ? "; " : "");
}

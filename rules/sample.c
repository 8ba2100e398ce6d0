/* sample.c - making values.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/sample_pattern.h"

enum { LENGTH_MAX = 4 << 20 };

void sample_fini(struct sample *sample)
{
	free(sample->text);
	*sample = (struct sample){.kind = SAMPLE_NULL};
}

bool sample_text(struct sample *out, enum sample_kind kind, const char *text, size_t length)
{
	*out = (struct sample){.kind = kind, .text = malloc(length + 1), .length = length};
	if (!out->text)
		return false;
	memcpy(out->text, text, length);
	out->text[length] = '\0';
	return true;
}

bool sample_copy(const struct sample *from, struct sample *to)
{
	*to = *from;
	return !from->text || sample_text(to, from->kind, from->text, from->length);
}

bool sample_constant(struct sample *out, enum value_type type, const struct constant *constant)
{
	*out = (struct sample){.kind = SAMPLE_VALUE};
	switch (value_storage(type)) {
	case STORAGE_INTEGER:
		out->integer = constant->integer;
		return true;
	case STORAGE_DOUBLE:
		out->number = constant->number;
		return true;
	case STORAGE_DECIMAL:
		out->decimal = constant->decimal;
		return true;
	case STORAGE_SPAN:
		break;
	}
	return sample_text(out, SAMPLE_VALUE, constant->bytes.data, constant->bytes.length);
}

int sample_put(const struct sample *sample, struct batch *batch, size_t column, uint32_t row, struct error *error)
{
	struct column *to = &batch->columns[column];

	to->cells[row] = sample->kind == SAMPLE_VALUE ? CELL_VALUE :
		sample->kind == SAMPLE_TEXT	      ? CELL_TEXT :
		sample->kind == SAMPLE_NULL	      ? CELL_NULL :
							CELL_ABSENT;
	if (sample->kind == SAMPLE_TEXT)
		return batch_store(batch, sample->text, sample->length, &to->texts[row], error);
	if (sample->kind != SAMPLE_VALUE)
		return 0;
	switch (value_storage(to->field->type)) {
	case STORAGE_INTEGER:
		to->integers[row] = sample->integer;
		break;
	case STORAGE_DOUBLE:
		to->doubles[row] = sample->number;
		break;
	case STORAGE_DECIMAL:
		to->decimals[row] = sample->decimal;
		break;
	case STORAGE_SPAN:
		return batch_store(batch, sample->text, sample->length, &to->spans[row], error);
	}
	return 0;
}

const char *sample_show(const struct sample *sample, const struct field *field, char out[96])
{
	char text[VALUE_TEXT_MAX];

	text[0] = '\0';
	if (sample->kind == SAMPLE_NULL)
		return strcpy(out, "null");
	if (sample->kind == SAMPLE_ABSENT)
		return strcpy(out, "a record without this cell");
	if (sample->text) {
		snprintf(out, 96, sample->length > 40 ? "\"%.40s...\" (%zu bytes)" : "\"%.40s\"", sample->text, sample->length);
		return out;
	}
	switch (field->type) {
	case VALUE_DOUBLE:
		value_format_double(sample->number, text);
		break;
	case VALUE_DECIMAL:
		value_format_decimal(sample->decimal, field->scale, text);
		break;
	case VALUE_DATE:
		value_format_date(sample->integer, text);
		break;
	case VALUE_TIME:
		value_format_time(sample->integer, text);
		break;
	case VALUE_DATETIME:
		value_format_datetime(sample->integer, text);
		break;
	case VALUE_BOOLEAN:
		strcpy(text, sample->integer ? "true" : "false");
		break;
	default:
		value_format_integer(sample->integer, text);
		break;
	}
	snprintf(out, 96, "%s", text);
	return out;
}

/* --- numbers and times ---------------------------------------------------------------------------- */

static const int64_t DAY_US = 86400000000;

/* The values that a type can have at all, and where good ones begin without a bound. */
static void natural_range(enum value_type type, int64_t *low, int64_t *high, int64_t *usual, int64_t *unit)
{
	int64_t first = 0, last = 0, day = 0;

	value_days_from_civil(1, 1, 1, &first);
	value_days_from_civil(9999, 12, 31, &last);
	value_days_from_civil(2021, 1, 1, &day);
	*unit = 1;
	switch (type) {
	case VALUE_BOOLEAN:
		*low = 0, *high = 1, *usual = 0;
		break;
	case VALUE_DATE:
		*low = first, *high = last, *usual = day;
		break;
	case VALUE_TIME:
		*low = 0, *high = DAY_US - 1, *usual = DAY_US / 24, *unit = 1000000;
		break;
	case VALUE_DATETIME:
		*low = first * DAY_US, *high = (last + 1) * DAY_US - 1, *usual = day * DAY_US, *unit = 1000000;
		break;
	case VALUE_YEAR:
		*low = 1, *high = 9999, *usual = 2000;
		break;
	default:
		*low = INT64_MIN, *high = INT64_MAX, *usual = 1;
		break;
	}
}

static bool good_integer(const struct field *field, const struct field_rules *rules, unsigned k, struct sample *out)
{
	int64_t low, high, usual, unit;
	const struct constant *bounds = rules->bounds;

	natural_range(field->type, &low, &high, &usual, &unit);
	if (rules->has_bound[BOUND_MINIMUM] && bounds[BOUND_MINIMUM].integer > low)
		low = bounds[BOUND_MINIMUM].integer;
	if (rules->has_bound[BOUND_EXCLUSIVE_MINIMUM] && bounds[BOUND_EXCLUSIVE_MINIMUM].integer >= low && bounds[BOUND_EXCLUSIVE_MINIMUM].integer < high)
		low = bounds[BOUND_EXCLUSIVE_MINIMUM].integer + 1;
	if (rules->has_bound[BOUND_MAXIMUM] && bounds[BOUND_MAXIMUM].integer < high)
		high = bounds[BOUND_MAXIMUM].integer;
	if (rules->has_bound[BOUND_EXCLUSIVE_MAXIMUM] && bounds[BOUND_EXCLUSIVE_MAXIMUM].integer <= high && bounds[BOUND_EXCLUSIVE_MAXIMUM].integer > low)
		high = bounds[BOUND_EXCLUSIVE_MAXIMUM].integer - 1;
	if (low > high)
		return false;
	if (usual < low)
		usual = low;
	if (usual > high)
		usual = high > low && (uint64_t)high - (uint64_t)low > 1000 ? high - 1000 : low;
	if ((uint64_t)high - (uint64_t)usual < (uint64_t)k * (uint64_t)unit)
		unit = 1;
	out->integer = (uint64_t)high - (uint64_t)usual >= (uint64_t)k * (uint64_t)unit ? usual + (int64_t)k * unit :
											   low + (int64_t)(k % ((uint64_t)high - (uint64_t)low + 1));
	return true;
}

static bool good_double(const struct field_rules *rules, unsigned k, struct sample *out)
{
	double low = -HUGE_VAL, high = HUGE_VAL;
	const struct constant *bounds = rules->bounds;

	if (rules->has_bound[BOUND_MINIMUM])
		low = bounds[BOUND_MINIMUM].number;
	if (rules->has_bound[BOUND_EXCLUSIVE_MINIMUM])
		low = fmax(low, nextafter(bounds[BOUND_EXCLUSIVE_MINIMUM].number, HUGE_VAL));
	if (rules->has_bound[BOUND_MAXIMUM])
		high = bounds[BOUND_MAXIMUM].number;
	if (rules->has_bound[BOUND_EXCLUSIVE_MAXIMUM])
		high = fmin(high, nextafter(bounds[BOUND_EXCLUSIVE_MAXIMUM].number, -HUGE_VAL));
	if (low > high)
		return false;
	out->number = isfinite(low) ? low + k : isfinite(high) ? high - 10 + k : 1.5 + k;
	if (out->number > high)
		out->number = low + (high - low) * ((k % 97) + 1) / 98;
	return true;
}

static bool good_decimal(const struct field *field, const struct field_rules *rules, unsigned k, struct sample *out)
{
	decimal_t high = value_power_of_ten(field->precision) - 1, low = -high;
	const struct constant *bounds = rules->bounds;

	if (rules->has_bound[BOUND_MINIMUM] && bounds[BOUND_MINIMUM].decimal > low)
		low = bounds[BOUND_MINIMUM].decimal;
	if (rules->has_bound[BOUND_EXCLUSIVE_MINIMUM] && bounds[BOUND_EXCLUSIVE_MINIMUM].decimal >= low)
		low = bounds[BOUND_EXCLUSIVE_MINIMUM].decimal + 1;
	if (rules->has_bound[BOUND_MAXIMUM] && bounds[BOUND_MAXIMUM].decimal < high)
		high = bounds[BOUND_MAXIMUM].decimal;
	if (rules->has_bound[BOUND_EXCLUSIVE_MAXIMUM] && bounds[BOUND_EXCLUSIVE_MAXIMUM].decimal <= high)
		high = bounds[BOUND_EXCLUSIVE_MAXIMUM].decimal - 1;
	if (low > high)
		return false;
	decimal_t usual = low > 1 ? low : high < 1 ? (high - low > 1000 ? high - 1000 : low) : 1;
	out->decimal = usual + (decimal_t)k <= high ? usual + (decimal_t)k : low + (decimal_t)(k % (unsigned)(high - low + 1 > 1000 ? 1000 : high - low + 1));
	return true;
}

bool sample_beside(const struct field *field, const struct constant *bound, int steps, struct sample *out)
{
	int64_t low, high, usual, unit;

	*out = (struct sample){.kind = SAMPLE_VALUE};
	switch (value_storage(field->type)) {
	case STORAGE_INTEGER:
		natural_range(field->type, &low, &high, &usual, &unit);
		if (steps < 0 ? bound->integer < low - steps : bound->integer > high - steps)
			return false;
		out->integer = bound->integer + steps;
		return true;
	case STORAGE_DOUBLE:
		out->number = bound->number;
		for (; steps < 0; steps++)
			out->number = nextafter(out->number, -HUGE_VAL);
		for (; steps > 0; steps--)
			out->number = nextafter(out->number, HUGE_VAL);
		return isfinite(out->number);
	case STORAGE_DECIMAL:
		out->decimal = bound->decimal + steps;
		return out->decimal < value_power_of_ten(field->precision) && out->decimal > -value_power_of_ten(field->precision);
	case STORAGE_SPAN:
		break;
	}
	if (field->type == VALUE_YEARMONTH && bound->bytes.length == 7) {
		char text[16];
		int month = atoi(bound->bytes.data) * 12 + atoi(bound->bytes.data + 5) - 1 + steps;

		snprintf(text, sizeof text, "%04d-%02d", month / 12, month % 12 + 1);
		return month >= 12 && month < 120000 && sample_text(out, SAMPLE_VALUE, text, 7);
	}
	if (field->type == VALUE_DURATION) {
		const char *text = steps < 0 ? "-P9999Y" : "P9999Y";

		return steps == 0 ? sample_text(out, SAMPLE_VALUE, bound->bytes.data, bound->bytes.length) : sample_text(out, SAMPLE_VALUE, text, strlen(text));
	}
	return false;
}

/* --- texts ---------------------------------------------------------------------------------------- */

/* Text of a kind, filled up in its middle. */
static bool fill(struct sample *out, const char *before, unsigned k, const char *behind, uint64_t length)
{
	char number[16];
	size_t count = (size_t)snprintf(number, sizeof number, "%u", k), fixed = strlen(before) + strlen(behind);

	if (length > LENGTH_MAX || (length < fixed + (fixed ? 1 : 0)))
		return false;
	out->kind = SAMPLE_VALUE;
	out->length = (size_t)length;
	out->text = malloc(out->length + 1);
	if (!out->text)
		return false;
	memset(out->text, 'x', out->length);
	out->text[out->length] = '\0';
	memcpy(out->text, before, strlen(before));
	memcpy(out->text + out->length - strlen(behind), behind, strlen(behind));
	size_t room = out->length - fixed, shown = count < room ? count : room;
	memcpy(out->text + out->length - strlen(behind) - shown, number + count - shown, shown);
	return true;
}

/* An object or an array of so many members. */
static bool fill_json(struct sample *out, bool object, unsigned k, uint64_t length)
{
	size_t size = (size_t)(length < 10000 ? length : 10000) * 24 + 8, at = 0;

	if (length > 10000 || !(out->text = malloc(size)))
		return false;
	out->kind = SAMPLE_VALUE;
	out->text[at++] = object ? '{' : '[';
	for (unsigned i = 0; i < length; i++)
		at += object ? (size_t)snprintf(out->text + at, size - at, "%s\"k%05u\":%u", i ? "," : "", i, k) :
			       (size_t)snprintf(out->text + at, size - at, "%s%u", i ? "," : "", k);
	out->text[at++] = object ? '}' : ']';
	out->text[at] = '\0';
	out->length = at;
	return true;
}

bool sample_length(const struct field *field, const struct field_rules *rules, unsigned k, uint64_t length, struct sample *out)
{
	*out = (struct sample){.kind = SAMPLE_VALUE};
	if (field->type == VALUE_JSON)
		return fill_json(out, rules->json != JSON_ARRAY, k, length);
	if (field->type == VALUE_STRING && rules->pattern && sample_pattern(rules, k, length, out))
		return true;
	if (field->type == VALUE_STRING && rules->string_format == STRING_EMAIL)
		return fill(out, "", k, "@example.org", length);
	if (field->type == VALUE_STRING && rules->string_format == STRING_URI)
		return fill(out, "http://example.org/", k, "", length);
	return (field->type == VALUE_STRING || field->type == VALUE_BINARY) && fill(out, "", k, "", length);
}

static bool good_span(const struct field *field, const struct field_rules *rules, unsigned k, struct sample *out)
{
	char text[64];
	uint64_t length = field->type == VALUE_STRING ? (rules->string_format == STRING_ANY ? 3 : 24) : field->type == VALUE_BINARY ? 3 : 1;

	switch (field->type) {
	case VALUE_UUID:
		snprintf(text, sizeof text, "00000000-0000-4000-8000-%012x", k);
		return sample_text(out, SAMPLE_VALUE, text, strlen(text));
	case VALUE_YEARMONTH:
		for (int kind = 0; kind < BOUNDS; kind++)
			if (rules->has_bound[kind])
				return sample_beside(field, &rules->bounds[kind],
					(kind == BOUND_MINIMUM || kind == BOUND_EXCLUSIVE_MINIMUM ? 1 : -1) * (int)(k + 1), out);
		snprintf(text, sizeof text, "%04u-%02u", 2001 + k / 12, k % 12 + 1);
		return sample_text(out, SAMPLE_VALUE, text, strlen(text));
	case VALUE_DURATION:
		for (int kind = 0; kind < BOUNDS; kind++)
			if (rules->has_bound[kind] && (kind == BOUND_MINIMUM || kind == BOUND_MAXIMUM))
				return sample_beside(field, &rules->bounds[kind], 0, out);
		snprintf(text, sizeof text, "P%uD", k + 1);
		return sample_text(out, SAMPLE_VALUE, text, strlen(text));
	default:
		break;
	}
	if (field->type == VALUE_STRING && rules->pattern)
		return sample_pattern(rules, k, UINT64_MAX, out);
	if (field->type == VALUE_JSON && !rules->json && !rules->has_min_length && !rules->has_max_length) {
		snprintf(text, sizeof text, "%u", k);
		return sample_text(out, SAMPLE_VALUE, text, strlen(text));
	}
	if (rules->has_min_length && length < rules->min_length)
		length = rules->min_length;
	if (rules->has_max_length && length > rules->max_length)
		length = rules->max_length;
	return sample_length(field, rules, k, length, out);
}

bool sample_good(const struct field *field, const struct field_rules *rules, unsigned k, struct sample *out)
{
	*out = (struct sample){.kind = SAMPLE_VALUE};
	if (rules->enumeration_count > 0)
		return sample_constant(out, field->type, &rules->enumeration[k % rules->enumeration_count]);
	switch (value_storage(field->type)) {
	case STORAGE_INTEGER:
		return good_integer(field, rules, k, out);
	case STORAGE_DOUBLE:
		return good_double(rules, k, out);
	case STORAGE_DECIMAL:
		return good_decimal(field, rules, k, out);
	case STORAGE_SPAN:
		break;
	}
	return good_span(field, rules, k, out);
}

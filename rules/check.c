/* check.c - lengths, bounds, patterns and enumerations over a column.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/check.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/json_text.h"
#include "engine/core/utf8.h"
#include "rules/duration.h"

#define INLINED static inline __attribute__((always_inline))

/* One constraint over one column. */
struct sweep {
	struct batch *batch;
	const struct column *column;
	const uint32_t *rows;
	size_t count;
	const struct rule *rule;
	const struct field_rules *field;
	struct error *error;
};

static int violate(const struct sweep *sweep, uint32_t row, const char *detail)
{
	return batch_violation(sweep->batch, row, sweep->rule, detail, sweep->error);
}

int check_required(const struct rule *rule, struct batch *batch, size_t column, const uint32_t *rows, size_t count,
		   struct error *error)
{
	const uint8_t *cells = batch->columns[column].cells;
	if (batch->rows == 0 || !memchr(cells, CELL_NULL, batch->rows))
		return 0;
	for (size_t i = 0; i < count; i++)
		if (cells[rows[i]] == CELL_NULL && batch_violation(batch, rows[i], rule, NULL, error) < 0)
			return -1;
	return 0;
}

/* Loops over the values; keeps answers whether one of them keeps the constraint. */
INLINED int each_value(const struct sweep *sweep, const struct constant *constant,
		       bool (*keeps)(const struct sweep *, const struct constant *, uint32_t))
{
	for (size_t i = 0; i < sweep->count; i++) {
		uint32_t row = sweep->rows[i];
		if (sweep->column->cells[row] == CELL_VALUE && !keeps(sweep, constant, row) &&
		    violate(sweep, row, NULL) < 0)
			return -1;
	}
	return 0;
}

/* --- lengths ------------------------------------------------------------------------------------ */

static uint64_t length_of(const struct sweep *sweep, uint32_t row)
{
	struct span span = sweep->column->spans[row];
	if (sweep->column->field->type == VALUE_BINARY)
		return span.length;
	if (sweep->column->field->type == VALUE_JSON)
		return json_count(batch_bytes(sweep->batch, span), span.length);
	return utf8_count(batch_bytes(sweep->batch, span), span.length);
}

/* A character has one to four bytes, so that most values need no counting; an element of JSON has at least one. */
INLINED bool long_enough(const struct sweep *sweep, const struct constant *unused, uint32_t row)
{
	(void)unused;
	uint64_t least = sweep->field->min_length, bytes = sweep->column->spans[row].length;
	if (bytes < least)
		return false;
	return (bytes / 4 >= least && sweep->column->field->type != VALUE_JSON) || length_of(sweep, row) >= least;
}

INLINED bool short_enough(const struct sweep *sweep, const struct constant *unused, uint32_t row)
{
	(void)unused;
	uint64_t most = sweep->field->max_length;
	return sweep->column->spans[row].length <= most || length_of(sweep, row) <= most;
}

/* --- bounds ------------------------------------------------------------------------------------- */

INLINED bool keeps_bound(enum bound_kind kind, int order)
{
	switch (kind) {
	case BOUND_MINIMUM:
		return order >= 0;
	case BOUND_MAXIMUM:
		return order <= 0;
	case BOUND_EXCLUSIVE_MINIMUM:
		return order > 0;
	default:
		return order < 0;
	}
}

INLINED int order_of(const struct sweep *sweep, enum value_storage storage, const struct constant *bound, uint32_t row)
{
	const struct column *column = sweep->column;
	if (storage == STORAGE_INTEGER)
		return (column->integers[row] > bound->integer) - (column->integers[row] < bound->integer);
	if (storage == STORAGE_DOUBLE)
		return (column->doubles[row] > bound->number) - (column->doubles[row] < bound->number);
	if (storage == STORAGE_DECIMAL)
		return (column->decimals[row] > bound->decimal) - (column->decimals[row] < bound->decimal);
	/* Only yearmonth, whose texts have one length. */
	return memcmp(batch_bytes(sweep->batch, column->spans[row]), bound->bytes.data, bound->bytes.length);
}

INLINED int bound_loop(const struct sweep *sweep, enum bound_kind kind, enum value_storage storage,
		       const struct constant *bound)
{
	for (size_t i = 0; i < sweep->count; i++) {
		uint32_t row = sweep->rows[i];
		if (sweep->column->cells[row] == CELL_VALUE &&
		    !keeps_bound(kind, order_of(sweep, storage, bound, row)) && violate(sweep, row, NULL) < 0)
			return -1;
	}
	return 0;
}

/* A bound is kept where that does not depend on the month. */
static int check_duration(const struct sweep *sweep, enum bound_kind kind, const struct constant *bound)
{
	static const unsigned allowed[BOUNDS] = {[BOUND_MINIMUM] = DURATION_SAME | DURATION_MORE,
						 [BOUND_MAXIMUM] = DURATION_SAME | DURATION_LESS,
						 [BOUND_EXCLUSIVE_MINIMUM] = DURATION_MORE,
						 [BOUND_EXCLUSIVE_MAXIMUM] = DURATION_LESS};
	for (size_t i = 0; i < sweep->count; i++) {
		uint32_t row = sweep->rows[i];
		struct span span = sweep->column->spans[row];
		if (sweep->column->cells[row] != CELL_VALUE)
			continue;
		struct text value = {batch_bytes(sweep->batch, span), span.length};
		if ((duration_compare(value, bound->bytes) & ~allowed[kind]) && violate(sweep, row, NULL) < 0)
			return -1;
	}
	return 0;
}

static int check_bound(const struct sweep *sweep, enum bound_kind kind)
{
	const struct constant *bound = &sweep->field->bounds[kind];
	if (sweep->column->field->type == VALUE_DURATION)
		return check_duration(sweep, kind, bound);
	switch (value_storage(sweep->column->field->type)) {
	case STORAGE_INTEGER:
		return bound_loop(sweep, kind, STORAGE_INTEGER, bound);
	case STORAGE_DOUBLE:
		return bound_loop(sweep, kind, STORAGE_DOUBLE, bound);
	case STORAGE_DECIMAL:
		return bound_loop(sweep, kind, STORAGE_DECIMAL, bound);
	case STORAGE_SPAN:
		break;
	}
	return bound_loop(sweep, kind, STORAGE_SPAN, bound);
}

/* --- enumerations ------------------------------------------------------------------------------- */

int constant_compare(enum value_type type, const struct constant *left, const struct constant *right)
{
	switch (value_storage(type)) {
	case STORAGE_INTEGER:
		return (left->integer > right->integer) - (left->integer < right->integer);
	case STORAGE_DOUBLE:
		return (left->number > right->number) - (left->number < right->number);
	case STORAGE_DECIMAL:
		return (left->decimal > right->decimal) - (left->decimal < right->decimal);
	case STORAGE_SPAN:
		break;
	}
	size_t a = left->bytes.length, b = right->bytes.length, common = a < b ? a : b;
	int order = common > 0 ? memcmp(left->bytes.data, right->bytes.data, common) : 0;
	return order != 0 ? order : (a > b) - (a < b);
}

static struct constant value_of(const struct sweep *sweep, uint32_t row)
{
	struct constant value = {.written = NULL};
	switch (value_storage(sweep->column->field->type)) {
	case STORAGE_INTEGER:
		value.integer = sweep->column->integers[row];
		break;
	case STORAGE_DOUBLE:
		value.number = sweep->column->doubles[row];
		break;
	case STORAGE_DECIMAL:
		value.decimal = sweep->column->decimals[row];
		break;
	case STORAGE_SPAN:
		value.bytes = (struct text){batch_bytes(sweep->batch, sweep->column->spans[row]),
					    sweep->column->spans[row].length};
		break;
	}
	return value;
}

INLINED bool is_listed(const struct sweep *sweep, const struct constant *list, uint32_t row)
{
	const struct constant value = value_of(sweep, row);
	enum value_type type = sweep->column->field->type;
	size_t low = 0, high = sweep->field->enumeration_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = constant_compare(type, &list[middle], &value);
		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* --- patterns ----------------------------------------------------------------------------------- */

static int check_pattern(const struct sweep *sweep, struct matcher *matcher)
{
	for (size_t i = 0; i < sweep->count; i++) {
		uint32_t row = sweep->rows[i];
		if (sweep->column->cells[row] != CELL_VALUE)
			continue;
		struct span span = sweep->column->spans[row];
		enum pattern_result result =
			pattern_match(sweep->field->pattern, matcher,
				      span.length > 0 ? batch_bytes(sweep->batch, span) : "", span.length);
		if (result == PATTERN_DIFFERS && violate(sweep, row, NULL) < 0)
			return -1;
		if (result == PATTERN_GIVES_UP &&
		    violate(sweep, row,
			    "takes too many steps to hold against the pattern; a simpler pattern may help") < 0)
			return -1;
	}
	return 0;
}

int check_column(const struct field_rules *rules, const struct field_rule_set *set, struct matcher *matcher,
		 struct batch *batch, size_t column, const uint32_t *rows, size_t count, struct error *error)
{
	struct sweep sweep = {.batch = batch,
			      .column = &batch->columns[column],
			      .rows = rows,
			      .count = count,
			      .field = rules,
			      .error = error};
	if ((sweep.rule = set->rules[RULE_MIN_LENGTH]) && each_value(&sweep, NULL, long_enough) < 0)
		return -1;
	if ((sweep.rule = set->rules[RULE_MAX_LENGTH]) && each_value(&sweep, NULL, short_enough) < 0)
		return -1;
	for (int kind = 0; kind < BOUNDS; kind++)
		if ((sweep.rule = set->rules[RULE_MINIMUM + kind]) && check_bound(&sweep, (enum bound_kind)kind) < 0)
			return -1;
	if ((sweep.rule = set->rules[RULE_PATTERN]) && check_pattern(&sweep, matcher) < 0)
		return -1;
	if ((sweep.rule = set->rules[RULE_ENUM]) && each_value(&sweep, rules->enumeration, is_listed) < 0)
		return -1;
	return 0;
}

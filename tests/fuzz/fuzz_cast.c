/* fuzz_cast.c - any text as a cell of any type: a value within its bounds, or a violation; and a value's own text is
 * that value. SPDX-License-Identifier: Apache-2.0
 *
 * The first byte chooses a field, the lines of the rest are cells. sh tests/support/fuzz.sh cast searches with
 * libFuzzer.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/config/document.h"
#include "engine/core/utf8.h"
#include "rules/dictionary.h"
#include "rules/program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) ((condition) ? (void)0 : (fprintf(stderr, "%d: %s\n", __LINE__, #condition), abort()))

enum { ROWS = 64 };

/* The field that is searched, and the one of the same type that is spelled as penstock prints values. */
static const char *const fields[][2] = {
	{"type: integer", "type: integer"},
	{"type: integer, bareNumber: false, groupChar: ','", "type: integer"},
	{"type: number", "type: number"},
	{"type: number, decimalChar: ',', groupChar: '.', bareNumber: false", "type: number"},
	{"type: number, groupChar: '\xC2\xA0'", "type: number"},
	{"type: number, precision: 5, scale: 2", "type: number, precision: 5, scale: 2"},
	{"type: number, precision: 38, scale: 19", "type: number, precision: 38, scale: 19"},
	{"type: number, precision: 38, scale: 38, bareNumber: false", "type: number, precision: 38, scale: 38"},
	{"type: boolean", "type: boolean"},
	{"type: date", "type: date"},
	{"type: date, format: '%d. %B %Y'", "type: date"},
	{"type: date, format: '%y%j'", "type: date"},
	{"type: time", "type: time"},
	{"type: time, format: '%I:%M:%S.%f %p'", "type: time"},
	{"type: datetime", "type: datetime"},
	{"type: datetime, timezone: Europe/Berlin", "type: datetime"},
	{"type: datetime, timezone: America/Sao_Paulo, format: '%Y-%m-%d %H:%M'", "type: datetime"},
	{"type: datetime, format: '%a, %d %b %Y %H:%M:%S %z'", "type: datetime"},
	{"type: year", "type: integer"},
	{"type: yearmonth", "type: yearmonth"},
	{"format: uuid", "format: uuid"},
	{"format: binary, constraints: { maxLength: 5 }", NULL},
	{"format: email, constraints: { maxLength: 20, minLength: 7 }", NULL},
	{"format: uri", NULL},
	{"constraints: { pattern: '(a|b)*c+[[:alpha:]]?', minLength: 2, enum: [abc, abd, acc] }, missingValues: [NA, "
	 "'']",
	 NULL},
	{"type: duration", "type: duration"},
	{"type: duration, constraints: { minimum: P1M, exclusiveMaximum: P400D }", NULL},
	{"type: object, constraints: { minLength: 2, maxLength: 3 }", NULL},
	{"type: array", "type: array"},
	{"type: any", "type: any"},
};

enum { FIELDS = sizeof fields / sizeof fields[0] };

struct tested {
	struct node *root;
	struct dictionary *dictionary;
	struct program *program;
	struct limits limits;
	struct rule_set rules;
	struct judge *judge;
	struct batch *batch;
};

/* Kept from input to input: reading dictionaries is not what is searched here. */
static struct tested tested[FIELDS][2];

static void prepare(struct tested *it, const char *field)
{
	char text[512];
	struct error error = ERROR_INIT;
	struct diagnostics diagnostics;
	snprintf(text, sizeof text, "resources: [{ name: t, schema: { fields: [{ name: x, %s }] } }]", field);
	it->root = document_parse_text("f", text, strlen(text), false, &error);
	diagnostics_init(&diagnostics);
	it->dictionary = dictionary_load(it->root, &diagnostics);
	CHECK(it->dictionary);
	it->program = program_compile(dictionary_at(it->dictionary, 0), &error);
	it->limits = (struct limits)LIMITS_DEFAULT;
	const struct schema *schema = table_schema(dictionary_at(it->dictionary, 0));
	rule_set_init(&it->rules, schema);
	it->judge =
		program_judge(it->program, &(struct judge_context){.limits = &it->limits, .rules = &it->rules}, &error);
	it->batch = batch_new(schema, ROWS, &it->limits, &error);
	CHECK(it->judge && it->batch && it->judge->ops->prepare(it->judge, NULL, &error) == 0);
	diagnostics_fini(&diagnostics);
}

static void add(struct batch *batch, const char *text, size_t length)
{
	struct error error = ERROR_INIT;
	uint32_t row = batch_add_row(batch);
	CHECK(batch_store(batch, text, length, &batch->columns[0].texts[row], &error) == 0);
	batch->columns[0].cells[row] = CELL_TEXT;
}

static void judge(struct tested *it)
{
	struct error error = ERROR_INIT;
	CHECK(it->judge->ops->cells(it->judge, it->batch, &error) == 0 &&
	      it->judge->ops->keys(it->judge, it->batch, false, &error) == 0);
}

static void check_value(const struct column *column, uint32_t row)
{
	const int64_t first = -719162, last = 2932896; /* 0001-01-01 and 9999-12-31, in days */
	const int64_t day = 86400000000;
	int64_t value = value_storage(column->field->type) == STORAGE_INTEGER ? column->integers[row] : 0;
	switch (column->field->type) {
	case VALUE_DOUBLE:
		CHECK(isfinite(column->doubles[row]) && (column->doubles[row] != 0 || !signbit(column->doubles[row])));
		break;
	case VALUE_DECIMAL:
		CHECK(column->decimals[row] < value_power_of_ten(column->field->precision));
		CHECK(-column->decimals[row] < value_power_of_ten(column->field->precision));
		break;
	case VALUE_BOOLEAN:
		CHECK(value == 0 || value == 1);
		break;
	case VALUE_DATE:
		CHECK(value >= first && value <= last);
		break;
	case VALUE_TIME:
		CHECK(value >= 0 && value < day);
		break;
	case VALUE_DATETIME:
		CHECK(value >= first * day && value < (last + 1) * day);
		break;
	case VALUE_YEAR:
		CHECK(value >= 1 && value <= 9999);
		break;
	default:
		break;
	}
}

static bool same(const struct batch *left, const struct batch *right, uint32_t row, uint32_t other)
{
	char a[VALUE_TEXT_MAX], b[VALUE_TEXT_MAX];
	struct text x = batch_cell_text(left, 0, row, a), y = batch_cell_text(right, 0, other, b);
	return x.length == y.length && memcmp(x.data, y.data, x.length) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	size_t field = data[0] % FIELDS;
	struct tested *it = tested[field], *plain = fields[field][1] ? &tested[field][1] : NULL;
	if (!it->judge)
		prepare(it, fields[field][0]);
	if (plain && !plain->judge)
		prepare(plain, fields[field][1]);
	batch_reset(it->batch);
	const char *at = (const char *)data + 1, *end = (const char *)data + size;
	while (at < end && it->batch->rows < ROWS) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((line ? line : end) - at), valid = 0;
		for (size_t step = 1; valid < length && step > 0 && at[valid]; valid += step)
			step = utf8_character(at + valid, length - valid);
		if (valid == length) /* sources give nothing else */
			add(it->batch, at, length);
		at = line ? line + 1 : end;
	}
	judge(it);
	if (plain)
		batch_reset(plain->batch);
	const struct column *column = &it->batch->columns[0];
	for (uint32_t row = 0; row < it->batch->rows; row++) {
		char text[VALUE_TEXT_MAX];
		CHECK(column->cells[row] == CELL_NULL || column->cells[row] == CELL_VALUE ||
		      column->cells[row] == CELL_BAD);
		CHECK(column->cells[row] != CELL_BAD || it->batch->status[row] == ROW_REJECTED);
		if (column->cells[row] != CELL_VALUE)
			continue;
		check_value(column, row);
		if (plain) {
			struct text value = batch_cell_text(it->batch, 0, row, text);
			add(plain->batch, value.data, value.length);
		}
	}
	if (!plain)
		return 0;
	judge(plain);
	uint32_t other = 0;
	for (uint32_t row = 0; row < it->batch->rows; row++)
		if (column->cells[row] == CELL_VALUE) {
			CHECK(plain->batch->columns[0].cells[other] == CELL_VALUE);
			CHECK(same(it->batch, plain->batch, row, other));
			other++;
		}
	return 0;
}

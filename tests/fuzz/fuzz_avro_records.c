/* fuzz_avro_records.c - any schema, any bytes, any table: rows whose cells are values of their types, faults, or damage; never more.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first byte is how many records are claimed, the next four choose the types of the table's fields, then come a schema up to the end
 * of its line and the bytes of a block. sh tests/support/fuzz.sh avro_records searches with libFuzzer.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/avro/decode.h"
#include "engine/core/json_text.h"
#include "engine/core/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) ((condition) ? (void)0 : (fprintf(stderr, "%d: %s\n", __LINE__, #condition), abort()))

enum { HEAD = 5, ROWS = 64, FIELDS_MAX = 64 };

static struct schema *table_for(const struct avro_schema *file, const uint8_t *choices)
{
	struct error error = ERROR_INIT;
	struct schema *schema = schema_new("t", &error);
	CHECK(schema);
	for (size_t i = 0; i < file->field_count; i++) {
		struct field *field = schema_add_field(schema, avro_field_label(&file->fields[i]), (enum value_type)(1 + choices[i % 4] % VALUE_JSON), &error);
		CHECK(field);
		if (field->type == VALUE_DECIMAL) {
			field->precision = (uint8_t)(1 + choices[(i + 1) % 4] % DECIMAL_PRECISION_MAX);
			field->scale = (uint8_t)(choices[(i + 2) % 4] % (field->precision + 1));
		}
	}
	return schema;
}

static void check_integer(enum value_type type, int64_t value)
{
	const int64_t first = -719162, last = 2932896, day = 86400000000; /* 0001-01-01 and 9999-12-31, in days */
	CHECK(type != VALUE_BOOLEAN || value == 0 || value == 1);
	CHECK(type != VALUE_DATE || (value >= first && value <= last));
	CHECK(type != VALUE_TIME || (value >= 0 && value < day));
	CHECK(type != VALUE_DATETIME || (value >= first * day && value < (last + 1) * day));
	CHECK(type != VALUE_YEAR || (value >= 1 && value <= 9999));
}

static void check_value(const struct batch *batch, size_t c, uint32_t row)
{
	const struct column *column = &batch->columns[c];
	char out[VALUE_TEXT_MAX];
	struct text text;
	switch (value_storage(column->field->type)) {
	case STORAGE_INTEGER:
		check_integer(column->field->type, column->integers[row]);
		break;
	case STORAGE_DOUBLE:
		CHECK(isfinite(column->doubles[row]) && (column->doubles[row] != 0 || !signbit(column->doubles[row])));
		break;
	case STORAGE_DECIMAL:
		CHECK(column->decimals[row] < value_power_of_ten(column->field->precision));
		CHECK(-column->decimals[row] < value_power_of_ten(column->field->precision));
		break;
	case STORAGE_SPAN:
		text = batch_cell_text(batch, c, row, out);
		CHECK(column->spans[row].offset + text.length <= batch->arena.used);
		CHECK(column->field->type == VALUE_BINARY || utf8_find_bad(text.data, text.length, 0) == text.length);
		break;
	}
}

static void check_rows(const struct batch *batch)
{
	size_t fault = 0;
	for (uint32_t row = 0; row < batch->rows; row++) {
		bool faulty = false;
		for (; fault < batch->fault_count && batch->faults[fault].row == row; fault++)
			faulty = true;
		for (size_t c = 0; c < batch->schema->field_count; c++) {
			uint8_t cell = batch->columns[c].cells[row];
			CHECK(cell == CELL_VALUE || cell == CELL_NULL || faulty);
			CHECK(cell != CELL_TEXT);
			if (cell == CELL_VALUE)
				check_value(batch, c, row);
		}
	}
	CHECK(fault == batch->fault_count);
}

/* Every nested value is JSON, in the one form that it has. */
static void check_json(const struct batch *batch, const struct avro_schema *file)
{
	char out[VALUE_TEXT_MAX];
	struct error error = ERROR_INIT;
	struct buffer again;
	buffer_init(&again, 1 << 20);
	for (size_t c = 0; c < batch->schema->field_count; c++) {
		const struct avro_type *type = avro_bare(file->fields[c].type);
		if (batch->schema->fields[c].type != VALUE_JSON || !type || type->kind == KIND_STRING)
			continue;
		for (uint32_t row = 0; row < batch->rows; row++) {
			if (batch->columns[c].cells[row] != CELL_VALUE)
				continue;
			struct text text = batch_cell_text(batch, c, row, out);
			buffer_clear(&again);
			CHECK(json_canonical(text.data, text.length, &again, NULL, &error) == 1);
			CHECK(again.length == text.length && memcmp(again.data, text.data, text.length) == 0);
		}
	}
	buffer_fini(&again);
}

static void decode(const struct avro_schema *file, const struct schema *schema, uint8_t records, const char *bytes, size_t length)
{
	static const struct limits limits = { .field = 1024, .record = 4096, .columns = FIELDS_MAX, .keys = 1, .reject_spool = 1, .memory = 1 };
	static struct error error;
	struct match_request request = { .file = file, .schema = schema, .limits = &limits, .place = "f" };
	error_clear(&error);
	struct decoder *decoder = decoder_new(&request, &error);
	if (!decoder) {
		CHECK(error.kind == ERROR_CONFIG);
		return;
	}
	struct batch *batch = batch_new(schema, ROWS, &limits, &error);
	CHECK(batch);
	uint8_t count = (uint8_t)(1 + records % ROWS);
	if (decoder_begin(decoder, bytes, length, count, &error) == 0) {
		uint8_t done = 0;
		while (done < count && decoder_add(decoder, batch, &error) == 0)
			done++;
		CHECK(batch->rows == done);
		CHECK(done == count || error.kind == ERROR_SOURCE);
		check_rows(batch);
		check_json(batch, file);
		bool whole = done == count && decoder_end(decoder, &error) == 0;
		/* Passing over the same records ends where reading them did. */
		error_clear(&error);
		CHECK(decoder_begin(decoder, bytes, length, count, &error) == 0);
		for (uint8_t i = 0; i < done; i++)
			CHECK(decoder_skip(decoder, &error) == 0);
		CHECK(done < count || (decoder_end(decoder, &error) == 0) == whole);
	} else {
		CHECK(error.kind == ERROR_SOURCE);
	}
	batch_free(batch);
	decoder_free(decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct error error;
	const char *text = (const char *)data + HEAD, *line = size > HEAD ? memchr(text, '\n', size - HEAD) : NULL;
	if (!line)
		return 0;
	error_clear(&error);
	struct avro_schema *file = avro_schema_parse(text, (size_t)(line - text), "f", &error);
	if (!file) {
		CHECK(error.kind == ERROR_SOURCE);
		return 0;
	}
	if (file->field_count <= FIELDS_MAX) {
		struct schema *schema = table_for(file, data + 1);
		decode(file, schema, data[0], line + 1, size - (size_t)(line + 1 - (const char *)data));
		schema_free(schema);
	}
	avro_schema_close(file);
	return 0;
}

/* Bytes of Avro into cells: every pair of types, what does not fit, what is damaged. The bytes are written by hand after the
 * specification ("Binary Encoding"): a number n is 2n, or -2n-1 where it is negative, seven bits a byte.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/avro/decode.h"

/* A file type and a table of one field, or several. */
struct world {
	struct limits limits;
	struct avro_schema *file;
	struct schema *schema;
	struct match_request request;
	struct decoder *decoder;
	struct batch *batch;
};

static struct field *add_field(struct world *world, const char *name, enum value_type type)
{
	struct error error = ERROR_INIT;
	if (!world->schema)
		world->schema = schema_new("t", &error);
	assert_non_null(world->schema);
	struct field *field = schema_add_field(world->schema, name, type, &error);
	assert_non_null(field);
	if (type == VALUE_DECIMAL) {
		field->precision = 10;
		field->scale = 2;
	}
	return field;
}

static int begin(struct world *world, const char *json, struct error *error)
{
	if (world->limits.record == 0)
		world->limits = (struct limits)LIMITS_DEFAULT;
	world->file = avro_schema_parse(json, strlen(json), "f.avro", error);
	if (!world->file)
		fail_msg("%s: %s", json, error->message);
	world->request.file = world->file;
	world->request.schema = world->schema;
	world->request.limits = &world->limits;
	world->request.place = "f.avro";
	world->decoder = decoder_new(&world->request, error);
	if (!world->decoder)
		return -1;
	world->batch = batch_new(world->schema, 16, &world->limits, error);
	assert_non_null(world->batch);
	return 0;
}

static void end(struct world *world)
{
	batch_free(world->batch);
	decoder_free(world->decoder);
	avro_schema_close(world->file);
	schema_free(world->schema);
	*world = (struct world){ 0 };
}

/* "02 41 | 'text'" -> bytes: hexadecimal digits, and texts in quotes as they are. Of its exact size, so that a sanitizer sees a step
 * behind its end. */
static char *bytes_of(const char *hex, size_t *length)
{
	char room[4096];
	*length = 0;
	for (const char *at = hex; *at; at++) {
		unsigned value;
		if (*at == ' ' || *at == '|')
			continue;
		if (*at == '\'') {
			for (at++; *at != '\''; at++)
				room[(*length)++] = *at;
			continue;
		}
		assert_int_equal(sscanf(at, "%2x", &value), 1);
		room[(*length)++] = (char)value;
		at++;
	}
	char *exact = malloc(*length > 0 ? *length : 1);
	assert_non_null(exact);
	memcpy(exact, room, *length);
	return exact;
}

/* The cell as text: "null", "absent", "bad ..." with the first fault, or its value. */
static const char *cell_of(const struct batch *batch, size_t column, uint32_t row, char *out, size_t size)
{
	char text[VALUE_TEXT_MAX];
	const struct fault *fault = NULL;
	for (size_t i = 0; i < batch->fault_count && !fault; i++)
		if (batch->faults[i].row == row)
			fault = &batch->faults[i];
	const char *kind = !fault ? "" : fault->kind == FAULT_TYPE ? "type" : fault->kind == FAULT_ENCODING ? "encoding" : "record";
	struct text value = { "", 0 };
	switch (batch->columns[column].cells[row]) {
	case CELL_VALUE:
		value = batch_cell_text(batch, column, row, text);
		snprintf(out, size, "%.*s", (int)value.length, value.data);
		return out;
	case CELL_NULL:
		return "null";
	case CELL_BAD:
		assert_non_null(fault);
		assert_true(fault->field == column);
		break;
	default:
		if (!fault)
			return "absent";
	}
	value = (struct text){ batch_bytes(batch, fault->detail), fault->detail.length };
	snprintf(out, size, "bad %s: %.*s", kind, (int)value.length, value.data);
	return out;
}

/* One record. The cells, or "damaged: ...", or "refused: ..." where file and dictionary do not fit. */
static const char *decode_one(struct world *world, const char *json, const char *hex, char *out, size_t size)
{
	struct error error = ERROR_INIT;
	size_t length;
	char *bytes = bytes_of(hex, &length);
	if (begin(world, json, &error) < 0) {
		snprintf(out, size, "refused: %s", error.message);
		assert_int_equal(error.kind, ERROR_CONFIG);
		assert_string_equal(error.place, "f.avro");
	} else if (decoder_begin(world->decoder, bytes, length, 1, &error) < 0 || decoder_add(world->decoder, world->batch, &error) < 0 ||
		   decoder_end(world->decoder, &error) < 0) {
		snprintf(out, size, "damaged: %s", error.message);
		assert_int_equal(error.kind, ERROR_SOURCE);
		assert_string_equal(error.place, "");
	} else {
		size_t used = 0;
		assert_int_equal(world->batch->rows, 1);
		out[0] = '\0';
		for (size_t c = 0; c < world->schema->field_count; c++) {
			char cell[1024];
			used += (size_t)snprintf(out + used, size - used, "%s%s", c > 0 ? " | " : "",
				cell_of(world->batch, c, 0, cell, sizeof cell));
		}
		/* Passing over it ends at the same place. */
		assert_int_equal(decoder_begin(world->decoder, bytes, length, 1, &error), 0);
		assert_int_equal(decoder_skip(world->decoder, &error), 0);
		assert_int_equal(decoder_end(world->decoder, &error), 0);
	}
	free(bytes);
	return out;
}

struct case_of_one {
	const char *type; /* of the file's only field, JSON */
	enum value_type column;
	const char *bytes, *is;
};

static void check_cases(const struct case_of_one *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct world world = { 0 };
		char json[1024], out[4096];
		snprintf(json, sizeof json, "{\"type\": \"record\", \"name\": \"R\", \"fields\": [{\"name\": \"f\", \"type\": %s}]}", cases[i].type);
		add_field(&world, "f", cases[i].column);
		const char *is = decode_one(&world, json, cases[i].bytes, out, sizeof out);
		if (cases[i].is[0] == '~' ? !strstr(is, cases[i].is + 1) : strcmp(is, cases[i].is) != 0)
			fail_msg("%s as %s from %s: \"%s\" instead of \"%s\"", cases[i].type, value_type_name(cases[i].column), cases[i].bytes,
				is, cases[i].is);
		end(&world);
	}
}

#define CHECK_CASES(cases) check_cases(cases, sizeof(cases) / sizeof *(cases))

#define INT "\"int\""
#define LONG "\"long\""
#define FLOAT "\"float\""
#define DOUBLE "\"double\""
#define STRING "\"string\""
#define BYTES "\"bytes\""
#define BOOLEAN "\"boolean\""
#define LOGICAL(type, logical) "{\"type\": \"" type "\", \"logicalType\": \"" logical "\"}"
#define ENUM "{\"type\": \"enum\", \"name\": \"E\", \"symbols\": [\"RED\", \"BLUE\"]}"

static void test_scalars(void **state)
{
	(void)state;
	static const struct case_of_one cases[] = {
		{ BOOLEAN, VALUE_BOOLEAN, "00", "false" },
		{ BOOLEAN, VALUE_BOOLEAN, "01", "true" },
		{ BOOLEAN, VALUE_BOOLEAN, "02", "~damaged: field \"f\": a boolean is the byte 0x02" },
		{ BOOLEAN, VALUE_INTEGER, "01", "1" },
		{ BOOLEAN, VALUE_STRING, "01", "true" },
		{ INT, VALUE_INTEGER, "00", "0" },
		{ INT, VALUE_INTEGER, "01", "-1" },
		{ INT, VALUE_INTEGER, "80 01", "64" },
		{ INT, VALUE_INTEGER, "7f", "-64" },
		{ INT, VALUE_INTEGER, "fe ff ff ff 0f", "2147483647" },
		{ INT, VALUE_INTEGER, "80 80 80 80 10", "~damaged: field \"f\": the number 2147483648 is no int" },
		{ INT, VALUE_DOUBLE, "05", "-3" },
		{ INT, VALUE_DECIMAL, "05", "-3.00" },
		{ INT, VALUE_BOOLEAN, "02", "true" },
		{ INT, VALUE_BOOLEAN, "04", "bad type: \"2\"" },
		{ INT, VALUE_YEAR, "ca 1f", "2021" },
		{ INT, VALUE_YEAR, "00", "bad type: \"0\"" },
		{ INT, VALUE_STRING, "05", "-3" },
		{ LONG, VALUE_INTEGER, "fe ff ff ff ff ff ff ff ff 01", "9223372036854775807" },
		{ LONG, VALUE_INTEGER, "ff ff ff ff ff ff ff ff ff 01", "-9223372036854775808" },
		{ LONG, VALUE_INTEGER, "ff ff ff ff ff ff ff ff ff 02", "~a number has more than 64 bits" },
		{ LONG, VALUE_INTEGER, "80 80 80 80 80 80 80 80 80 80 01", "~a number has more than 64 bits" },
		{ LONG, VALUE_INTEGER, "80", "~does not fit" },
		/* 2^53 + 1 is no double */
		{ LONG, VALUE_DOUBLE, "80 80 80 80 80 80 80 20", "9007199254740992" },
		{ LONG, VALUE_DOUBLE, "82 80 80 80 80 80 80 20", "bad type: \"9007199254740993\"" },
		{ LONG, VALUE_DOUBLE, "fe ff ff ff ff ff ff ff ff 01", "bad type: \"9223372036854775807\"" },
		{ LONG, VALUE_DECIMAL, "fe ff ff ff ff ff ff ff ff 01", "bad type: \"9223372036854775807\"" },
		{ FLOAT, VALUE_DOUBLE, "00 00 80 3f", "1" },
		{ FLOAT, VALUE_DOUBLE, "00 00 c0 7f", "bad type: \"NaN\"" },
		{ FLOAT, VALUE_INTEGER, "00 00 20 c1", "-10" },
		{ DOUBLE, VALUE_DOUBLE, "00 00 00 00 00 00 f8 3f", "1.5" },
		{ DOUBLE, VALUE_DOUBLE, "00 00 00 00 00 00 00 80", "0" },
		{ DOUBLE, VALUE_DOUBLE, "00 00 00 00 00 00 f0 ff", "bad type: \"-INF\"" },
		{ DOUBLE, VALUE_INTEGER, "00 00 00 00 00 00 f8 3f", "bad type: \"1.5\"" },
		{ DOUBLE, VALUE_DECIMAL, "00 00 00 00 00 00 f8 3f", "1.50" },
		{ DOUBLE, VALUE_DOUBLE, "00 00 00 00 00 00 f8", "damaged: it claims 1 record in 7 bytes" },
		{ "[\"null\", \"double\"]", VALUE_DOUBLE, "02 00 00 00 00 00 00 f8", "~a double begins 7 bytes before the end of the block" },
		{ STRING, VALUE_STRING, "06 'abc'", "abc" },
		{ STRING, VALUE_STRING, "00", "" },
		{ STRING, VALUE_STRING, "08 f0 9f 98 80", "\xF0\x9F\x98\x80" },
		{ STRING, VALUE_STRING, "04 'a' 80", "bad encoding: no UTF-8: 0x80 at byte 1 of the value" },
		{ STRING, VALUE_STRING, "04 'a' 00", "bad encoding: a NUL at byte 1 of the value" },
		{ STRING, VALUE_STRING, "08 'abc'", "~a value of 4 bytes in a block that has 3 left" },
		{ STRING, VALUE_STRING, "01", "~a value of -1 bytes" },
		{ STRING, VALUE_STRING, "80 80 80 80 80 40", "~a value of 1099511627776 bytes in a block that has 0 left" },
		{ STRING, VALUE_INTEGER, "04 '42'", "42" },
		{ STRING, VALUE_INTEGER, "06 '4.2'", "bad type: \"4.2\"" },
		{ STRING, VALUE_INTEGER, "02 80", "bad encoding: no UTF-8: 0x80 at byte 0 of the value" },
		{ STRING, VALUE_DATE, "14 '2021-11-07'", "2021-11-07" },
		{ STRING, VALUE_DATETIME, "28 '2021-11-07T02:48:42Z'", "2021-11-07T02:48:42Z" },
		{ STRING, VALUE_DECIMAL, "08 '-1.5'", "-1.50" },
		{ STRING, VALUE_DECIMAL, "0a '1.555'", "bad type: \"1.555\"" },
		{ STRING, VALUE_BINARY, "04 'a' 80", "a\x80" },
		{ STRING, VALUE_YEAR, "08 '2021'", "2021" },
		{ STRING, VALUE_YEAR, "0a '20210'", "bad type: \"20210\"" },
		{ BYTES, VALUE_BINARY, "04 00 ff", "" }, /* begins with NUL */
		{ BYTES, VALUE_STRING, "04 'ab'", "ab" },
		{ BYTES, VALUE_STRING, "02 ff", "bad encoding: no UTF-8: 0xFF at byte 0 of the value" },
		{ ENUM, VALUE_STRING, "02", "BLUE" },
		{ ENUM, VALUE_STRING, "04", "~damaged: field \"f\": symbol 2 of a type that has 2" },
		{ ENUM, VALUE_STRING, "01", "~symbol -1" },
		{ "{\"type\": \"fixed\", \"name\": \"F\", \"size\": 3}", VALUE_BINARY, "'abc'", "abc" },
		{ "{\"type\": \"fixed\", \"name\": \"F\", \"size\": 3}", VALUE_BINARY, "'ab'", "~in 2 bytes" },
		{ "\"null\"", VALUE_DATE, "", "null" },
		{ INT, VALUE_INTEGER, "00 00", "~damaged: 1 byte is left behind its last record" },
		{ INT, VALUE_INTEGER, "", "~damaged: it claims 1 record in 0 bytes" },
		/* what can never be */
		{ BOOLEAN, VALUE_DATE, "00", "~refused: does not fit table t: its field \"f\" is boolean, which is never a date" },
		{ LONG, VALUE_DATETIME, "00", "~refused" },
		{ "{\"type\": \"array\", \"items\": \"int\"}", VALUE_INTEGER, "00", "~its field \"f\" is array of int, which is never a integer" },
	};
	CHECK_CASES(cases);
}

static void test_times(void **state)
{
	(void)state;
	static const struct case_of_one cases[] = {
		{ LOGICAL("int", "date"), VALUE_DATE, "00", "1970-01-01" },
		{ LOGICAL("int", "date"), VALUE_DATE, "01", "1969-12-31" },
		{ LOGICAL("int", "date"), VALUE_STRING, "01", "1969-12-31" },
		/* -719162 is 0001-01-01, 2932896 is 9999-12-31 */
		{ LOGICAL("int", "date"), VALUE_DATE, "f3 e4 57", "0001-01-01" },
		{ LOGICAL("int", "date"), VALUE_DATE, "f5 e4 57", "bad type: \"-719163\"" },
		{ LOGICAL("int", "date"), VALUE_DATE, "c0 82 e6 02", "9999-12-31" },
		{ LOGICAL("int", "date"), VALUE_DATE, "c2 82 e6 02", "bad type: \"2932897\"" },
		{ LOGICAL("int", "time-millis"), VALUE_TIME, "d2 09", "00:00:00.617000" },
		{ LOGICAL("int", "time-millis"), VALUE_TIME, "01", "bad type: \"-1\"" },
		/* 86399999 and 86400000 */
		{ LOGICAL("int", "time-millis"), VALUE_TIME, "fe ef b2 52", "23:59:59.999000" },
		{ LOGICAL("int", "time-millis"), VALUE_TIME, "80 f0 b2 52", "bad type: \"86400000\"" },
		{ LOGICAL("long", "time-micros"), VALUE_TIME, "02", "00:00:00.000001" },
		{ LOGICAL("long", "time-nanos"), VALUE_TIME, "d0 0f", "00:00:00.000001" },
		{ LOGICAL("long", "time-nanos"), VALUE_TIME, "d2 0f", "bad type: \"1001\"" },
		{ LOGICAL("long", "timestamp-millis"), VALUE_DATETIME, "02", "1970-01-01T00:00:00.001000Z" },
		{ LOGICAL("long", "timestamp-millis"), VALUE_DATETIME, "01", "1969-12-31T23:59:59.999000Z" },
		{ LOGICAL("long", "timestamp-millis"), VALUE_DATETIME, "fe ff ff ff ff ff ff ff ff 01", "bad type: \"9223372036854775807\"" },
		{ LOGICAL("long", "timestamp-micros"), VALUE_DATETIME, "01", "1969-12-31T23:59:59.999999Z" },
		/* 253402300800000000: 10000-01-01T00:00:00Z */
		{ LOGICAL("long", "timestamp-micros"), VALUE_DATETIME, "fe ff 9a c7 99 83 a2 84 07", "9999-12-31T23:59:59.999999Z" },
		{ LOGICAL("long", "timestamp-micros"), VALUE_DATETIME, "80 80 9b c7 99 83 a2 84 07", "bad type: \"253402300800000000\"" },
		{ LOGICAL("long", "timestamp-nanos"), VALUE_DATETIME, "cf 0f", "1969-12-31T23:59:59.999999Z" },
		{ LOGICAL("long", "timestamp-nanos"), VALUE_DATETIME, "02", "bad type: \"1\"" },
		{ LOGICAL("long", "local-timestamp-millis"), VALUE_DATETIME, "02", "1970-01-01T00:00:00.001000Z" },
		{ LOGICAL("long", "local-timestamp-micros"), VALUE_STRING, "02", "1970-01-01T00:00:00.000001Z" },
		{ LOGICAL("long", "local-timestamp-nanos"), VALUE_DATETIME, "d0 0f", "1970-01-01T00:00:00.000001Z" },
		{ LOGICAL("long", "timestamp-micros"), VALUE_INTEGER, "02", "~refused" },
	};
	CHECK_CASES(cases);
}

#define DECIMAL(digits, scale) "{\"type\": \"bytes\", \"logicalType\": \"decimal\", \"precision\": " digits ", \"scale\": " scale "}"

static void test_decimals(void **state)
{
	(void)state;
	static const struct case_of_one cases[] = { /* into 10 digits, 2 of them behind the point */
		{ DECIMAL("10", "2"), VALUE_DECIMAL, "02 00", "0.00" },
		{ DECIMAL("10", "2"), VALUE_DECIMAL, "02 ff", "-0.01" },
		{ DECIMAL("10", "2"), VALUE_DECIMAL, "04 00 80", "1.28" },
		{ DECIMAL("10", "2"), VALUE_DECIMAL, "02 80", "-1.28" },
		{ DECIMAL("10", "2"), VALUE_DECIMAL, "28 00000000000000000000000000000000 00 00 04 d2", "12.34" },
		{ DECIMAL("10", "2"), VALUE_DECIMAL, "28 ffffffffffffffffffffffffffffffff ff ff fb 2e", "-12.34" },
		{ DECIMAL("10", "2"), VALUE_DECIMAL, "00", "~bad type" },
		{ DECIMAL("10", "0"), VALUE_DECIMAL, "04 04 d2", "1234.00" },
		{ DECIMAL("10", "3"), VALUE_DECIMAL, "04 04 d2", "bad type: \"1.234\"" },
		{ DECIMAL("10", "3"), VALUE_DECIMAL, "04 04 ce", "1.23" },
		/* 9999999999 and 10000000000 */
		{ DECIMAL("11", "2"), VALUE_DECIMAL, "0a 02 54 0b e3 ff", "99999999.99" },
		{ DECIMAL("11", "2"), VALUE_DECIMAL, "0a 02 54 0b e4 00", "bad type: \"100000000.00\"" },
		{ DECIMAL("11", "0"), VALUE_DECIMAL, "08 05 f5 e0 ff", "99999999.00" },
		{ DECIMAL("11", "0"), VALUE_DECIMAL, "08 05 f5 e1 00", "bad type: \"100000000\"" },
		/* 10^40 at scale 40, in 17 bytes: 1 */
		{ DECIMAL("76", "40"), VALUE_DECIMAL, "22 1d 6329f1c35ca4bfabb9f56100 00000000", "1.00" },
		{ DECIMAL("76", "40"), VALUE_DECIMAL, "22 1d 6329f1c35ca4bfabb9f56100 00000001",
			"bad type: \"1.0000000000000000000000000000000000000001\"" },
		{ DECIMAL("10", "2"), VALUE_STRING, "02 85", "-1.23" },
		{ DECIMAL("10", "2"), VALUE_DOUBLE, "02 85", "-1.23" },
		{ DECIMAL("10", "2"), VALUE_INTEGER, "04 04 b0", "12" },
		{ DECIMAL("10", "2"), VALUE_INTEGER, "04 04 b1", "bad type: \"12.01\"" },
		{ DECIMAL("38", "0"), VALUE_INTEGER, "12 00 80 00 00 00 00 00 00 00", "bad type: \"9223372036854775808\"" },
		{ DECIMAL("10", "2"), VALUE_JSON, "02 85", "\"-1.23\"" },
		{ "{\"type\": \"fixed\", \"name\": \"F\", \"size\": 2, \"logicalType\": \"decimal\", \"precision\": 4, \"scale\": 2}",
			VALUE_DECIMAL, "ff 85", "-1.23" },
		{ DECIMAL("10", "2"), VALUE_BOOLEAN, "02 00", "~refused" },
	};
	CHECK_CASES(cases);
}

static void test_others(void **state)
{
	(void)state;
#define UUID16 "{\"type\": \"fixed\", \"name\": \"U\", \"size\": 16, \"logicalType\": \"uuid\"}"
#define DURATION "{\"type\": \"fixed\", \"name\": \"D\", \"size\": 12, \"logicalType\": \"duration\"}"
	static const struct case_of_one cases[] = {
		{ LOGICAL("string", "uuid"), VALUE_UUID, "48 '9F8AFD28-0D3A-4DF0-A28A-B84E8FFB5F25'", "9f8afd28-0d3a-4df0-a28a-b84e8ffb5f25" },
		{ LOGICAL("string", "uuid"), VALUE_UUID, "02 'x'", "bad type: \"x\"" },
		{ LOGICAL("string", "uuid"), VALUE_STRING, "02 'X'", "X" },
		{ UUID16, VALUE_UUID, "9f8afd280d3a4df0a28ab84e8ffb5f25", "9f8afd28-0d3a-4df0-a28a-b84e8ffb5f25" },
		{ UUID16, VALUE_STRING, "9f8afd280d3a4df0a28ab84e8ffb5f25", "9f8afd28-0d3a-4df0-a28a-b84e8ffb5f25" },
		{ DURATION, VALUE_DURATION, "0e000000 03000000 00000000", "P1Y2M3D" },
		{ DURATION, VALUE_DURATION, "00000000 00000000 00000000", "PT0S" },
		{ DURATION, VALUE_STRING, "00000000 00000000 a6893000", "PT53M0.966S" }, /* 3180966 ms */
		{ DURATION, VALUE_DURATION, "0c000000 00000000 c0eac900", "P1YT3H40M32.832S" }, /* 13232832 ms */
	};
	CHECK_CASES(cases);
}

static void test_unions(void **state)
{
	(void)state;
	static const struct case_of_one cases[] = {
		{ "[\"null\", \"int\"]", VALUE_INTEGER, "00", "null" },
		{ "[\"null\", \"int\"]", VALUE_INTEGER, "02 02", "1" },
		{ "[\"int\", \"null\"]", VALUE_INTEGER, "02", "null" },
		{ "[\"int\", \"null\"]", VALUE_INTEGER, "00 02", "1" },
		{ "[\"int\", \"null\"]", VALUE_INTEGER, "04 02", "~damaged: field \"f\": branch 2 of a type that has 2" },
		{ "[\"int\", \"null\"]", VALUE_INTEGER, "01 02", "~branch -1" },
		{ "[\"int\"]", VALUE_INTEGER, "00 02", "1" },
		{ "[\"null\"]", VALUE_INTEGER, "00", "null" },
		{ "[\"string\", \"int\", \"null\"]", VALUE_INTEGER, "02 05", "-3" },
		{ "[\"string\", \"int\", \"null\"]", VALUE_INTEGER, "00 04 '-3'", "-3" },
		{ "[\"string\", \"int\", \"null\"]", VALUE_INTEGER, "00 02 'x'", "bad type: \"x\"" },
		{ "[\"string\", \"int\", \"null\"]", VALUE_INTEGER, "04", "null" },
		{ "[\"boolean\", \"int\", \"null\"]", VALUE_YEAR, "00 01", "bad type: \"boolean\"" },
		{ "[\"string\", \"int\", \"boolean\"]", VALUE_STRING, "04 01", "true" },
		{ "[\"string\", \"int\", \"boolean\"]", VALUE_JSON, "00 02 'x'", "\"x\"" },
		{ "[\"string\", \"int\", \"boolean\"]", VALUE_JSON, "02 02", "1" },
		{ "[\"string\", {\"type\": \"array\", \"items\": \"int\"}]", VALUE_STRING, "02 04 02 04 00", "[1,2]" },
		{ "[\"string\", {\"type\": \"array\", \"items\": \"int\"}]", VALUE_INTEGER, "02 04 02 04 00", "bad type: \"array of int\"" },
		{ "[\"boolean\", \"bytes\", \"null\"]", VALUE_DATE, "04", "null" },
		{ "[\"boolean\", \"long\"]", VALUE_DATE, "00", "~refused" },
	};
	CHECK_CASES(cases);
}

static void test_nested(void **state)
{
	(void)state;
#define ARRAY(items) "{\"type\": \"array\", \"items\": " items "}"
#define MAP(values) "{\"type\": \"map\", \"values\": " values "}"
	static const struct case_of_one cases[] = {
		{ ARRAY("\"int\""), VALUE_JSON, "00", "[]" },
		{ ARRAY("\"int\""), VALUE_JSON, "04 02 04 02 06 00", "[1,2,3]" },
		{ ARRAY("\"int\""), VALUE_JSON, "03 04 02 04 00", "[1,2]" }, /* -2 items in 2 bytes */
		{ ARRAY("\"int\""), VALUE_STRING, "02 02 00", "[1]" },
		{ ARRAY("\"int\""), VALUE_JSON, "08 02 04 00", "~damaged: field \"f\": 4 items in a block that has 3 bytes left" },
		{ ARRAY("\"int\""), VALUE_JSON, "03 40 02 04 00", "~items of 32 bytes in a block that has 3 left" },
		{ ARRAY("\"int\""), VALUE_JSON, "ff ff ff ff ff ff ff ff ff 01 00 00", "~items of" },
		{ ARRAY("\"null\""), VALUE_JSON, "06 00", "[null,null,null]" },
		{ ARRAY("\"null\""), VALUE_JSON, "80 80 80 80 80 40 00", "~1099511627776 items" },
		{ ARRAY("{\"type\": \"record\", \"name\": \"E\", \"fields\": []}"), VALUE_JSON, "80 80 80 80 80 40 00", "~1099511627776 items" },
		{ ARRAY("[\"null\", \"string\"]"), VALUE_JSON, "04 00 02 04 'é' 00", "[null,\"é\"]" },
		{ ARRAY("\"string\""), VALUE_JSON, "02 0e '\"\\/' 0a 01 7f c3 00", "~bad encoding" },
		{ ARRAY("\"string\""), VALUE_JSON, "02 0c '\"\\/' 0a 01 7f 00", "[\"\\\"\\\\/\\n\\u0001\x7f\"]" },
		{ ARRAY("\"string\""), VALUE_JSON, "02 02 ff 00", "~bad encoding" },
		{ ARRAY("\"double\""), VALUE_JSON, "02 00 00 00 00 00 00 f8 3f 00", "[1.5]" },
		{ ARRAY("\"double\""), VALUE_JSON, "02 00 00 00 00 00 00 f8 7f 00", "bad type: \"NaN\"" },
		{ ARRAY("\"double\""), VALUE_JSON, "02 11 ea 2d 81 99 97 71 3d 00", "[0.000000000001]" }, /* 1e-12 */
		{ ARRAY("\"double\""), VALUE_JSON, "02 50 ef e2 d6 e4 1a 4b 44 00", "[1000000000000000000000]" }, /* 1e21 */
		{ ARRAY(LOGICAL("int", "date")), VALUE_JSON, "02 01 00", "[\"1969-12-31\"]" },
		{ ARRAY("\"bytes\""), VALUE_JSON, "08 00 02 'a' 04 'ab' 06 'abc' 00", "[\"\",\"YQ==\",\"YWI=\",\"YWJj\"]" },
		{ MAP("\"boolean\""), VALUE_JSON, "04 02 'b' 01 02 'a' 00 00", "{\"a\":false,\"b\":true}" },
		{ MAP("\"int\""), VALUE_JSON, "02 02 'b' 02 02 02 'a' 04 02 02 'b' 06 00", "bad type: \"an object with the key \"b\" twice\"" },
		{ MAP("\"int\""), VALUE_JSON, "06 04 'ab' 02 02 'a' 04 00 06 00", "{\"\":3,\"a\":2,\"ab\":1}" },
		{ MAP(MAP("\"int\"")), VALUE_JSON, "04 02 'y' 04 02 'd' 02 02 'c' 04 00 02 'x' 00 00", "{\"x\":{},\"y\":{\"c\":2,\"d\":1}}" },
		{ MAP("\"int\""), VALUE_JSON, "02 80", "~damaged" },
		{ "{\"type\": \"record\", \"name\": \"P\", \"fields\": [{\"name\": \"z\", \"type\": \"int\"}, {\"name\": \"a_b\", "
		  "\"penstock.name\": \"a b\", \"type\": [\"null\", \"P\"]}]}", VALUE_JSON, "02 02 04 00", "{\"a b\":{\"a b\":null,\"z\":2},\"z\":1}" },
		{ INT, VALUE_JSON, "02", "1" },
		{ ENUM, VALUE_JSON, "02", "\"BLUE\"" },
		{ LOGICAL("string", "uuid"), VALUE_JSON, "02 'x'", "\"x\"" },
		{ STRING, VALUE_JSON, "0e '{\"a\":1}'", "{\"a\":1}" },
	};
	CHECK_CASES(cases);
}

/* A list that goes on and on: 64 records in each other are read, 65 are not. */
static void test_depth(void **state)
{
	(void)state;
	static const char json[] = "{\"type\": \"record\", \"name\": \"R\", \"fields\": [{\"name\": \"f\", \"type\": {\"type\": \"record\", "
				   "\"name\": \"L\", \"fields\": [{\"name\": \"n\", \"type\": [\"null\", \"L\"]}]}}]}";
	for (int deep = 64; deep <= 65; deep++) {
		struct world world = { 0 };
		char hex[1024] = "", out[4096];
		for (int i = 1; i < deep; i++)
			strcat(hex, "02 ");
		strcat(hex, "00");
		add_field(&world, "f", VALUE_JSON);
		decode_one(&world, json, hex, out, sizeof out);
		if (deep == 64)
			assert_memory_equal(out, "{\"n\":{\"n\":", 10);
		else
			assert_string_equal(out, "damaged: field \"f\": a value is nested more than 64 deep");
		end(&world);
	}
}

/* Records of records of nothing: 2^40 values in one byte. */
static void test_nothing(void **state)
{
	(void)state;
	char json[8192], out[4096];
	int length = sprintf(json, "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"i\",\"type\":\"int\"},{\"name\":\"f\",\"type\":");
	for (int i = 0; i < 40; i++)
		length += sprintf(json + length, "{\"type\":\"record\",\"name\":\"R%d\",\"fields\":[{\"name\":\"a\",\"type\":", i);
	length += sprintf(json + length, "\"null\"");
	for (int i = 39; i >= 0; i--)
		length += i < 39 ? sprintf(json + length, "},{\"name\":\"b\",\"type\":\"R%d\"}]}", i + 1) : sprintf(json + length, "}]}");
	sprintf(json + length, "}]}");
	struct world world = { 0 };
	add_field(&world, "i", VALUE_INTEGER);
	add_field(&world, "f", VALUE_JSON);
	decode_one(&world, json, "02", out, sizeof out);
	assert_string_equal(out, "damaged: field \"f\": 1 values that take no bytes are too many for one block");
	end(&world);

	/* Records of no bytes. */
	struct error error = ERROR_INIT;
	add_field(&world, "value", VALUE_STRING);
	assert_int_equal(begin(&world, "\"null\"", &error), 0);
	assert_int_equal(decoder_begin(world.decoder, "", 0, 3, &error), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(decoder_add(world.decoder, world.batch, &error), 0);
	assert_int_equal(decoder_end(world.decoder, &error), 0);
	assert_int_equal(world.batch->rows, 3);
	assert_int_equal(decoder_begin(world.decoder, "", 0, (uint64_t)1 << 40, &error), -1);
	assert_string_equal(error.message, "it claims 1099511627776 records in 0 bytes");
	end(&world);
}

/* ---- several fields ---- */

#define TWO "{\"type\": \"record\", \"name\": \"R\", \"fields\": [{\"name\": \"a\", \"type\": \"int\", \"aliases\": [\"old\"]}, " \
	    "{\"name\": \"b_c\", \"penstock.name\": \"b c\", \"type\": \"string\"}]}"

static const char *decode_two(const char *const names[2], const struct option_map *labels, const struct option_list *ignore,
	bool required, char *out, size_t size)
{
	struct world world = { .request = { .labels = labels, .ignore = ignore } };
	for (int i = 0; i < 2 && names[i]; i++)
		add_field(&world, names[i], i == 0 ? VALUE_STRING : VALUE_INTEGER)->required = required;
	decode_one(&world, TWO, "02 02 'x'", out, size);
	end(&world);
	return out;
}

static void test_matching(void **state)
{
	(void)state;
	char out[4096];
	static const char *const one[] = { "b c", NULL };
	const char *names[2] = { "b c", "a" }; /* in another order */
	assert_string_equal(decode_two(names, NULL, NULL, false, out, sizeof out), "x | 1");
	names[0] = "b_c"; /* as the file spells it */
	names[1] = "old"; /* an alias */
	assert_string_equal(decode_two(names, NULL, NULL, false, out, sizeof out), "x | 1");

	const char *keys[] = { "text", "number" }, *values[] = { "b c", "a" };
	struct option_map labels = { keys, values, 2 };
	names[0] = "text";
	names[1] = "number";
	assert_string_equal(decode_two(names, &labels, NULL, false, out, sizeof out), "x | 1");
	keys[0] = "txt";
	assert_string_equal(decode_two(names, &labels, NULL, false, out, sizeof out),
		"refused: rules: columns: table t has no field \"txt\" (did you mean \"text\"?)");
	keys[0] = "text";
	values[0] = "a";
	assert_non_null(strstr(decode_two(names, &labels, NULL, false, out, sizeof out), "label \"a\" stands for two fields, text and number"));

	assert_string_equal(decode_two(one, NULL, NULL, false, out, sizeof out),
		"refused: does not fit table t: its field \"a\" is none of table t: name it in the source's ignore, or in rules: columns");
	const char *ignored[] = { "a", "zzz" };
	struct option_list ignore = { ignored, 2 };
	assert_string_equal(decode_two(one, NULL, &ignore, false, out, sizeof out), "x");

	names[0] = "b c";
	names[1] = "new";
	assert_string_equal(decode_two(names, NULL, &ignore, false, out, sizeof out), "x | null");
	assert_string_equal(decode_two(names, NULL, NULL, true, out, sizeof out),
		"refused: does not fit table t: its field \"a\" is none of table t: name it in the source's ignore, or in rules: columns; "
		"it has no field \"new\", which is required");
}

/* What is beyond a limit is a reject, and the record behind it is read. */
static void test_limits(void **state)
{
	(void)state;
	for (int way = 0; way < 3; way++) {
		struct world world = { .limits = LIMITS_DEFAULT };
		struct error error = ERROR_INIT;
		char cell[256];
		size_t length;
		world.limits.field = way == 0 ? 4 : 8;
		world.limits.record = way == 1 ? 9 : 1000;
		add_field(&world, "f", way == 2 ? VALUE_JSON : VALUE_STRING);
		add_field(&world, "g", VALUE_STRING);
		static const char *const types[] = { "\"string\"", "\"string\"", "{\"type\": \"array\", \"items\": \"boolean\"}" };
		static const char *const says[] = { "bad record: field f has 5 bytes, more than limits.field (4)",
			"bad record: a record of 12 bytes, more than limits.record (9)", "bad record: field f is as text longer than limits.field (8)" };
		char json[512];
		snprintf(json, sizeof json, "{\"type\": \"record\", \"name\": \"R\", \"fields\": [{\"name\": \"f\", \"type\": %s}, {\"name\": \"g\", "
			"\"type\": \"string\"}]}", types[way]);
		assert_int_equal(begin(&world, json, &error), 0);
		char *bytes = bytes_of(way == 2 ? "04 00 00 00 02 'g' | 00 02 'h'" : "0a 'abcde' 0a 'fghij' | 02 'x' 02 'y'", &length);
		assert_int_equal(decoder_begin(world.decoder, bytes, length, 2, &error), 0);
		assert_int_equal(decoder_add(world.decoder, world.batch, &error), 0);
		assert_int_equal(decoder_add(world.decoder, world.batch, &error), 0);
		assert_int_equal(decoder_end(world.decoder, &error), 0);
		assert_string_equal(cell_of(world.batch, 0, 0, cell, sizeof cell), says[way]);
		assert_int_equal(world.batch->columns[1].cells[0], CELL_ABSENT);
		assert_string_equal(cell_of(world.batch, 1, 1, cell, sizeof cell), way == 2 ? "h" : "y");
		assert_int_equal(world.batch->fault_count, 1);
		free(bytes);
		end(&world);
	}
}

/* Every way to cut a record short is damage, never a step behind the end. */
static void test_cut(void **state)
{
	(void)state;
	static const char json[] =
		"{\"type\": \"record\", \"name\": \"R\", \"fields\": [{\"name\": \"a\", \"type\": \"long\"}, {\"name\": \"b\", \"type\": [\"null\", "
		"\"string\"]}, {\"name\": \"c\", \"type\": \"double\"}, {\"name\": \"d\", \"type\": {\"type\": \"map\", \"values\": {\"type\": "
		"\"array\", \"items\": \"float\"}}}, {\"name\": \"e\", \"type\": {\"type\": \"bytes\", \"logicalType\": \"decimal\", "
		"\"precision\": 4}}]}";
	struct world world = { 0 };
	struct error error = ERROR_INIT;
	size_t length;
	char *bytes = bytes_of("80 02 | 02 06 'abc' | 0000000000000000 | 02 02 'k' 02 00000000 00 00 | 04 00 80", &length);
	add_field(&world, "a", VALUE_INTEGER);
	add_field(&world, "b", VALUE_STRING);
	add_field(&world, "c", VALUE_DOUBLE);
	add_field(&world, "d", VALUE_JSON);
	add_field(&world, "e", VALUE_DECIMAL);
	assert_int_equal(begin(&world, json, &error), 0);
	for (size_t cut = 0; cut <= length; cut++) {
		error_clear(&error);
		batch_reset(world.batch);
		char *exact = malloc(cut > 0 ? cut : 1);
		assert_non_null(exact);
		memcpy(exact, bytes, cut);
		int result = decoder_begin(world.decoder, exact, cut, 1, &error);
		if (result == 0)
			result = decoder_add(world.decoder, world.batch, &error);
		assert_int_equal(result, cut == length ? 0 : -1);
		assert_int_equal(world.batch->rows, cut == length);
		assert_int_equal(error.kind, cut == length ? ERROR_NONE : ERROR_SOURCE);
		if (cut == length)
			assert_int_equal(decoder_end(world.decoder, &error), 0);
		free(exact);
	}
	free(bytes);
	end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_decimals),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_unions),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_matching),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_cut),
	};
	return cmocka_run_group_tests_name("avro decode", tests, NULL, NULL);
}

/* Rows of PostgreSQL's binary COPY: each value is what its text is, whatever it is; what cannot be is an error and nothing worse.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The vectors are PostgreSQL's own: TYPE_send(value) in hexadecimal digits, and the same value as psql prints it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/binary_cell.h"
#include "engine/core/cell.h"
#include "tests/support/odbc_world.h"

enum { MOST = 1 << 20, ROUNDS = 20000, FUZZ_ROUNDS = 60000 };

static const struct vector {
	const char *field;
	unsigned oid;
	const char *sent, *text;
} vectors[] = {
	{ "i integer", 21, "0000", "0" },
	{ "i integer", 21, "8000", "-32768" },
	{ "i integer", 21, "7fff", "32767" },
	{ "i integer", 21, "ffff", "-1" },
	{ "i integer", 23, "00000000", "0" },
	{ "i integer", 23, "80000000", "-2147483648" },
	{ "i integer", 23, "7fffffff", "2147483647" },
	{ "i integer", 23, "00000001", "1" },
	{ "i integer", 20, "0000000000000000", "0" },
	{ "i integer", 20, "8000000000000000", "-9223372036854775808" },
	{ "i integer", 20, "7fffffffffffffff", "9223372036854775807" },
	{ "i integer", 20, "ffffffffffffffff", "-1" },
	{ "i integer", 20, "0000000100000000", "4294967296" },
	{ "y year", 23, "00000001", "1" },
	{ "y year", 23, "0000270f", "9999" },
	{ "y year", 23, "00000000", "0" },
	{ "y year", 23, "00002710", "10000" },
	{ "y year", 23, "fffffffb", "-5" },
	{ "y year", 23, "000007e5", "2021" },
	{ "y year", 21, "270f", "9999" },
	{ "y year", 21, "ffff", "-1" },
	{ "n decimal(5.2)", 20, "00000000000003e7", "999" },
	{ "n decimal(5.2)", 20, "00000000000003e8", "1000" },
	{ "n decimal(5.2)", 20, "fffffffffffffc19", "-999" },
	{ "n decimal(5.2)", 20, "0000000000000000", "0" },
	{ "n decimal(5.2)", 20, "7fffffffffffffff", "9223372036854775807" },
	{ "b boolean", 16, "01", "true" },
	{ "b boolean", 16, "00", "false" },
	{ "d double", 700, "00000000", "0" },
	{ "d double", 700, "80000000", "-0" },
	{ "d double", 700, "3dcccccd", "0.10000000149011612" },
	{ "d double", 700, "00000001", "1.401298464324817e-45" },
	{ "d double", 700, "7f7fffff", "3.4028234663852886e+38" },
	{ "d double", 700, "7fc00000", "NaN" },
	{ "d double", 700, "7f800000", "Infinity" },
	{ "d double", 700, "ff800000", "-Infinity" },
	{ "d double", 700, "4b800000", "16777216" },
	{ "d double", 701, "0000000000000000", "0" },
	{ "d double", 701, "8000000000000000", "-0" },
	{ "d double", 701, "3fb999999999999a", "0.1" },
	{ "d double", 701, "0000000000000001", "5e-324" },
	{ "d double", 701, "7fefffffffffffff", "1.7976931348623157e+308" },
	{ "d double", 701, "7ff8000000000000", "NaN" },
	{ "d double", 701, "7ff0000000000000", "Infinity" },
	{ "d double", 701, "fff0000000000000", "-Infinity" },
	{ "d double", 701, "4340000000000000", "9.007199254740992e+15" },
	{ "d double", 1700, "0000000000000000", "0" },
	{ "d double", 1700, "0001ffff0000000103e8", "0.1" },
	{ "d double", 1700, "0001ffff0000000203e8", "0.10" },
	{ "d double", 1700, "00010005000000000001", "100000000000000000000" },
	{ "d double", 1700, "0005000400000000000c0d801ed204d2162e", "123456789012345678" },
	{ "d double", 1700, "0004000300000000232f07c8156203e1", "9007199254740993" },
	{ "d double", 1700, "0005ffff000000110bb80000000000000fa0", "0.30000000000000004" },
	{ "d double", 1700, "0005ffff000000130bb80000000000001158", "0.3000000000000000444" },
	{ "d double", 1700, "00000000c0000000", "NaN" },
	{ "d double", 1700, "00000000d0000020", "Infinity" },
	{ "d double", 1700, "0001ffb0000001400001", "0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001" },
	{ "d double", 1700, "00010064000000000001", "10000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" },
	{ "n decimal(38.10)", 1700, "000a00060000000a04d2162e23340d801ed204d2162e007b11d722c4", "1234567890123456789012345678.0123456789" },
	{ "n decimal(38.10)", 1700, "000a00064000000a04d2162e23340d801ed204d2162e007b11d722c4", "-1234567890123456789012345678.0123456789" },
	{ "n decimal(38.10)", 1700, "0001fffd0000000a0064", "0.0000000001" },
	{ "n decimal(38.10)", 1700, "0001fffd4000000a0064", "-0.0000000001" },
	{ "n decimal(38.10)", 1700, "0001fffd0000000b006e", "0.00000000011" },
	{ "n decimal(38.10)", 1700, "000a00060000000a270f270f270f270f270f270f270f270f270f26ac", "9999999999999999999999999999.9999999999" },
	{ "n decimal(38.10)", 1700, "00010007000000000001", "10000000000000000000000000000" },
	{ "n decimal(38.10)", 1700, "0000000000000000", "0" },
	{ "n decimal(38.10)", 1700, "00000000c0000000", "NaN" },
	{ "n decimal(38.10)", 1700, "00000000d0000020", "Infinity" },
	{ "n decimal(38.10)", 1700, "00000000f0000020", "-Infinity" },
	{ "n decimal(38.10)", 1700, "00010007000000000064", "1000000000000000000000000000000" },
	{ "n decimal(38.10)", 1700, "00010002000000000001", "100000000" },
	{ "n decimal(38.10)", 1700, "0001ffff0000000d03e8", "0.1000000000000" },
	{ "n decimal(38.10)", 1700, "0000000000000002", "0.00" },
	{ "n decimal(5.2)", 1700, "000200000000000203e726ac", "999.99" },
	{ "n decimal(5.2)", 1700, "000200004000000203e726ac", "-999.99" },
	{ "n decimal(5.2)", 1700, "000100000000000003e8", "1000" },
	{ "n decimal(5.2)", 1700, "000200000000000303e726ac", "999.990" },
	{ "n decimal(5.2)", 1700, "000200000000000303e726b6", "999.991" },
	{ "n decimal(5.2)", 1700, "0001ffff000000020064", "0.01" },
	{ "n decimal(5.2)", 1700, "0001ffff00000003000a", "0.001" },
	{ "n decimal(5.2)", 1700, "00010001000000000001", "10000" },
	{ "n decimal(5.2)", 1700, "0001fffe0000000503e8", "0.00001" },
	{ "n decimal(5.2)", 1700, "000300010000000104d2162e2328", "12345678.9" },
	{ "n decimal(5.2)", 1700, "0000000000000004", "0.0000" },
	{ "n decimal(5.2)", 1700, "0001000000000000007b", "123" },
	{ "n decimal(5.2)", 1700, "0001000100000000000a", "100000" },
	{ "n decimal(9.3)", 1700, "0003000100000003000c0d801ed2", "123456.789" },
	{ "n decimal(9.3)", 1700, "0002000100000000007b11d7", "1234567" },
	{ "n decimal(9.3)", 1700, "0001ffff0000000304ce", "0.123" },
	{ "n decimal(9.3)", 1700, "0001ffff0000000404d2", "0.1234" },
	{ "n decimal(9.3)", 1700, "00030001000000040009270f270f", "99999.9999" },
	{ "n decimal(9.3)", 1700, "000300010000000400010000000a", "10000.0010" },
	{ "n decimal(9.3)", 1700, "0001ffff40000003000a", "-0.001" },
	{ "n decimal(9.3)", 1700, "00010001000000000001", "10000" },
	{ "n decimal(9.3)", 1700, "0002000000000003270f2706", "9999.999" },
	{ "n decimal(18.0)", 1700, "00050004000000000063270f270f270f270f", "999999999999999999" },
	{ "n decimal(18.0)", 1700, "00010004000000000064", "1000000000000000000" },
	{ "n decimal(18.0)", 1700, "00010001000000000001", "10000" },
	{ "n decimal(18.0)", 1700, "00010000400000000001", "-1" },
	{ "n decimal(18.0)", 1700, "0001ffff000000011388", "0.5" },
	{ "n decimal(18.0)", 1700, "00010000000000030001", "1.000" },
	{ "n decimal(18.0)", 1700, "00010004000000000001", "10000000000000000" },
	{ "d date", 1082, "fff4dbf9", "0001-01-01" },
	{ "d date", 1082, "002c95d3", "9999-12-31" },
	{ "d date", 1082, "002c95d4", "10000-01-01" },
	{ "d date", 1082, "fff4dbf8", "0001-12-31 BC" },
	{ "d date", 1082, "ffda97a7", "4714-11-24 BC" },
	{ "d date", 1082, "7fda970c", "5874897-12-31" },
	{ "d date", 1082, "7fffffff", "infinity" },
	{ "d date", 1082, "80000000", "-infinity" },
	{ "d date", 1082, "0000003b", "2000-02-29" },
	{ "d date", 1082, "ffff718e", "1900-02-28" },
	{ "d date", 1082, "ffffd532", "1969-12-31" },
	{ "d date", 1082, "0000003c", "2000-03-01" },
	{ "d date", 1082, "fff2a015", "0401-02-29 BC" },
	{ "d date", 1082, "fff4d510", "0005-02-28 BC" },
	{ "d date", 1082, "0039a81f", "12345-06-07" },
	{ "t time", 1083, "0000000000000000", "00:00:00" },
	{ "t time", 1083, "000000141dd75fff", "23:59:59.999999" },
	{ "t time", 1083, "000000141dd76000", "24:00:00" },
	{ "t time", 1083, "000000025b5917a0", "02:48:42.5" },
	{ "t time", 1083, "0000000000000001", "00:00:00.000001" },
	{ "t datetime", 1114, "ff1fe2ffc59c6000", "0001-01-01 00:00:00" },
	{ "t datetime", 1114, "0380e70b913b7fff", "9999-12-31 23:59:59.999999" },
	{ "t datetime", 1114, "0380e70b913b8000", "10000-01-01 00:00:00" },
	{ "t datetime", 1114, "ff1fe2ffc59c5fff", "0001-12-31 23:59:59.999999 BC" },
	{ "t datetime", 1114, "ff1af9e8fb46d000", "0044-03-15 12:00:00 BC" },
	{ "t datetime", 1114, "7fffffffffffffff", "infinity" },
	{ "t datetime", 1114, "8000000000000000", "-infinity" },
	{ "t datetime", 1114, "ffffffffffffffff", "1999-12-31 23:59:59.999999" },
	{ "t datetime", 1114, "fffca2fec4c07ee0", "1969-12-31 23:59:59.5" },
	{ "t datetime", 1114, "7fffff5bb3b29fff", "294276-12-31 23:59:59.999999" },
	{ "t datetime", 1114, "fd0f7cc1411fa000", "4714-11-24 00:00:00 BC" },
	{ "t datetime", 1184, "ff1fe2ffc59c6000", "0001-01-01 00:00:00+00" },
	{ "t datetime", 1184, "0380e70b913b7fff", "9999-12-31 23:59:59.999999+00" },
	{ "t datetime", 1184, "0380e70b913b8000", "10000-01-01 00:00:00+00" },
	{ "t datetime", 1184, "ff1fe2ffc59c5fff", "0001-12-31 23:59:59.999999+00 BC" },
	{ "t datetime", 1184, "ff1af9e8fb4aa090", "0044-03-15 12:00:00.25+00 BC" },
	{ "t datetime", 1184, "7fffffffffffffff", "infinity" },
	{ "t datetime", 1184, "8000000000000000", "-infinity" },
	{ "t datetime", 1184, "00027328aecd5680", "2021-11-07 02:48:42+00" },
	{ "t datetime", 1184, "fffca2fec4c82000", "1970-01-01 00:00:00+00" },
	{ "t datetime", 1184, "7fffff5bb3aafee0", "294276-12-31 23:59:59.5+00" },
	{ "t datetime", 1184, "fd0f7cc1411fa000", "4714-11-24 00:00:00+00 BC" },
	{ "u uuid", 2950, "00000000000000000000000000000000", "00000000-0000-0000-0000-000000000000" },
	{ "u uuid", 2950, "0123456789abcdef0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdef" },
	{ "u uuid", 2950, "ffffffffffffffffffffffffffffffff", "ffffffff-ffff-ffff-ffff-ffffffffffff" },
	{ "b binary", 17, "", "" },
	{ "b binary", 17, "00ff4142", "00ff4142" },
	{ "b binary", 17, "5c78", "5c78" },
};

/* As libpq gives it: of exactly this size, and a NUL behind it. */
static char *copy_of(const void *data, size_t length)
{
	char *copy = malloc(length + 1);

	assert_non_null(copy);
	memcpy(copy, data, length);
	copy[length] = '\0';
	return copy;
}

static size_t bytes_of(const char *hex, unsigned char *out)
{
	size_t count = strlen(hex) / 2;

	for (size_t i = 0; i < count; i++) {
		unsigned byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (unsigned char)byte;
	}
	return count;
}

static void expect_same(const struct batch *batch, const struct batch *wanted, const char *what)
{
	const struct column *a = &batch->columns[0], *b = &wanted->columns[0];
	char one[VALUE_TEXT_MAX], two[VALUE_TEXT_MAX];

	if (a->cells[0] != b->cells[0])
		fail_msg("%s: cell %d instead of %d", what, a->cells[0], b->cells[0]);
	assert_int_equal(batch->fault_count, wanted->fault_count);
	if (a->cells[0] == CELL_VALUE) {
		struct text x = batch_cell_text(batch, 0, 0, one), y = batch_cell_text(wanted, 0, 0, two);

		if (x.length != y.length || memcmp(x.data, y.data, x.length) != 0)
			fail_msg("%s: %.*s instead of %.*s", what, (int)x.length, x.data, (int)y.length, y.data);
	} else if (a->cells[0] == CELL_BAD) {
		struct span x = batch->faults[0].detail, y = wanted->faults[0].detail;

		if (x.length != y.length || memcmp(batch_bytes(batch, x), batch_bytes(wanted, y), x.length) != 0)
			fail_msg("%s: \"%.*s\" instead of \"%.*s\"", what, (int)x.length, batch_bytes(batch, x), (int)y.length,
				batch_bytes(wanted, y));
		x = a->texts[0];
		y = b->texts[0];
		assert_int_equal(x.length, y.length);
		assert_memory_equal(batch_bytes(batch, x), batch_bytes(wanted, y), x.length);
	}
}

/* The cell of the value as it was sent is that of its text. */
static void expect_cell(const char *field, unsigned oid, const void *sent, size_t length, const char *text)
{
	struct schema *schema = schema_from("t", field);
	struct batch *batch = batch_for(schema, 1), *wanted = batch_for(schema, 1);
	struct binary_reading reading = { .column = 0 };
	struct error error = ERROR_INIT;
	char *data = copy_of(sent, length);

	assert_true(binary_form_of(schema->fields[0].type, oid, &reading));
	batch_add_row(batch);
	batch_add_row(wanted);
	assert_int_equal(binary_cell(&reading, batch, 0, (struct binary_value){ data, length }, MOST, &error), 0);
	assert_int_equal(
		cell_printed(wanted, 0, 0, (struct text){ text, strlen(text) }, oid == 700 || oid == 701, MOST, &error), 0);
	expect_same(batch, wanted, text);
	free(data);
	batch_free(batch);
	batch_free(wanted);
	schema_free(schema);
}

static void test_vectors(void **state)
{
	unsigned char sent[1024];

	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
		expect_cell(vectors[i].field, vectors[i].oid, sent, bytes_of(vectors[i].sent, sent), vectors[i].text);
}

/* A value that is shorter or longer than its type is nobody's value. */
static void test_lengths(void **state)
{
	unsigned char sent[1024];

	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		size_t length = bytes_of(vectors[i].sent, sent);

		if (vectors[i].oid == 17)
			continue;
		sent[length] = 0;
		for (size_t wrong = 0; wrong <= length + 1; wrong++) {
			struct schema *schema = schema_from("t", vectors[i].field);
			struct batch *batch = batch_for(schema, 1);
			struct binary_reading reading = { .column = 0 };
			struct error error = ERROR_INIT;
			char *data = copy_of(sent, wrong);

			assert_true(binary_form_of(schema->fields[0].type, vectors[i].oid, &reading));
			batch_add_row(batch);
			if (wrong != length) {
				assert_int_equal(binary_cell(&reading, batch, 0, (struct binary_value){ data, wrong }, MOST, &error), -1);
				assert_int_equal(error.kind, ERROR_SOURCE);
			}
			free(data);
			batch_free(batch);
			schema_free(schema);
		}
	}
}

static void put16(unsigned char **at, int value)
{
	*(*at)++ = (unsigned char)(value >> 8);
	*(*at)++ = (unsigned char)value;
}

/* numeric_send, by hand: groups of four decimal digits around the point, those of zeros at both ends left out. */
static size_t numeric_bytes(const char *text, unsigned char *out)
{
	char digits[256] = "", *to = digits;
	const char *point = strchr(text, '.'), *p = text + (*text == '-');
	size_t before = point ? (size_t)(point - p) : strlen(p), behind = point ? strlen(point + 1) : 0, groups, first = 0;
	unsigned char *at = out;
	int weight;

	for (size_t i = 0; i < (4 - before % 4) % 4; i++)
		*to++ = '0';
	memcpy(to, p, before);
	to += before;
	weight = (int)((to - digits) / 4) - 1;
	memcpy(to, point ? point + 1 : "", behind);
	to += behind;
	while ((to - digits) % 4)
		*to++ = '0';
	groups = (size_t)(to - digits) / 4;
	while (groups && strncmp(digits + 4 * (groups - 1), "0000", 4) == 0)
		groups--;
	while (first < groups && strncmp(digits + 4 * first, "0000", 4) == 0)
		first++;
	put16(&at, (int)(groups - first));
	put16(&at, groups == first ? 0 : weight - (int)first);
	put16(&at, *text == '-' && groups > first ? 0x4000 : 0);
	put16(&at, (int)behind);
	for (size_t i = first; i < groups; i++) {
		char group[5] = "";

		memcpy(group, digits + 4 * i, 4);
		put16(&at, atoi(group));
	}
	return (size_t)(at - out);
}

static void test_decimals(void **state)
{
	unsigned seed = 7;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		unsigned precision = 1 + (unsigned)rand_r(&seed) % DECIMAL_PRECISION_MAX, scale = (unsigned)rand_r(&seed) % (precision + 1);
		int before = 1 + rand_r(&seed) % 40, behind = rand_r(&seed) % 40, holes = rand_r(&seed) % 3;
		char field[64], text[128], *to = text;
		unsigned char sent[256];

		if (rand_r(&seed) % 2) { /* near what the field takes */
			before = (int)(precision - scale) + 1 - rand_r(&seed) % 3;
			behind = (int)scale + rand_r(&seed) % 3 - 1;
			before = before < 1 ? 1 : before;
			behind = behind < 0 ? 0 : behind;
		}
		if (rand_r(&seed) % 2)
			*to++ = '-';
		*to++ = "1234567890"[rand_r(&seed) % (before == 1 ? 10 : 9)];
		for (int i = 1; i < before; i++)
			*to++ = "0123456789"[holes && rand_r(&seed) % 4 ? 0 : rand_r(&seed) % 10];
		if (behind)
			*to++ = '.';
		for (int i = 0; i < behind; i++)
			*to++ = "0123456789"[holes && rand_r(&seed) % 4 ? 0 : rand_r(&seed) % 10];
		*to = '\0';
		/* The server has no -0. */
		if (*text == '-' && strspn(text, "-0.") == strlen(text))
			memmove(text, text + 1, strlen(text));
		snprintf(field, sizeof field, "n decimal(%u.%u)", precision, scale);
		expect_cell(field, 1700, sent, numeric_bytes(text, sent), text);
		if (round % 4 == 0)
			expect_cell("d double", 1700, sent, numeric_bytes(text, sent), text);
	}
}

/* ---- the stream ---- */

static const unsigned char HEAD[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
enum { HEAD_SIZE = 19 };

static size_t put_row(unsigned char *out, unsigned seed)
{
	static const char *const fields[] = { "1f40", "00000007", "" };
	unsigned char *at = out, value[64];

	put16(&at, 4);
	for (size_t i = 0; i < 3; i++) {
		size_t length = bytes_of(fields[i], value);

		put16(&at, 0);
		put16(&at, (int)length);
		memcpy(at, value, length);
		at += length;
	}
	put16(&at, seed % 3 ? 0 : -1);
	put16(&at, seed % 3 ? 5 : -1);
	if (seed % 3) {
		memcpy(at, "hello", 5);
		at += 5;
	}
	return (size_t)(at - out);
}

/* All rows of a message: how many, or -1. */
static int read_message(struct binary_stream *stream, const struct binary_reading *readings, const struct schema *schema, char *data,
	size_t length, struct error *error)
{
	struct binary_value values[4];
	struct batch *batch = batch_for(schema, 64);
	int rows = 0, row = 0;

	binary_feed(stream, data, length);
	while (rows < 64 && (row = binary_row(stream, values, 4, error)) == 1) {
		batch_add_row(batch);
		for (size_t i = 0; i < 4 && row == 1; i++)
			if (binary_cell(&readings[i], batch, (uint32_t)rows, values[i], MOST, error))
				row = -1;
		if (row < 0)
			break;
		rows++;
	}
	stream->at = stream->end;
	batch_free(batch);
	return row < 0 ? -1 : rows;
}

static void prepare(struct schema **schema, struct binary_reading *readings)
{
	static const unsigned oids[] = { 21, 23, 25, 25 };

	*schema = schema_from("t", "a integer, b integer, c string, d string");
	for (size_t i = 0; i < 4; i++) {
		readings[i] = (struct binary_reading){ .column = i };
		assert_true(binary_form_of((*schema)->fields[i].type, oids[i], &readings[i]) == (i < 2));
	}
}

static void test_stream(void **state)
{
	struct binary_reading readings[4];
	struct schema *schema;
	unsigned char bytes[512];
	struct error error = ERROR_INIT;
	size_t length = HEAD_SIZE;

	(void)state;
	prepare(&schema, readings);
	memcpy(bytes, HEAD, HEAD_SIZE);
	length += put_row(bytes + length, 0);
	length += put_row(bytes + length, 1);
	bytes[length] = bytes[length + 1] = 0xff;
	for (int together = 0; together < 2; together++) {
		/* Whole, and a message for head and first row, one for the second, one for the end. */
		size_t first = HEAD_SIZE + put_row(bytes + HEAD_SIZE, 0);
		size_t cuts[] = { 0, first, length, length + 2 };
		struct binary_stream stream = { .headed = false };
		int rows = 0;

		for (size_t i = 0; i < (together ? 1 : 3); i++) {
			size_t from = cuts[i], to = together ? length + 2 : cuts[i + 1];
			char *data = copy_of(bytes + from, to - from);
			int got = read_message(&stream, readings, schema, data, to - from, &error);

			assert_true(got >= 0);
			rows += got;
			free(data);
		}
		assert_int_equal(rows, 2);
		assert_true(stream.tailed);
	}
	/* Cut off anywhere it is refused, or ends at a whole row without the end. */
	for (size_t cut = 1; cut < length + 2; cut++) {
		struct binary_stream stream = { .headed = false };
		char *data = copy_of(bytes, cut);
		struct error said = ERROR_INIT;
		int got = read_message(&stream, readings, schema, data, cut, &said);

		assert_false(stream.tailed);
		if (got < 0)
			assert_int_equal(said.kind, ERROR_SOURCE);
		else
			assert_true(cut == HEAD_SIZE || cut == length || cut == HEAD_SIZE + put_row(bytes + HEAD_SIZE, 0));
		free(data);
	}
	schema_free(schema);
}

/* Any bytes at all: rows or an error, and never a byte that was not sent. */
static void test_hostile(void **state)
{
	struct binary_reading readings[4];
	struct schema *schema;
	unsigned seed = 11;
	int refused = 0;

	(void)state;
	prepare(&schema, readings);
	for (int round = 0; round < FUZZ_ROUNDS / 4; round++) {
		static const unsigned oids[] = { 16, 17, 20, 21, 23, 700, 701, 1082, 1083, 1114, 1184, 1700, 2950 };
		unsigned char bytes[512];
		size_t length = HEAD_SIZE;
		struct binary_stream stream = { .headed = false };
		struct error error = ERROR_INIT;
		char *data;

		memcpy(bytes, HEAD, HEAD_SIZE);
		for (int row = 0; row < 4; row++)
			length += put_row(bytes + length, (unsigned)row);
		for (int change = rand_r(&seed) % 4; change >= 0; change--)
			bytes[(size_t)rand_r(&seed) % length] = (unsigned char)(rand_r(&seed) % 3 ? rand_r(&seed) : 0xff);
		if (rand_r(&seed) % 3 == 0)
			length = (size_t)rand_r(&seed) % length + 1;
		data = copy_of(bytes, length);
		if (read_message(&stream, readings, schema, data, length, &error) < 0) {
			refused++;
			assert_int_equal(error.kind, ERROR_SOURCE);
		}
		free(data);
		/* One value of any type from bytes of chance. */
		for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i += 1 + (size_t)rand_r(&seed) % 60) {
			struct schema *one = schema_from("t", vectors[i].field);
			struct batch *batch = batch_for(one, 1);
			struct binary_reading reading = { .column = 0 };
			struct error said = ERROR_INIT;
			size_t size = (size_t)rand_r(&seed) % 24;

			for (size_t k = 0; k < size; k++)
				bytes[k] = (unsigned char)(rand_r(&seed) % 2 ? rand_r(&seed) : 0);
			data = copy_of(bytes, size);
			batch_add_row(batch);
			binary_form_of(one->fields[0].type, oids[(size_t)rand_r(&seed) % (sizeof oids / sizeof *oids)], &reading);
			if (reading.form != BINARY_PRINTED &&
			    binary_cell(&reading, batch, 0, (struct binary_value){ data, size }, MOST, &said))
				assert_int_equal(said.kind, ERROR_SOURCE);
			free(data);
			batch_free(batch);
			schema_free(one);
		}
	}
	assert_true(refused > FUZZ_ROUNDS / 40);
	schema_free(schema);
}

static void expect_key(unsigned oid, const char *sent, const char *text)
{
	struct binary_reading reading = { .column = 0 };
	struct error error = ERROR_INIT;
	unsigned char bytes[64];
	size_t length = bytes_of(sent, bytes);
	char *data = copy_of(bytes, length);
	struct buffer out;

	buffer_init(&out, 256);
	binary_form_of(0, oid, &reading);
	assert_true(binary_has_text(reading.form));
	assert_int_equal(binary_text(reading.form, (struct binary_value){ data, length }, &out, &error), 0);
	assert_int_equal(out.length, strlen(text));
	assert_memory_equal(buffer_text(&out), text, out.length);
	buffer_fini(&out);
	free(data);
}

static void test_keys(void **state)
{
	(void)state;
	expect_key(21, "8000", "-32768");
	expect_key(23, "ffffffff", "-1");
	expect_key(20, "8000000000000000", "-9223372036854775808");
	expect_key(2950, "0123456789abcdef0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdef");
	expect_key(25, "6162", "ab");
	expect_key(1082, "32303230", "2020"); /* of a type without a text of ours: as it is printed */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors), cmocka_unit_test(test_lengths), cmocka_unit_test(test_decimals),
		cmocka_unit_test(test_stream), cmocka_unit_test(test_hostile), cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_cast.c - texts and the values they are: tables by hand, by Python, and by the vectors of Frictionless.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "tests/support/judging.h"

enum { LINE_MAX_BYTES = 8192, ROWS = 4096 };

static void open_field(struct judging *judging, const char *field)
{
	char text[LINE_MAX_BYTES + 64];
	snprintf(text, sizeof text, "resources: [{ name: t, schema: { fields: [%s] } }]", field);
	judging_open(judging, text, NULL);
	judging_start(judging, (struct judge_context){.policy = KEYS_APPEND}, NULL);
}

/* What became of a cell: "bad", "null", "i N", "d HEX", "u N" or "s TEXT". */
static const char *cell_value(const struct batch *batch, uint32_t row, char *out, size_t size)
{
	const struct column *column = &batch->columns[0];
	char digits[VALUE_TEXT_MAX];
	switch ((enum cell_state)column->cells[row]) {
	case CELL_BAD:
		return "bad";
	case CELL_NULL:
		return "null";
	case CELL_VALUE:
		break;
	default:
		fail_msg("row %u is neither value nor null nor bad", row);
	}
	switch (value_storage(column->field->type)) {
	case STORAGE_INTEGER:
		snprintf(out, size, "i %lld", (long long)column->integers[row]);
		break;
	case STORAGE_DOUBLE:
		snprintf(out, size, "d %a", column->doubles[row]);
		break;
	case STORAGE_DECIMAL:
		value_format_decimal(column->decimals[row], 0, digits);
		snprintf(out, size, "u %s", digits);
		break;
	case STORAGE_SPAN:
		snprintf(out, size, "s %.*s", (int)column->spans[row].length, batch_bytes(batch, column->spans[row]));
		break;
	}
	return out;
}

/* --- by Python ---------------------------------------------------------------------------------- */

static size_t unescape(char *text)
{
	char *to = text;
	for (const char *from = text; *from; from++) {
		unsigned byte;
		if (from[0] == '\\' && sscanf(from, "\\x%2X", &byte) == 1) {
			*to++ = (char)(unsigned char)byte;
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	return (size_t)(to - text);
}

/* Doubles are compared by value: there are several ways to write one in hexadecimal. */
static bool same_value(const char *got, const char *wanted)
{
	if (got[0] == 'd' && wanted[0] == 'd')
		return strtod(got + 2, NULL) == strtod(wanted + 2, NULL);
	return strcmp(got, wanted) == 0;
}

static void close_section(struct judging *judging, struct batch *batch, char (*wanted)[64], const char *field,
			  size_t *failed)
{
	char got[256];
	judging_judge(judging, batch);
	for (uint32_t row = 0; row < batch->rows; row++) {
		const char *value = cell_value(batch, row, got, sizeof got);
		if (!same_value(value, wanted[row]) ||
		    (batch->status[row] == ROW_REJECTED) != (strcmp(value, "bad") == 0)) {
			struct span text = batch->columns[0].texts[row];
			print_error("%s: \"%.*s\": wanted %s, got %s\n", field, (int)text.length,
				    batch_bytes(batch, text), wanted[row], value);
			++*failed;
		}
	}
	batch_free(batch);
	judging_close(judging);
}

static void agrees_with_python(void **state)
{
	(void)state;
	static char line[LINE_MAX_BYTES], field[LINE_MAX_BYTES], wanted[ROWS][64];
	char path[1024];
	const char *top = getenv("TOP");
	snprintf(path, sizeof path, "%s/tests/unit/casts.txt", top ? top : ".");
	FILE *file = fopen(path, "r");
	if (!file)
		fail_msg("%s is missing", path);
	struct judging judging;
	struct batch *batch = NULL;
	size_t cells = 0, failed = 0;
	while (fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "field ", 6) == 0) {
			if (batch)
				close_section(&judging, batch, wanted, field, &failed);
			snprintf(field, sizeof field, "%s", line + 6);
			open_field(&judging, field);
			batch = judging_batch(&judging, ROWS);
			continue;
		}
		char *tab = strchr(line, '\t');
		assert_non_null(tab);
		assert_non_null(batch);
		snprintf(wanted[batch->rows], sizeof wanted[0], "%s", tab + 1);
		*tab = '\0';
		size_t length = unescape(line);
		const char *cell = line;
		judging_add_cells(batch, &cell, &length, 1);
		cells++;
	}
	fclose(file);
	close_section(&judging, batch, wanted, field, &failed);
	print_message("%zu cells\n", cells);
	assert_true(cells > 3000);
	assert_int_equal(failed, 0);
}

/* --- by hand ------------------------------------------------------------------------------------ */

static void agrees_with_a_table_by_hand(void **state)
{
	(void)state;
	static const char *const cases[][3] = {
		{"{ name: x }", "", "null"},
		{"{ name: x }", " ", "s  "},
		{"{ name: x, missingValues: [NA, '-'] }", "NA", "null"},
		{"{ name: x, missingValues: [NA, '-'] }", "", "s "},
		{"{ name: x, missingValues: [NA, '-'] }", "na", "s na"},
		{"{ name: x, missingValues: [] }", "", "s "},
		{"{ name: x, missingValues: [{ value: n/a, label: none }] }", "n/a", "null"},
		{"{ name: x, type: integer, missingValues: ['-1', ' '] }", "-1", "null"},
		{"{ name: x, type: integer, missingValues: ['-1', ' '] }", " -1", "i -1"},
		{"{ name: x, type: integer, missingValues: ['-1', ' '] }", " ", "null"},
		{"{ name: x, type: integer, missingValues: ['-1'] }", "", "bad"},
		{"{ name: x, type: integer }", "  ", "bad"},
		{"{ name: x, type: integer, bareNumber: false }", "95 EUR", "i 95"},
		{"{ name: x, type: integer, bareNumber: false }", "EUR -95", "i -95"},
		{"{ name: x, type: integer, bareNumber: false }", "EUR", "bad"},
		{"{ name: x, type: integer, bareNumber: false }", "EUR 5,-", "i 5"},
		{"{ name: x, type: integer, bareNumber: false }", "5.--", "i 5"},
		{"{ name: x, type: integer, bareNumber: false }", "5-", "bad"},
		{"{ name: x, type: integer, bareNumber: false }", "(5)", "bad"},
		{"{ name: x, type: integer, bareNumber: false }", "\xE2\x88\x92"
								     "5", "bad"},
		{"{ name: x, type: integer, bareNumber: false }", "9 5", "bad"},
		{"{ name: x, type: integer, bareNumber: false, groupChar: ' ' }", "$9 500", "i 9500"},
		{"{ name: x, type: number, precision: 9, scale: 2, decimalChar: ',', bareNumber: false }", "1234,50",
		 "u 123450"},
		{"{ name: x, type: number, precision: 9, scale: 2, decimalChar: ',', bareNumber: false }", "7 EUR",
		 "u 700"},
		{"{ name: x, type: number, precision: 9, scale: 2, decimalChar: ',', bareNumber: false }", "1.5",
		 "bad"},
		{"{ name: x, type: number, groupChar: '\xC2\xA0' }",
		 "1\xC2\xA0"
		 "234.5",
		 "d 0x1.34ap+10"},
		{"{ name: x, type: boolean }", "true", "i 1"},
		{"{ name: x, type: boolean }", "TRUE", "i 1"},
		{"{ name: x, type: boolean }", "0", "i 0"},
		{"{ name: x, type: boolean }", " False ", "i 0"},
		{"{ name: x, type: boolean }", "tRUE", "bad"},
		{"{ name: x, type: boolean }", "yes", "bad"},
		{"{ name: x, type: boolean, trueValues: [ja, ' J '], falseValues: [nein] }", "ja", "i 1"},
		{"{ name: x, type: boolean, trueValues: [ja, ' J '], falseValues: [nein] }", " J ", "i 1"},
		{"{ name: x, type: boolean, trueValues: [ja, ' J '], falseValues: [nein] }", "J", "bad"},
		{"{ name: x, type: boolean, trueValues: [ja, ' J '], falseValues: [nein] }", "nein", "i 0"},
		{"{ name: x, type: boolean, trueValues: [ja], falseValues: [nein] }", "true", "bad"},
		{"{ name: x, type: boolean, trueValues: [ja] }", "false", "i 0"},
		{"{ name: x, type: year }", "2021", "i 2021"},
		{"{ name: x, type: year }", " 0001 ", "i 1"},
		{"{ name: x, type: year }", "0000", "bad"},
		{"{ name: x, type: year }", "21", "bad"},
		{"{ name: x, type: year }", "-2021", "bad"},
		{"{ name: x, type: year }", "20210", "bad"},
		{"{ name: x, type: yearmonth }", "2021-11", "s 2021-11"},
		{"{ name: x, type: yearmonth }", " 2021-11 ", "s 2021-11"},
		{"{ name: x, type: yearmonth }", "2021-13", "bad"},
		{"{ name: x, type: yearmonth }", "2021-00", "bad"},
		{"{ name: x, type: yearmonth }", "2021-1", "bad"},
		{"{ name: x, type: yearmonth }", "0000-01", "bad"},
		{"{ name: x, format: uuid }", "123E4567-e89b-12d3-A456-426614174000",
		 "s 123e4567-e89b-12d3-a456-426614174000"},
		{"{ name: x, format: uuid }", "123e4567-e89b-12d3-a456-426614174000",
		 "s 123e4567-e89b-12d3-a456-426614174000"},
		{"{ name: x, format: uuid }", "123e4567e89b12d3a456426614174000", "bad"},
		{"{ name: x, format: uuid }", "123e4567-e89b-12d3-a456-42661417400g", "bad"},
		{"{ name: x, format: uuid }", "{123e4567-e89b-12d3-a456-426614174000}", "bad"},
		{"{ name: x, type: duration }", " P1Y10M3DT5H11M7S ", "s P1Y10M3DT5H11M7S"},
		{"{ name: x, type: duration }", "-P2W", "s -P2W"},
		{"{ name: x, type: duration }", "P1.5D", "bad"},
		{"{ name: x, type: duration }", "1 day", "bad"},
		{"{ name: x, type: object }", "{\"b\": 1.50, \"a\": [1, {\"d\":2,\"c\":\"\\u00e9\"}]}",
		 "s {\"a\":[1,{\"c\":\"\xC3\xA9\",\"d\":2}],\"b\":1.50}"},
		{"{ name: x, type: object }", " {} ", "s {}"},
		{"{ name: x, type: object }", "[]", "bad"},
		{"{ name: x, type: object }", "null", "bad"},
		{"{ name: x, type: object }", "{\"a\":1,\"a\":2}", "bad"},
		{"{ name: x, type: object, missingValues: ['{}'] }", "{}", "null"},
		{"{ name: x, type: array }", "[ 12345678901234567890.10 ,true]", "s [12345678901234567890.10,true]"},
		{"{ name: x, type: array }", "{\"a\":[]}", "bad"},
		{"{ name: x, type: array }", "1,2", "bad"},
		{"{ name: x, type: any }", "12", "s 12"},
		{"{ name: x, type: any }", " true ", "s true"},
		{"{ name: x, type: any }", "{\"b\":1,\"a\":2}", "s {\"a\":2,\"b\":1}"},
		{"{ name: x, type: any }", "\"a\\u0062\"", "s \"ab\""},
		{"{ name: x, type: any }", "it's \"so\"", "s \"it's \\\"so\\\"\""},
		{"{ name: x, type: any }", "007", "s \"007\""},
		{"{ name: x, type: any }", " a ", "s \" a \""},
		{"{ name: x, type: any }", "", "null"},
		/* RFC 4648, section 10 */
		{"{ name: x, format: binary, missingValues: [] }", "", "s "},
		{"{ name: x, format: binary }", "Zg==", "s f"},
		{"{ name: x, format: binary }", "Zm8=", "s fo"},
		{"{ name: x, format: binary }", "Zm9v", "s foo"},
		{"{ name: x, format: binary }", "Zm9vYg==", "s foob"},
		{"{ name: x, format: binary }", "Zm9vYmE=", "s fooba"},
		{"{ name: x, format: binary }", "Zm9vYmFy", "s foobar"},
		{"{ name: x, format: binary }", "Zm9vYmF", "bad"},
		{"{ name: x, format: binary }", "Zm9v YmF=", "bad"},
		{"{ name: x, format: binary }", "Zh==", "bad"},
		{"{ name: x, format: binary }", "====", "bad"},
		{"{ name: x, format: binary }", "Z===", "bad"},
		{"{ name: x, format: binary }", "Zm=v", "bad"},
		{"{ name: x, format: email }", "name@example.org", "s name@example.org"},
		{"{ name: x, format: email }", "first.last+tag@mail.example.org", "s first.last+tag@mail.example.org"},
		{"{ name: x, format: email }", "name@localhost", "bad"},
		{"{ name: x, format: email }", "name@@example.org", "bad"},
		{"{ name: x, format: email }", "@example.org", "bad"},
		{"{ name: x, format: email }", "name@", "bad"},
		{"{ name: x, format: email }", ".name@example.org", "bad"},
		{"{ name: x, format: email }", "na..me@example.org", "bad"},
		{"{ name: x, format: email }", "na me@example.org", "bad"},
		{"{ name: x, format: email }", "name@-example.org", "bad"},
		{"{ name: x, format: email }", "name@example..org", "bad"},
		{"{ name: x, format: uri }", "https://example.org/a?b=c#d", "s https://example.org/a?b=c#d"},
		{"{ name: x, format: uri }", "urn:isbn:0451450523", "s urn:isbn:0451450523"},
		{"{ name: x, format: uri }", "mailto:a@b.c", "s mailto:a@b.c"},
		{"{ name: x, format: uri }", "http://a/%zz", "bad"},
		{"{ name: x, format: uri }", "http://a/b c", "bad"},
		{"{ name: x, format: uri }", "//example.org", "bad"},
		{"{ name: x, format: uri }", "1http://a", "bad"},
		{"{ name: x, format: uri }", "http:", "bad"},
		{"{ name: x, type: date, format: '%d/%m/%Y' }", "1/2/2021", "i 18659"},
		{"{ name: x, type: datetime, format: '%Y-%m-%d' }", "1970-01-02", "i 86400000000"},
		{"{ name: x, type: datetime, format: '%A, %d %B %Y' }", "friday, 02 JANUARY 1970", "i 86400000000"},
		{"{ name: x, type: datetime, format: '%A, %d %B %Y' }", "Monday, 02 January 1970", "bad"},
		{"{ name: x, type: datetime, format: '%Y-%m-%dT%H:%M:%S%z' }", "1970-01-01T01:00:00+01:00", "i 0"},
		{"{ name: x, type: datetime, format: '%Y-%m-%dT%H:%M:%S%z' }", "1970-01-01T00:00:00Z", "i 0"},
		{"{ name: x, type: datetime, format: '%Y-%m-%d %H:%M:%S%z' }", "1970-01-01 00:00:00-01", "i 3600000000"},
		{"{ name: x, type: datetime, format: '%Y-%m-%d %H:%M:%S%z' }", "1970-01-01 00:00:00-01:", "bad"},
		{"{ name: x, type: datetime, format: '%Y-%m-%d %H:%M:%S%z' }", "1970-01-01 00:00:00-1", "bad"},
		{"{ name: x, type: datetime, format: '%Y-%m-%d %H:%M:%S%z' }", "1970-01-01 00:00:00-013", "bad"},
		{"{ name: x, type: datetime, format: '%Y-%m-%d %H:%M', timezone: Europe/Berlin }", "1970-01-01 01:00",
		 "i 0"},
	};
	char got[256];
	size_t failed = 0;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct judging judging;
		open_field(&judging, cases[i][0]);
		struct batch *batch = judging_batch(&judging, 1);
		judging_add(batch, cases[i][1]);
		judging_judge(&judging, batch);
		const char *value = cell_value(batch, 0, got, sizeof got);
		if (!same_value(value, cases[i][2])) {
			print_error("%s: \"%s\": wanted %s, got %s\n", cases[i][0], cases[i][1], cases[i][2], value);
			failed++;
		}
		batch_free(batch);
		judging_close(&judging);
	}
	assert_int_equal(failed, 0);
}

/* A number of a million digits takes no more than a little longer. */
static void takes_long_texts(void **state)
{
	(void)state;
	static const char *const fields[] = {"{ name: x, type: integer }",
					     "{ name: x, type: number }",
					     "{ name: x, type: number, precision: 10, scale: 2 }",
					     "{ name: x, type: number, bareNumber: false, groupChar: ',' }",
					     "{ name: x, type: date }",
					     "{ name: x, type: datetime, format: '%Y %m %d' }",
					     "{ name: x, type: boolean }",
					     "{ name: x, format: email }",
					     "{ name: x, format: uri }",
					     "{ name: x, format: binary }"};
	const size_t length = 1000000;
	char *text = malloc(length);
	assert_non_null(text);
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		struct judging judging;
		const char *cell = text;
		memset(text, i == 8 ? 'a' : '0', length);
		text[length - 1] = '1';
		open_field(&judging, fields[i]);
		struct batch *batch = judging_batch(&judging, 1);
		judging_add_cells(batch, &cell, &length, 1);
		judging_judge(&judging, batch);
		assert_int_equal(batch->columns[0].cells[0], i < 4 || i == 9 ? CELL_VALUE : CELL_BAD);
		batch_free(batch);
		judging_close(&judging);
	}
	free(text);
}

/* --- by Frictionless ---------------------------------------------------------------------------- */

/* Where the contract, or plain caution, says other than frictionless-py. */
static bool differs_on_purpose(const char *type, const char *format, const char *source)
{
	/* "any" guesses; here it is the default format. */
	if (strcmp(format, "any") == 0)
		return true;
	/* A time of day in a database has no offset. */
	if (strcmp(type, "time") == 0 && strchr(source, '+'))
		return true;
	return strcmp(format, "invalid") == 0 || strcmp(format, "wkt") == 0; /* refused when the dictionary is read */
}

static bool wanted_value(const json_t *target, const char *type, const char *source, char *out, size_t size)
{
	const char *python = json_string_value(json_object_get(target, "$py"));
	const char *decimal = json_string_value(json_object_get(target, "$decimal"));
	int y, m, d, h = 0, n = 0;
	int64_t days;
	if (json_is_null(target))
		snprintf(out, size, "bad or null");
	else if (strcmp(type, "object") == 0 || strcmp(type, "array") == 0) {
		char *text = json_dumps(target, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
		snprintf(out, size, "s %s", text);
		free(text);
	} else if (strcmp(type, "duration") == 0)
		snprintf(out, size, "s %s", source); /* kept as it is written */
	else if (json_is_boolean(target))
		snprintf(out, size, "i %d", json_is_true(target));
	else if (json_is_integer(target) && strcmp(type, "number") == 0)
		snprintf(out, size, "d %a", (double)json_integer_value(target));
	else if (json_is_integer(target))
		snprintf(out, size, "i %lld", (long long)json_integer_value(target));
	else if (json_is_string(target))
		snprintf(out, size, "s %s", json_string_value(target));
	else if (json_is_array(target))
		snprintf(out, size, "s %04d-%02d", (int)json_integer_value(json_array_get(target, 0)),
			 (int)json_integer_value(json_array_get(target, 1)));
	else if (decimal)
		snprintf(out, size, "d %a", strtod(decimal, NULL));
	else if (python && sscanf(python, "datetime(%d, %d, %d, %d, %d", &y, &m, &d, &h, &n) >= 4) {
		value_days_from_civil(y, (unsigned)m, (unsigned)d, &days);
		int64_t offset = strstr(python, "3600") ? 3600 : 0;
		snprintf(out, size, "i %lld", (long long)((days * 86400 + h * 3600 + n * 60 - offset) * 1000000));
	} else if (python && sscanf(python, "date(%d, %d, %d)", &y, &m, &d) == 3) {
		value_days_from_civil(y, (unsigned)m, (unsigned)d, &days);
		snprintf(out, size, "i %lld", (long long)days);
	} else if (python && sscanf(python, "time(%d", &h) == 1)
		snprintf(out, size, "i %lld", (long long)h * 3600 * 1000000);
	else
		return false;
	return true;
}

static bool is_scalar_type(const char *type)
{
	static const char *const types[] = {"string", "integer",  "number", "boolean",  "date",
					    "time",   "datetime", "year",   "yearmonth", "object", "array", "duration"};
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strcmp(types[i], type) == 0)
			return true;
	return false;
}

static json_t *open_vectors(const char *name)
{
	char path[1024];
	const char *suites = getenv("PENSTOCK_SUITES"), *top = getenv("TOP");
	snprintf(path, sizeof path, "%s%s/frictionless-vectors/%s",
		 suites ? suites
		 : top  ? top
			: ".",
		 suites ? "" : "/../shared/suites", name);
	return json_load_file(path, 0, NULL);
}

static void agrees_with_frictionless(void **state)
{
	(void)state;
	json_t *vectors = open_vectors("field_cast_vectors.json"), *vector;
	size_t index, seen = 0, failed = 0;
	if (!vectors)
		skip();
	json_array_foreach(vectors, index, vector)
	{
		char wanted[256], got[256];
		const char *type = json_string_value(json_object_get(vector, "type"));
		const char *format = json_string_value(json_object_get(vector, "format"));
		const char *source = json_string_value(json_object_get(vector, "source"));
		if (!type || !source || !is_scalar_type(type))
			continue;
		format = format ? format : "default";
		if (differs_on_purpose(type, format, source) ||
		    !wanted_value(json_object_get(vector, "target"), type, source, wanted, sizeof wanted))
			continue;
		json_t *field = json_object_get(vector, "options") ? json_copy(json_object_get(vector, "options"))
								   : json_object();
		json_object_set_new(field, "name", json_string("x"));
		json_object_set_new(field, "type", json_string(type));
		json_object_set_new(field, "format", json_string(format));
		json_t *package =
			json_pack("{s:[{s:s, s:{s:[o]}}]}", "resources", "name", "t", "schema", "fields", field);
		char *text = json_dumps(package, 0);
		struct judging judging;
		judging_open(&judging, text, NULL);
		judging_start(&judging, (struct judge_context){.policy = KEYS_APPEND}, NULL);
		struct batch *batch = judging_batch(&judging, 1);
		size_t length = strlen(source);
		judging_add_cells(batch, &source, &length, 1);
		judging_judge(&judging, batch);
		const char *value = cell_value(batch, 0, got, sizeof got);
		/* Frictionless gives the base64 of a binary back, we its bytes. */
		bool binary = strcmp(format, "binary") == 0 && strcmp(value, "s test") == 0 &&
			      strcmp(wanted, "s dGVzdA==") == 0;
		bool nothing =
			strcmp(wanted, "bad or null") == 0 && (strcmp(value, "bad") == 0 || strcmp(value, "null") == 0);
		if (!binary && !nothing && !same_value(value, wanted)) {
			print_error("%s: \"%s\": wanted %s, got %s\n", text, source, wanted, value);
			failed++;
		}
		seen++;
		batch_free(batch);
		judging_close(&judging);
		free(text);
		json_decref(package);
	}
	json_decref(vectors);
	print_message("%zu vectors\n", seen);
	assert_true(seen > 100);
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_a_table_by_hand),
		cmocka_unit_test(agrees_with_python),
		cmocka_unit_test(takes_long_texts),
		cmocka_unit_test(agrees_with_frictionless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

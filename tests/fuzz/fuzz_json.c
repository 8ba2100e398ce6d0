/* fuzz_json.c - any bytes as a JSON file: no crash, what jansson takes is taken, the same again from any position.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first two bytes choose how to read, the rest is the file. sh tests/support/fuzz.sh json searches with libFuzzer.
 */
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/json_seen.h"

enum { INPUT_LARGEST = 1024 }; /* so that json_seen.h can hold its records */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct schema *fields(void)
{
	static const enum value_type types[] = { VALUE_STRING, VALUE_INTEGER, VALUE_DECIMAL, VALUE_BOOLEAN, VALUE_JSON, VALUE_DOUBLE, VALUE_BINARY };
	struct error error = ERROR_INIT;
	struct schema *schema = schema_new("t", &error);

	CHECK(schema);
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		char name[2] = { (char)('a' + i), '\0' };
		struct field *field = schema_add_field(schema, name, types[i], &error);
		CHECK(field);
		field->precision = 10;
		field->scale = 2;
	}
	return schema;
}

/* What another reader takes for an array, this one does; and the other way round where there are no bytes that are no text. */
static void compare(const char *text, size_t size, int result, const struct json_seen *seen, const struct error *error)
{
	json_error_t why;
	json_t *root = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);

	if (json_is_array(root)) {
		CHECK(result == 0 || strstr(error->message, "deeper"));
		CHECK(result < 0 || json_array_size(root) == seen->count);
	} else if (result == 0 && seen->count > 0) {
		json_error_t again;
		for (size_t i = 0; i < seen->count; i++)
			if (strstr(seen->records[i], "encoding"))
				return;
		CHECK(!json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &again));
		/* Real numbers beyond a double, and strings that are no text in places that no cell takes. */
		CHECK(json_error_code(&why) == json_error_numeric_overflow || json_error_code(&why) == json_error_invalid_utf8 ||
			json_error_code(&why) == json_error_invalid_syntax || json_error_code(&why) == json_error_null_byte_in_key);
	}
	json_decref(root);
}

/* Whether the file is packed or has a mark of an encoding: positions are then of the text that it becomes. */
static bool is_recoded(const void *text, size_t size)
{
	static const char *const marks[] = { "\xFF\xFE", "\xFE\xFF", "\x1F\x8B", "\x28\xB5\x2F\xFD" };
	bool any = size >= 4 && (memcmp(text, "\0\0\xFE\xFF", 4) == 0 || memcmp((const char *)text + 1, "\x2A\x4D\x18", 3) == 0);
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		any = any || (size >= strlen(marks[i]) && memcmp(text, marks[i], strlen(marks[i])) == 0);
	return any;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const pointers[] = { "", "/a", "/a/1", "/" };

	if (size < 2 || size > INPUT_LARGEST)
		return 0;
	struct schema *schema = fields();
	struct json_seen *seen = malloc(sizeof *seen);
	struct json_case how = {
		.options = { .pointer = pointers[data[0] & 3], .lines = (data[0] >> 2) % 3 },
		.schema = schema, .limits = LIMITS_DEFAULT, .capacity = 1 + data[1] % 8,
	};
	if (data[0] & 0x40) {
		how.limits.record = 8 + data[1] / 2;
		how.limits.field = 1 + data[1] / 8;
		how.limits.columns = 1 + data[1] % 8;
	}
	CHECK(seen);
	data += 2;
	size -= 2;
	how.recoded = is_recoded(data, size);
	char path[64];
	int fd = json_memory_file((const char *)data, size, path);
	how.path = path;
	struct error error = ERROR_INIT;
	int result = json_drain(&how, NULL, false, seen, &error);
	if (result == 0)
		json_check_resume(&how, seen);
	else
		CHECK(error.kind == ERROR_SOURCE || error.kind == ERROR_CONFIG);
	if (!*how.options.pointer && how.options.lines == JSON_LINES_FALSE && how.limits.record > INPUT_LARGEST &&
		!(size >= 2 && (data[0] > 0x7F || data[0] == 0 || data[1] == 0)))
		compare((const char *)data, size, result, seen, &error);
	json_seen_fini(seen);
	free(seen);
	close(fd);
	schema_free(schema);
	return 0;
}

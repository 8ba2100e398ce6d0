/* fuzz_csv.c - any bytes as a CSV file: no crash, the same records as the slow reading, the same again from any position.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first four bytes choose how to read, the rest is the file. sh tests/support/fuzz.sh csv searches with libFuzzer.
 */
#include <string.h>
#include <unistd.h>

#include "connectors/csv/csv.h"
#include "tests/support/csv_oracle.h"
#include "tests/support/csv_seen.h"

enum { FIELDS_MOST = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 4 || size > 1 << 16)
		return 0;
	struct schema *schema = csv_schema(1 + data[0] % FIELDS_MOST);
	static const char *const delimiters[] = { ",", ";", "\t", " ", "||", "\u00A6", ", ", "\u20AC," };
	struct csv_case how = {
		.options = {
			.header = (data[0] & 0x10) != 0, .trim = (data[0] & 0x20) != 0, .double_quote = true,
			.delimiter = delimiters[(data[0] >> 6) & 3], .quote = data[1] & 0x80 ? "'" : "\"",
		},
		.schema = schema, .limits = LIMITS_DEFAULT, .capacity = 1 + data[1] % 8,
	};
	/* Dialects that libcsv does not know. */
	if (data[1] & 0x20) {
		if (data[3] & 1)
			how.options.delimiter = delimiters[4 + ((data[0] >> 6) & 3)];
		how.options.escape = data[3] & 2 ? "\\" : NULL;
		how.options.escape_codes = (data[3] & 6) == 6;
		how.options.double_quote = (data[3] & 8) == 0;
		how.options.comment = data[3] & 16 ? "#" : NULL;
		how.options.skip_initial_space = (data[3] & 32) != 0;
		how.options.skip_lines = (data[3] & 64) != 0;
		how.options.quote = data[3] & 128 ? "none" : how.options.quote;
		how.options.short_rows = data[2] & 1;
		how.options.long_rows = data[2] / 2 % 3;
		how.options.header_rows = 1 + data[2] / 8 % 3;
		if (!how.options.header)
			how.options.header_rows = 1;
	}
	if (data[1] & 0x40) {
		how.limits.record = 1 + data[2];
		how.limits.field = 1 + data[3] / 8;
		how.limits.columns = 1 + data[3] % 8;
	}
	const char *text = (const char *)data + 4;
	size -= 4;
	static const char *const marks[] = { "\xFF\xFE", "\xFE\xFF", "\x1F\x8B", "\x28\xB5\x2F\xFD" };
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		how.recoded = how.recoded || (size >= strlen(marks[i]) && memcmp(text, marks[i], strlen(marks[i])) == 0);
	how.recoded = how.recoded || (size >= 4 && (memcmp(text, "\0\0\xFE\xFF", 4) == 0 || memcmp(text + 1, "\x2A\x4D\x18", 3) == 0));
	static const char *const encodings[] = { "utf-16", "shift_jis", "windows-1252", "gb18030", "utf-32be", "iso-2022-jp", "utf-7", "euc-jp" };
	if (data[1] & 0x10) {
		how.options.encoding = encodings[data[1] & 7];
		how.recoded = true;
	}
	char path[64];
	int fd = csv_memory_file(text, size, path);
	how.path = path;
	struct error error = ERROR_INIT;
	struct csv_seen seen, expected;
	if (csv_drain(&how, NULL, false, &seen, &error) == 0) {
		if (!how.options.header && !how.recoded) {
			csv_oracle(&how, text, size, &expected);
			csv_check_same(&expected, "oracle", &seen, "source");
			csv_seen_fini(&expected);
		}
		if (size < 1000)
			csv_check_resume(&how, &seen);
	} else {
		CHECK(error.kind == ERROR_SOURCE || (error.kind == ERROR_CONFIG && (how.options.header || how.options.encoding)));
	}
	csv_seen_fini(&seen);
	close(fd);
	schema_free(schema);
	return 0;
}

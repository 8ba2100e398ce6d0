/* Random and hostile CSV: the source sees what a slow, simple second reading sees, from any position, in pieces of any size.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "connectors/csv/csv.h"
#include "tests/support/csv_oracle.h"
#include "tests/support/csv_seen.h"

/* $PENSTOCK_TEST_FULL chooses. */
static size_t cases = 1200;
static size_t hostile_bytes = 24u << 20;

static uint64_t seed = 88172645463325252u;

/* xorshift64: the same cases on every machine. */
static size_t chance(size_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (size_t)(seed % below);
}

static size_t append(char *out, size_t length, const char *piece)
{
	size_t bytes = piece[0] ? strlen(piece) : 1;
	memcpy(out + length, piece, bytes);
	return length + bytes;
}

static size_t random_text(char *out, size_t most)
{
	static const char *const pieces[] = {
		"a", "bb", "\"", "\"\"", ",", "\n", "\r\n", "\r", " ", "\t", "\",", "\"\n", ",\"", "\xC3\xA9", "\xFF", "\xE2\x82",
		"\xED\xA0\x80", "\xC0\x80", "", ";", "'", "\\", "\\\n", "\\\"", "\\\r\n", "\\,", "\u00A6", "\u20AC,", ",,", "#", "n", "e",
	};
	size_t count = chance(most), length = 0;
	/* Some files are mostly quotes and line ends, some have hardly any. */
	size_t kinds = chance(2) ? sizeof pieces / sizeof *pieces : 13;
	for (size_t i = 0; i < count; i++)
		length = append(out, length, pieces[chance(kinds)]);
	return length;
}

/* Records that go on over many lines, in cells of all lengths, with records to begin in any of them. */
static size_t joined_text(char *out, size_t most)
{
	static const char *const pieces[] = {
		"\",\"", "\n", "\"\"", "abcd", "efghijkl", ",", " ", "\",\"\n", "\",", "\n,\"", "\n\"", "\"\n", "\"",
		"\\\n", "\\\"", "x\\\n", "\\\\",
	};
	/* The first ones never leave a stray byte behind a closing quote, which would end most records early. */
	size_t count = chance(most), length = 0, kinds = 4 + chance(14);
	for (size_t i = 0; i < count; i++)
		length = append(out, length, chance(2) ? &"abcde"[chance(5)] : pieces[chance(kinds)]);
	return length;
}

/* What libcsv does not know. */
static void wide_dialect(struct csv_options *options)
{
	static const char *const delimiters[] = { ",,", ",;", ", ", "\u00A6", "\u20AC,", " ,", "e", ",e," };
	if (chance(2))
		options->delimiter = delimiters[chance(8)];
	if (chance(2))
		options->escape = chance(4) ? "\\" : "'";
	if (options->escape && options->quote[0] == options->escape[0])
		options->escape = "\\";
	options->escape_codes = options->escape && chance(3) == 0;
	options->double_quote = chance(3) > 0;
	options->skip_initial_space = chance(3) == 0;
	if (chance(4) == 0)
		options->quote = "none";
	if (chance(3) == 0)
		options->comment = (const char *const[]){ "#", "a", "bb" }[chance(3)];
	options->skip_lines = chance(4) ? 0 : (int64_t)chance(3);
	options->short_rows = chance(2) ? SHORT_PAD : SHORT_REJECT;
	options->long_rows = (int)chance(3);
}

static struct csv_case random_case(const struct schema *const *schemas)
{
	struct csv_case how = {
		.options = { .delimiter = ",", .quote = "\"", .double_quote = true, .trim = chance(3) == 0 },
		.schema = schemas[chance(4)], .limits = LIMITS_DEFAULT, .capacity = 1 + chance(7),
	};
	if (chance(8) == 0)
		how.options.delimiter = (const char *const[]){ "\t", ";", " " }[chance(3)];
	if (chance(8) == 0 && how.options.delimiter[0] != '\'')
		how.options.quote = "'";
	if (chance(2))
		wide_dialect(&how.options);
	if (chance(2)) {
		how.limits.record = 1 + chance(chance(2) ? 40 : 400);
		how.limits.field = 1 + chance(chance(2) ? 20 : 90);
		how.limits.columns = 1 + chance(6);
	}
	return how;
}

/* A pipe that gives the data in the small pieces in which it was written, then ends. Returns what keeps path alive. */
static int pieces_pipe(const char *data, size_t size, char *path)
{
	int ends[2];
	/* O_DIRECT: a read gives one write, however much it asks for. */
	assert_int_equal(pipe2(ends, O_DIRECT | O_CLOEXEC), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) > 0);
	for (size_t done = 0; done < size;) {
		/* Each is a page of the pipe, which has 256. */
		size_t piece = 1 + size / 250 + chance(5);
		if (piece > size - done)
			piece = size - done;
		assert_int_equal(write(ends[1], data + done, piece), piece);
		done += piece;
	}
	close(ends[1]);
	snprintf(path, 64, "/proc/self/fd/%d", ends[0]);
	return ends[0];
}

static void test_random(void **state)
{
	(void)state;
	const struct schema *schemas[4];
	for (size_t i = 0; i < 4; i++)
		schemas[i] = csv_schema(i + 1);
	char *data = malloc(8192);
	for (size_t i = 0; i < cases; i++) {
		struct csv_case how = random_case(schemas);
		size_t size = i % 2 ? random_text(data, 120) : joined_text(data, 300);
		struct error error = ERROR_INIT;
		struct csv_seen expected, seen;
		char path[64];
		csv_oracle(&how, data, size, &expected);

		int fd = csv_memory_file(data, size, path);
		how.path = path;
		if (csv_drain(&how, NULL, false, &seen, &error) < 0) {
			/* Some random beginnings are marks of other encodings. */
			assert_int_equal(error.kind, ERROR_SOURCE);
			csv_seen_fini(&expected);
			csv_seen_fini(&seen);
			close(fd);
			continue;
		}
		csv_check_same(&expected, "oracle", &seen, "source");
		csv_check_resume(&how, &seen);
		csv_seen_fini(&seen);
		close(fd);

		fd = pieces_pipe(data, size, path);
		assert_int_equal(csv_drain(&how, NULL, false, &seen, &error), 0);
		csv_check_same(&expected, "oracle", &seen, "source, in pieces");
		csv_seen_fini(&seen);
		close(fd);
		csv_seen_fini(&expected);
	}
	free(data);
	for (size_t i = 0; i < 4; i++)
		schema_free((struct schema *)(uintptr_t)schemas[i]);
}

/* Longer than several blocks, so that the window moves, with look-ahead that makes it grow. */
static void test_large(void **state)
{
	(void)state;
	struct schema *schema = csv_schema(3);
	for (size_t round = 0; round < 8; round++) {
		static const size_t record_limits[] = { 40, 300, 2000, 300000, 400000, 700000, 2000, 9000 };
		static const size_t quote_every[] = { 30, 40, 90, 20000, 60000, 4000, 40, 90 };
		/* 0: the default. The slow reading takes as long as records that are given up are long. */
		static const size_t field_limits[] = { 0, 0, 0, 0, 0, 0, 150, 400 };
		static const size_t columns_limits[] = { 0, 0, 0, 0, 0, 0, 0, 60 };
		size_t size = round < 3 ? 700000 : round < 6 ? 1500000 : 300000;
		char *data = malloc(size);
		assert_non_null(data);
		for (size_t i = 0; i < size; i++) {
			/* Lines of some hundred bytes keep the slow reading from being too slow. */
			size_t dice = chance(quote_every[round]);
			bool often = round < 3 || round > 5 || chance(30) == 0;
			if (dice == 0 && i + 3 < size) {
				/* A lone one has a stray byte behind it most of the time, and the record ends there. */
				static const char *const quotes[] = { "\",\"", "\"\"", "\",\"", "\",\n", ",\"", "\"" };
				i = append(data, i, quotes[chance(6)]) - 1;
			} else {
				data[i] = "abcdefgh,\n\r"[often ? chance(11) : chance(8)];
			}
		}
		struct csv_case how = { .options = { .delimiter = ",", .quote = "\"", .double_quote = true }, .schema = schema,
		                        .limits = LIMITS_DEFAULT, .capacity = 4096 };
		how.limits.record = record_limits[round];
		how.options.trim = round > 6;
		if (field_limits[round] > 0)
			how.limits.field = field_limits[round];
		if (columns_limits[round] > 0)
			how.limits.columns = columns_limits[round];
		char path[64];
		int fd = csv_memory_file(data, size, path);
		how.path = path;
		struct error error = ERROR_INIT;
		struct csv_seen expected, seen;
		csv_oracle(&how, data, size, &expected);
		assert_int_equal(csv_drain(&how, NULL, false, &seen, &error), 0);
		csv_check_same(&expected, "oracle", &seen, "source");
		csv_seen_fini(&expected);
		csv_seen_fini(&seen);
		close(fd);
		free(data);
	}
	schema_free(schema);
}

static void read_hostile(const char *what, const char *line, const char *every, size_t each, struct limits limits, bool trim,
	size_t least_faults)
{
	struct schema *schema = csv_schema(2);
	char *data = malloc(hostile_bytes + strlen(line) + strlen(every));
	assert_non_null(data);
	size_t size = 0, lines = 0;
	for (; size < hostile_bytes; lines++) {
		const char *text = each > 0 && lines % each == each - 1 ? every : line;
		memcpy(data + size, text, strlen(text));
		size += strlen(text);
	}
	char path[64];
	int fd = csv_memory_file(data, size, path);
	free(data);
	struct csv_case how = { .path = path, .options = { .delimiter = ",", .quote = "\"", .double_quote = true, .trim = trim }, .schema = schema,
	                        .limits = limits };
	struct error error = ERROR_INIT;
	void *self;
	assert_int_equal(csv_open_case(&how, &self, &error), 0);
	struct batch *batch = batch_new(schema, batch_rows_for(schema, 0), &how.limits, &error);
	assert_non_null(batch);
	size_t faults = 0;
	do {
		batch_reset(batch);
		assert_int_equal(csv_source_ops.read(self, batch, &error), SOURCE_BATCH);
		faults += batch->fault_count;
	} while (!batch->last);
	print_message("# %s: %zu bytes, %zu lines, %zu faults\n", what, size, lines, faults);
	assert_true(faults >= least_faults);
	batch_free(batch);
	csv_close_case(self);
	close(fd);
	schema_free(schema);
}

/* A line of 125 bytes without its end: x's, with what stands in it at 60. Begins as a record it opens a quote; within one
 * that is open it closes that cell and opens another. */
static void fill_line(char line[128], const char *end, const char *within)
{
	memset(line, 'x', 128);
	memcpy(line + 1, "\",\"", 3);
	memcpy(line + 60, within, strlen(within));
	memcpy(line + 125, end, strlen(end) + 1);
}

/* With a look-ahead of 4 MiB at every line these would take hours if bytes were walked again. Nothing is measured: a
 * reader that is not linear does not come to the end. */
static void test_hostile(void **state)
{
	(void)state;
	size_t lines = hostile_bytes / 128;
	struct limits limits = LIMITS_DEFAULT;
	limits.columns = 1u << 24;
	char line[128], every[128];
	fill_line(line, "\n", "x");
	read_hostile("every line opens a quote that never closes", line, "", 0, limits, false, lines / 2);
	fill_line(every, "\n", "\",\"");
	read_hostile("quotes close and others open, no record ends", line, every, 100, limits, false, lines / 4);
	fill_line(every, "\n", "\"\"\"\"");
	read_hostile("pairs of quotes everywhere", every, line, 3, limits, false, lines / 4);
	fill_line(line, "\r", "x");
	read_hostile("the same with lone CRs", line, "", 0, limits, false, lines / 2);
	read_hostile("short lines", "a\",\"b\n", "", 0, limits, false, hostile_bytes / 14);
	read_hostile("in every line a stray byte behind the quote of the line before", "\"abcde\n", "", 0, limits, false,
		hostile_bytes / 14);
	read_hostile("all have the same stray byte far away", "a\",\"b\n", "c\"d\n", 600000, limits, false, hostile_bytes / 14);
	read_hostile("the same with pairs of quotes, trimmed", "a\"\"\",\" b\n", "c\" d\n", 300000, limits, true,
		hostile_bytes / 22);
}

/* The same with records that do end within limits.record, but are over another limit. */
static void test_hostile_cells(void **state)
{
	(void)state;
	size_t lines = hostile_bytes / 128;
	struct limits limits = LIMITS_DEFAULT, small = LIMITS_DEFAULT;
	small.field = 64;
	small.columns = 1u << 24;
	limits.columns = 1u << 24;
	char line[128];
	fill_line(line, "\n", "x");
	size_t length = 3u << 20;
	char *wide = malloc(length + 100);
	assert_non_null(wide);
	memset(wide, 'x', length + 100);
	memcpy(wide + length, "\",1\n", 5);
	read_hostile("a cell of 3 MiB, which is too long for all that come to it", line, wide, 8000, limits, false, lines / 4);
	for (size_t i = 0; i + 2 <= length; i += 64)
		memcpy(wide + i, "\"\"", 2);
	read_hostile("the same with pairs of quotes", "1\"\",\"a\"\"b\n", wide, 100000, limits, false, hostile_bytes / 50);
	read_hostile("all are over limits.field because of one cell far away", "x\",\"y\n",
		"x\",xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n", 400000, small,
		false, hostile_bytes / 14);
	memset(wide, ' ', length + 100);
	memset(wide + 3, 'x', 70);
	memcpy(wide, "x\",", 3);
	memcpy(wide + length, "y\n", 3);
	read_hostile("the same with spaces before that cell ends", "x\",\"y\n", wide, 50000, small, true, hostile_bytes / 100);
	memcpy(wide + length, ",\n", 3);
	read_hostile("the same with spaces that are trimmed", "x\",\"y\n", wide, 50000, small, true, hostile_bytes / 100);
	free(wide);
	/* For a record that begins before the line this is: the end of a cell, a cell of 62 bytes with its line end. */
	memset(line, 'x', 64);
	memcpy(line, "\",\"", 3);
	memcpy(line + 64, "\n", 2);
	read_hostile("a stray byte in the line itself, none for those before it", line, "x\n", 1u << 20, small, false,
		hostile_bytes / 140);
	/* And here one of 64, for a record that begins with the line one of 61. */
	memset(line, 'x', 66);
	memcpy(line + 1, "\",\"", 3);
	memcpy(line + 65, "\n", 2);
	read_hostile("cells of just so many bytes", line, "x\n", 1u << 20, small, false, 0);
	read_hostile("all are over limits.columns", "1,2,3,4,5,\"x\",\"y\n", "", 0, (struct limits)LIMITS_DEFAULT, false,
		hostile_bytes / 40);
}

int main(void)
{
	if (getenv("PENSTOCK_TEST_FULL") && *getenv("PENSTOCK_TEST_FULL")) {
		cases = 100000;
		hostile_bytes = 100u << 20;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_hostile_cells),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

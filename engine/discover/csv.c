/* csv.c - what a CSV file is: its encoding, its dialect, its header, its columns.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/discover/csv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "connectors/csv/sample.h"
#include "engine/core/utf8.h"
#include "engine/discover/finding.h"

enum { ABOUT_MAX = 1 << 16, NOTE_MAX = 4096, KEY_RECORDS_LEAST = 10, NUL_SHARE = 4 };

/* --- encoding ----------------------------------------------------------------------------------- */

static bool is_ascii(const struct csv_sample *sample)
{
	for (size_t i = 0; i < sample->length; i++)
		if ((unsigned char)sample->text[i] >= 0x80)
			return false;
	return true;
}

/* UTF-16 of mostly Latin letters: every second byte is NUL. NULL: it is none. */
static const char *wide_encoding(const struct csv_sample *sample)
{
	size_t nul[2] = { 0, 0 };
	for (size_t i = 0; i < sample->length; i++)
		nul[i % 2] += sample->text[i] == '\0';
	if (nul[1] > sample->length / NUL_SHARE && nul[0] == 0)
		return "utf-16le";
	return nul[0] > sample->length / NUL_SHARE && nul[1] == 0 ? "utf-16be" : NULL;
}

/* Bytes that are no UTF-8, but for a character that the end of the sample cuts. */
static bool is_utf8(const struct csv_sample *sample)
{
	size_t bad = utf8_find_bad(sample->text, sample->length, 0);
	return bad == sample->length || (!sample->whole && bad + 4 > sample->length);
}

static int check_text(const struct finding *finding, const struct csv_sample *sample, struct error *error)
{
	const char *path = finding->how->path;
	if (!sample->regular)
		return error_set(error, ERROR_SOURCE, path, "is no file that can be read more than once; write it to a file first");
	if (sample->length == 0)
		return error_set(error, ERROR_SOURCE, path, "is empty: there is nothing to discover");
	size_t odd = 0;
	for (size_t i = 0; i < sample->length; i++) {
		unsigned char c = (unsigned char)sample->text[i];
		if (c == '\0')
			return error_set(error, ERROR_SOURCE, path, "has a NUL byte at byte %zu: this is no text, or text in an encoding that --encoding must name", i);
		odd += c < 0x20 && c != '\t' && c != '\n' && c != '\r';
	}
	if (odd > sample->length / 10)
		return error_set(error, ERROR_SOURCE, path, "is full of control characters: this is no CSV file");
	return 0;
}

/* Takes the sample in the encoding that its bytes suggest. */
static int take_sample(struct finding *finding, struct csv_sample *sample, struct error *error)
{
	const struct discover_csv *how = finding->how;
	if (csv_sample_take(how->path, finding->encoding[0] ? finding->encoding : NULL, how->cancel, sample, error) < 0)
		return -1;
	finding->recoded = !is_ascii(sample) && is_utf8(sample);
	const char *wide = wide_encoding(sample);
	if (!finding->encoding[0] && !sample->encoding[0] && sample->regular && sample->length > 0 && (wide || !is_utf8(sample)) &&
	    (wide || !memchr(sample->text, '\0', sample->length))) {
		snprintf(finding->encoding, sizeof finding->encoding, "%s", wide ? wide : "windows-1252");
		csv_sample_fini(sample);
		if (csv_sample_take(how->path, finding->encoding, how->cancel, sample, error) < 0)
			return -1;
	}
	snprintf(finding->marked, sizeof finding->marked, "%s", finding->encoding[0] ? "" : sample->encoding);
	for (char *c = finding->marked; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
	return check_text(finding, sample, error);
}

/* --- reading ------------------------------------------------------------------------------------ */

/* The dialect, and where the records begin. */
static int guess(struct finding *finding, const struct csv_sample *sample, struct error *error)
{
	const struct discover_csv *how = finding->how;
	struct csv_guess *guess = &finding->scan.guess;
	size_t length = sample->length;
	const char *text = behind_lines(sample->text, &length, how->skip_lines > 0 ? (uint64_t)how->skip_lines : 0);

	csv_guess(text, length, &(struct csv_known){ how->delimiter, how->quote }, guess);
	if (guess->columns == 0 && how->skip_lines > 0)
		return error_set(error, ERROR_SOURCE, how->path, "has no record behind %" PRId64 " lines, in its first %d MiB: --skip-lines passes over less",
			how->skip_lines, CSV_SAMPLE_BYTES >> 20);
	if (guess->columns == 0)
		return error_set(error, ERROR_SOURCE, how->path, "has no record: there is nothing to discover");
	if (how->skip_lines >= 0) {
		guess->skip_lines = (uint64_t)how->skip_lines;
		return 0;
	}
	text = behind_lines(text, &length, guess->skip_lines);
	titles_find(text, length, guess, &finding->titles);
	finding->titles.clear = finding->titles.clear && how->header >= 0;
	if (finding->titles.clear)
		guess->skip_lines += finding->titles.lines;
	return 0;
}

static int read_once(struct finding *finding, struct error *error)
{
	const struct discover_csv *how = finding->how;
	struct scan *scan = &finding->scan;
	struct csv_sample sample;
	int result = -1;

	if (take_sample(finding, &sample, error) < 0)
		goto out;
	if (guess(finding, &sample, error) < 0)
		goto out;
	scan->options = (struct csv_options)CSV_OPTIONS_DEFAULT;
	scan->path = how->path;
	scan->header_rows = how->header_rows;
	scan->options.header = false;
	scan->options.delimiter = scan->guess.delimiter;
	scan->options.quote = scan->guess.quote;
	scan->options.escape = scan->guess.escape;
	scan->options.comment = scan->guess.comment;
	scan->options.skip_lines = (int64_t)scan->guess.skip_lines;
	scan->options.skip_initial_space = scan->guess.initial_space;
	scan->options.encoding = finding->encoding[0] ? finding->encoding : NULL;
	result = scan_file(scan, how->sample, how->cancel, error);
	if (result == 0 && scan->records == 0)
		result = error_set(error, ERROR_SOURCE, how->path, "has no record that can be read: %s", scan->bad_bytes > 0
			? "its bytes are no text in this encoding; --encoding names another" : scan->damaged > 0
			? "its quotes do not match, or a line is longer than 4 MiB" : "there is nothing to discover");
	if (result == 0 && (int64_t)scan->records < how->header_rows)
		result = error_set(error, ERROR_SOURCE, how->path, "has %" PRIu64 " record%s, fewer than --header-rows %" PRId64, scan->records,
			scan->records == 1 ? "" : "s", how->header_rows);
out:
	csv_sample_fini(&sample);
	return result;
}

/* Bytes that are none of the encoding, far behind the sample: another one is tried where nothing speaks for this one. */
static int read_file(struct finding *finding, struct error *error)
{
	static const char *const next[] = { "windows-1252", "latin-1", NULL };
	if (finding->how->encoding)
		snprintf(finding->encoding, sizeof finding->encoding, "%s", finding->how->encoding);
	int result = read_once(finding, error);
	for (size_t i = 0; next[i]; i++) {
		bool other = finding->encoding[0] && strcmp(finding->encoding, next[i]) != 0 && (i == 0 || strcmp(finding->encoding, next[i - 1]) != 0);
		if (finding->scan.bad_bytes == 0 || finding->how->encoding || (!finding->encoding[0] && finding->recoded) || other ||
		    strcmp(finding->encoding, next[i]) == 0 || (result < 0 && error->kind != ERROR_SOURCE))
			continue;
		snprintf(finding->encoding, sizeof finding->encoding, "%s", next[i]);
		scan_fini(&finding->scan);
		finding->scan = (struct scan){ .records = 0 };
		*error = (struct error)ERROR_INIT;
		result = read_once(finding, error);
	}
	return result;
}

/* --- columns ------------------------------------------------------------------------------------ */

/* "customer_id", "ID", "code", "Order No". */
static bool is_key_label(const char *name)
{
	static const char *const words[] = { "id", "code", "key", "no", "nr", "number", "uuid", "guid", "isbn", "sku", NULL };
	const char *last = name + strlen(name);
	while (last > name && last[-1] != '_' && last[-1] != ' ' && last[-1] != '-' && last[-1] != '.')
		last--;
	for (size_t i = 0; words[i]; i++)
		if (strcasecmp(last, words[i]) == 0)
			return true;
	size_t length = strlen(name);
	return length > 2 && (strcmp(name + length - 2, "Id") == 0 || strcmp(name + length - 2, "ID") == 0);
}

/* The column that is most likely the primary key. Everything is unique in a few records; then only a label speaks for one. */
static size_t choose_key(const struct finding *finding)
{
	size_t key = SIZE_MAX;
	for (size_t c = 0; c < finding->scan.columns; c++) {
		const struct described *column = &finding->columns[c];
		bool text = column->found.kind == FOUND_STRING;
		if (!column->complete || !column->different || !column->sure || !column->key_type ||
		    (text && finding->scan.profiles[c].longest > KEY_LENGTH_MAX))
			continue;
		bool labelled = finding->header.there && is_key_label(finding->header.names[c]);
		if (labelled)
			return c;
		if (c == 0 && !text && finding->scan.records >= KEY_RECORDS_LEAST)
			key = c;
	}
	return key;
}

static bool needs_trim(const struct finding *finding)
{
	for (size_t c = 0; c < finding->scan.columns; c++) {
		struct found found;
		if (finding->scan.profiles[c].spaces_only == 0)
			continue;
		column_profile_decide(&finding->scan.profiles[c], &finding->scan.profiling, finding->header.names[c], COMMA_CUTS, &found);
		if (found.kind != FOUND_STRING && found.kind != FOUND_NOTHING)
			return true;
	}
	return false;
}

/* A column that can be read in one way alone speaks for the others. */
static enum comma_use comma_of(const struct finding *finding)
{
	const struct scan *scan = &finding->scan;
	enum comma_use use = strcmp(scan->guess.delimiter, ";") == 0 ? COMMA_FREE : COMMA_CUTS;
	for (size_t c = 0; c < scan->columns; c++) {
		struct number_spelling spelling;
		struct found found;
		column_profile_decide(&scan->profiles[c], &scan->profiling, finding->header.names[c], use, &found);
		if (found.kind != FOUND_NUMBER || found.either)
			continue;
		number_spelling(found.style, &spelling);
		if (strcmp(spelling.decimal, ",") == 0)
			return COMMA_DECIMAL;
	}
	return use;
}

static int describe_columns(struct finding *finding, struct error *error)
{
	struct scan *scan = &finding->scan;
	struct describing how = { .profiling = &scan->profiling, .records = scan->records, .trim = finding->trim, .all = scan->all,
		.constraints = finding->how->constraints, .comma = comma_of(finding) };

	finding->columns = calloc(scan->columns, sizeof *finding->columns);
	finding->out->notes = calloc(scan->columns, sizeof *finding->out->notes);
	if (!finding->columns || !finding->out->notes)
		return error_memory(error, "a dictionary");
	for (size_t c = 0; c < scan->columns; c++) {
		struct buffer note;
		buffer_init(&note, NOTE_MAX);
		int result = describe(&how, &scan->profiles[c], finding->header.names[c], &finding->columns[c], &note, error);
		finding->out->notes[c] = strdup(buffer_text(&note));
		finding->out->fields++;
		buffer_fini(&note);
		if (result < 0)
			return -1;
		if (!finding->out->notes[c])
			return error_memory(error, "a dictionary");
	}
	finding->key = choose_key(finding);
	return 0;
}

int discover_csv(const struct discover_csv *how, struct discovered_csv *out, struct error *error)
{
	struct finding finding = { .how = how, .out = out, .key = SIZE_MAX };
	int result = -1;

	*out = (struct discovered_csv){ .fields = 0 };
	buffer_init(&out->about, ABOUT_MAX);
	if (how->skip_lines > SKIP_LINES_MAX || how->header_rows > HEADER_ROWS_MAX)
		return error_set(error, ERROR_CONFIG, NULL, "--skip-lines is %d at most, --header-rows %d", SKIP_LINES_MAX, HEADER_ROWS_MAX);
	if (how->header_rows > 0 && how->header < 0)
		return error_set(error, ERROR_CONFIG, NULL, "--header-rows counts the lines of a header; leave --header no out");
	if (how->delimiter || how->quote) {
		struct grammar grammar;
		struct csv_options options = CSV_OPTIONS_DEFAULT;
		options.delimiter = how->delimiter ? how->delimiter : strcmp(how->quote, ",") == 0 ? ";" : ",";
		options.quote = how->quote ? how->quote : "none";
		if (csv_grammar(&options, &grammar, error) < 0)
			return -1;
	}
	if (read_file(&finding, error) == 0 && header_find(&finding.scan, how->header_rows > 0 ? 1 : how->header, &finding.header, error) == 0) {
		finding.trim = needs_trim(&finding);
		if (describe_columns(&finding, error) == 0 && finding_tell(&finding, error) == 0)
			result = finding_package(&finding, error);
	}
	for (size_t c = 0; finding.columns && c < finding.scan.columns; c++)
		json_decref(finding.columns[c].field);
	free(finding.columns);
	header_found_fini(&finding.header);
	scan_fini(&finding.scan);
	return result;
}

void discovered_csv_fini(struct discovered_csv *found)
{
	json_decref(found->package);
	json_decref(found->source);
	for (size_t i = 0; i < found->fields; i++)
		free(found->notes[i]);
	free(found->notes);
	buffer_fini(&found->about);
	*found = (struct discovered_csv){ .fields = 0 };
}

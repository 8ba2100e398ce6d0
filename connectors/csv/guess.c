/* guess.c - trying dialects on a sample.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/csv/guess.h"

#include <string.h>

enum {
	COUNTS = 4099,        /* cells of a record that are told apart; more count as the last */
	PREAMBLE_MAX = 40,    /* records before the header that may be left out */
	PREAMBLE_COST = 2,    /* what leaving them out divides a score by */
	SAMPLE_RECORDS = 5000,
};

/* In the order of preference where two do equally well. Neither space nor colon: they stand in texts and times. */
static const char *const delimiters[] = { ",", "\t", ";", "|", "||", "\u00A6", "^", "~", "\x1F", "\x01", "::", NULL };
static const struct {
	const char *quote, *escape;
} quotings[] = { { "\"", NULL }, { "\"", "\\" }, { "'", NULL }, { "'", "\\" }, { "none", NULL }, { "none", "\\" } };

/* One dialect to try, and what it made of the sample. */
struct trial {
	const char *delimiter, *quote, *escape;
	bool comments;                /* lines that begin with # are passed over */
	uint32_t counts[COUNTS];      /* records with so many cells */
	uint16_t first[PREAMBLE_MAX]; /* cells of the first records, */
	uint32_t first_lines[PREAMBLE_MAX]; /* and the lines before each */
	uint64_t records, cells, clean, stray, quoted, escaped;
	uint64_t later, spaced;       /* cells that are not the first of a record, and those with a space in front */
	uint64_t odd_filled;          /* every second cell with something in it */
	uint64_t hashes;              /* records that begin with # */
	size_t hash_cells;            /* cells of the first of them */
	size_t most;
	size_t columns;               /* of most records */
	uint64_t preamble;            /* records before the first with that many */
	double score;
};

/* --- cells -------------------------------------------------------------------------------------- */

static bool is_end(char c)
{
	return c == '\n' || c == '\r';
}

/* Behind the line end at p. */
static const char *over_line_end(const char *p, const char *end)
{
	return p + 1 < end && p[0] == '\r' && p[1] == '\n' ? p + 2 : p + 1;
}

static bool begins(const char *p, const char *end, const char *text)
{
	size_t length = strlen(text);
	return (size_t)(end - p) >= length && memcmp(p, text, length) == 0;
}

/* Whether a cell without quotes looks like a value that this delimiter cuts out, and not like several. */
static bool is_clean(const char *cell, size_t length, const char *delimiter)
{
	bool digits = false, letters = false, marks = false;
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)cell[i];
		digits = digits || (c >= '0' && c <= '9');
		letters = letters || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c >= 0x80;
		if ((c == ';' || c == '|' || c == '\t' || c == '^' || c == '~' || c < 0x20 || c == '"') && c != (unsigned char)delimiter[0])
			return false;
		marks = marks || c == ',';
	}
	/* A comma stands in numbers, and in sentences. */
	return !marks || (digits && !letters) || (length > 0 && memmem(cell, length, ", ", 2) != NULL);
}

struct cursor {
	const char *p, *end;
	uint64_t line; /* before p */
};

/* One cell at the cursor; false: it was the last of its record. The cursor is then behind the line end. */
static bool take_cell(struct trial *trial, struct cursor *at, size_t cell)
{
	const char *p = at->p, *end = at->end, *start = p;
	char quote = strcmp(trial->quote, "none") == 0 ? '\0' : trial->quote[0], escape = trial->escape ? trial->escape[0] : '\0';
	bool quoted = false, more = false;

	if (cell > 0 && p < end && !is_end(*p) && !begins(p, end, trial->delimiter)) {
		trial->later++;
		trial->spaced += *p == ' ';
	}
	while (p < end && *p == ' ')
		p++;
	if (quote && p < end && *p == quote) {
		quoted = true;
		for (p++; p < end; p++) {
			if (escape && *p == escape && p + 1 < end && (p[1] == quote || p[1] == escape)) {
				trial->escaped += p[1] == quote;
				p++;
			} else if (*p == quote && p + 1 < end && p[1] == quote) {
				p++;
			} else if (*p == quote) {
				break;
			} else if (is_end(*p)) {
				at->line += *p == '\n' || p + 1 == end || p[1] != '\n';
			}
		}
		trial->stray += p == end;
		p += p < end;
		while (p < end && *p == ' ')
			p++;
		trial->stray += p < end && !is_end(*p) && !begins(p, end, trial->delimiter);
		trial->quoted++;
	}
	const char *text = p;
	while (p < end && !is_end(*p) && !begins(p, end, trial->delimiter)) {
		if (escape && !quoted && *p == escape && p + 1 < end && (is_end(p[1]) || begins(p + 1, end, trial->delimiter) || p[1] == escape)) {
			trial->escaped++;
			at->line += is_end(p[1]);
			p = is_end(p[1]) ? over_line_end(p + 1, end) : p + 2;
			continue;
		}
		p++;
	}
	trial->cells++;
	trial->clean += quoted || is_clean(text, (size_t)(p - text), trial->delimiter);
	trial->odd_filled += cell % 2 == 1 && p > start;
	more = p < end && !is_end(*p);
	if (more) {
		p += strlen(trial->delimiter);
	} else if (p < end) {
		p = over_line_end(p, end);
		at->line++;
	}
	at->p = p;
	return more;
}

static void take_record(struct trial *trial, struct cursor *at)
{
	size_t cells = 1;
	uint64_t line = at->line;
	bool hash = *at->p == '#';

	while (take_cell(trial, at, cells - 1))
		cells++;
	if (cells > trial->most)
		trial->most = cells;
	size_t counted = cells < COUNTS ? cells : COUNTS - 1;
	trial->hash_cells = hash && trial->hashes == 0 ? counted : trial->hash_cells;
	trial->hashes += hash;
	trial->counts[counted]++;
	if (trial->records < PREAMBLE_MAX) {
		trial->first[trial->records] = (uint16_t)counted;
		trial->first_lines[trial->records] = (uint32_t)line;
	}
	trial->records++;
}

/* --- judging ------------------------------------------------------------------------------------ */

/* Records that differ from most, in front of them, are no records: titles, notes. */
static void leave_preamble_out(struct trial *trial)
{
	uint64_t count = 0;
	while (count < trial->records && count < PREAMBLE_MAX && trial->first[count] != trial->columns)
		count++;
	if (count == 0 || count == PREAMBLE_MAX || trial->counts[trial->columns] < 2)
		return;
	for (uint64_t i = 0; i < count; i++)
		if (trial->first[i] > trial->columns)
			return;
	for (uint64_t i = 0; i < count; i++)
		trial->counts[trial->first[i]]--;
	trial->preamble = count;
}

static void judge(struct trial *trial)
{
	double alike = 0;
	uint64_t kinds = 0;

	for (size_t i = 1; i < COUNTS; i++)
		if (trial->counts[i] > trial->counts[trial->columns])
			trial->columns = i;
	leave_preamble_out(trial);
	for (size_t i = 1; i < COUNTS; i++) {
		kinds += trial->counts[i] > 0;
		alike += (double)trial->counts[i] * (double)(i - 1) / (double)i;
	}
	if (trial->records == 0 || kinds == 0)
		return;
	/* Many kinds of records mean that the delimiter stands in texts; strays that the quotes are none. */
	double records = (double)(trial->records - trial->preamble);
	double typed = trial->cells > 0 ? (double)trial->clean / (double)trial->cells : 0;
	double whole = 1.0 - (double)trial->stray / (double)trial->records;
	trial->score = whole > 0 ? alike / records / (double)kinds * typed * typed * whole * whole : 0;
	/* A delimiter that stands in texts alone has no place in the header: it must not pass for a title. */
	if (trial->preamble > 0)
		trial->score /= PREAMBLE_COST;
}

static void run_trial(struct trial *trial, const char *text, size_t length)
{
	struct cursor at = { .p = text, .end = text + length };

	while (at.p < at.end && trial->records < SAMPLE_RECORDS) {
		if (is_end(*at.p) || (trial->comments && *at.p == '#')) {
			while (at.p < at.end && !is_end(*at.p))
				at.p++;
			at.p = at.p < at.end ? over_line_end(at.p, at.end) : at.end;
			at.line++;
			continue;
		}
		take_record(trial, &at);
	}
	judge(trial);
}

/* Whether quoting does something for the sample that less of it does not. */
static bool pays(const struct trial *trial)
{
	if (trial->escape && trial->escaped == 0)
		return false;
	return trial->quote[0] != '\'' || (trial->quoted >= 2 && trial->stray == 0);
}

/* "||" and not "|": every second cell between the single ones is empty. */
static bool is_doubled(const struct trial *single, const struct trial *twice)
{
	size_t length = strlen(single->delimiter);
	return strlen(twice->delimiter) == 2 * length && memcmp(twice->delimiter, single->delimiter, length) == 0 &&
	       single->odd_filled == 0 && twice->columns > 1;
}

static bool beats(const struct trial *one, const struct trial *best)
{
	if (is_doubled(best, one))
		return true;
	return !is_doubled(one, best) && one->score > best->score * 1.0000001;
}

/* "sep=;" in the first line, as Excel has it. */
static const char *declared_delimiter(const char *text, size_t length)
{
	if (length < 6 || memcmp(text, "sep=", 4) != 0 || !is_end(text[5]))
		return NULL;
	for (size_t i = 0; delimiters[i]; i++)
		if (delimiters[i][0] == text[4] && delimiters[i][1] == '\0')
			return delimiters[i];
	return NULL;
}

static void settle(const struct trial *best, uint64_t lines_before, struct csv_guess *out)
{
	*out = (struct csv_guess){
		.delimiter = best->delimiter, .quote = best->quote, .escape = best->escape, .comment = best->comments ? "#" : NULL,
		.columns = best->columns, .most = best->most, .records = best->records - best->preamble,
		.alike = best->counts[best->columns], .skip_lines = lines_before,
	};
	if (best->preamble > 0 && best->preamble < PREAMBLE_MAX)
		out->skip_lines += best->first_lines[best->preamble];
	out->initial_space = best->later >= 2 && best->spaced == best->later;
}

/* Of a text with one column: a delimiter that cuts none of its records. */
static const char *idle_delimiter(const struct trial *like, const char *text, size_t length)
{
	for (size_t i = 0; delimiters[i]; i++) {
		struct trial trial = { .delimiter = delimiters[i], .quote = like->quote, .escape = like->escape, .comments = like->comments };
		run_trial(&trial, text, length);
		if (trial.most < 2)
			return delimiters[i];
	}
	return delimiters[0];
}

void csv_guess(const char *text, size_t length, const struct csv_known *known, struct csv_guess *out)
{
	struct trial best = { .score = -1 }, second = { .score = -1 }, trial;
	const char *declared = known->delimiter ? NULL : declared_delimiter(text, length), *only = declared ? declared : known->delimiter;
	uint64_t lines_before = declared ? 1 : 0;

	if (declared) {
		const char *next = over_line_end(text + 5, text + length);
		length -= (size_t)(next - text);
		text = next;
	}
	for (size_t q = 0; q < sizeof quotings / sizeof *quotings; q++) {
		if (known->quote && strcmp(known->quote, quotings[q].quote) != 0)
			continue;
		for (size_t d = 0; only ? d < 1 : delimiters[d] != NULL; d++) {
			const char *delimiter = only ? only : delimiters[d];
			if (d > 0 && !memmem(text, length, delimiter, strlen(delimiter)))
				continue;
			trial = (struct trial){ .delimiter = strcmp(delimiter, "\\t") == 0 ? "\t" : delimiter, .quote = quotings[q].quote,
				.escape = quotings[q].escape };
			run_trial(&trial, text, length);
			if (trial.hashes > 0 && trial.hash_cells != trial.columns && trial.hashes < trial.records) {
				trial = (struct trial){ .delimiter = trial.delimiter, .quote = trial.quote, .escape = trial.escape, .comments = true };
				run_trial(&trial, text, length);
			}
			if (best.score >= 0 && (!pays(&trial) || !beats(&trial, &best))) {
				if (strcmp(trial.delimiter, best.delimiter) != 0 && trial.score > second.score && !is_doubled(&trial, &best))
					second = trial;
				continue;
			}
			if (best.score >= 0 && strcmp(trial.delimiter, best.delimiter) != 0 && !is_doubled(&best, &trial))
				second = best;
			best = trial;
		}
	}
	settle(&best, lines_before, out);
	if (best.columns < 2 && !only)
		out->delimiter = idle_delimiter(&best, text, length);
	if (second.score > 0.8 * best.score && second.columns > 1 && strcmp(second.delimiter, best.delimiter) != 0)
		out->rival = second.delimiter;
}

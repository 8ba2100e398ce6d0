/* diagnostics.c - collects findings with their places, and guesses what a mistyped word was meant to be.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/diagnostics.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/utf8.h"

void diagnostics_init(struct diagnostics *diagnostics)
{
	*diagnostics = (struct diagnostics){.count = 0};
}

void diagnostics_fini(struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->count; i++)
		free(diagnostics->items[i].text);
	diagnostics_init(diagnostics);
}

/* Keys and values of a file come into messages, and messages go to terminals. */
static void mask_controls(char *text)
{
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
}

static void count(struct diagnostics *diagnostics, bool warning)
{
	if (warning)
		diagnostics->warnings++;
	else
		diagnostics->errors++;
}

void diagnostics_memory(struct diagnostics *diagnostics)
{
	if (!diagnostics->out_of_memory)
		diagnostics->errors++;
	diagnostics->out_of_memory = true;
}

/* Makes room for an error; false where there are only errors. */
static bool drop_warning(struct diagnostics *diagnostics)
{
	for (size_t i = diagnostics->count; i-- > 0;) {
		if (!diagnostics->items[i].warning)
			continue;
		free(diagnostics->items[i].text);
		diagnostics->count--;
		memmove(&diagnostics->items[i], &diagnostics->items[i + 1],
			(diagnostics->count - i) * sizeof(diagnostics->items[0]));
		return true;
	}
	return false;
}

static void add(struct diagnostics *diagnostics, bool warning, const struct node *node, const char *place,
	const char *message)
{
	size_t size = strlen(place) + strlen(message) + sizeof(": ");
	char *text;

	if (diagnostics->count == DIAGNOSTICS_MAX && (warning || !drop_warning(diagnostics))) {
		count(diagnostics, warning);
		return;
	}
	text = malloc(size);
	if (!text) {
		diagnostics_memory(diagnostics);
		return;
	}
	snprintf(text, size, "%s%s%s", place, place[0] ? ": " : "", message);
	mask_controls(text);
	count(diagnostics, warning);
	diagnostics->items[diagnostics->count++] = (struct diagnostic){
		.warning = warning,
		.text = text,
		.place_length = strlen(place),
		.file_length = node && node->file ? strnlen(node->file, ERROR_PLACE_MAX) : 0,
		.line = node ? node->line : 0,
		.column = node ? node->column : 0,
	};
}

static void add_formatted(struct diagnostics *diagnostics, bool warning, const struct node *node, const char *format,
	va_list arguments)
{
	char place[ERROR_PLACE_MAX];
	char message[ERROR_MESSAGE_MAX];

	if (vsnprintf(message, sizeof(message), format, arguments) >= (int)sizeof(message))
		strcpy(message + utf8_cut(message, sizeof(message) - 1, sizeof(message) - sizeof("...")), "...");
	add(diagnostics, warning, node, node_place(node, place, sizeof(place)), message);
}

void diagnostics_error(struct diagnostics *diagnostics, const struct node *node, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_formatted(diagnostics, false, node, format, arguments);
	va_end(arguments);
}

void diagnostics_warning(struct diagnostics *diagnostics, const struct node *node, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_formatted(diagnostics, true, node, format, arguments);
	va_end(arguments);
}

void diagnostics_take(struct diagnostics *diagnostics, struct error *error)
{
	if (error->kind == ERROR_RESOURCE)
		diagnostics_memory(diagnostics);
	else if (error_is_set(error))
		add(diagnostics, false, NULL, error->place, error->message);
	error_clear(error);
}

static bool same_file(const struct diagnostic *a, const struct diagnostic *b)
{
	return a->file_length == b->file_length && memcmp(a->text, b->text, a->file_length) == 0;
}

static bool before(const struct diagnostic *a, const struct diagnostic *b)
{
	return a->line != b->line ? a->line < b->line : a->column < b->column;
}

/* An insertion sort: stable, and there are never more than DIAGNOSTICS_MAX. A finding moves up to the first of its own
 * file that stands behind it in the file; failing that, to behind the last of its file. */
void diagnostics_sort(struct diagnostics *diagnostics)
{
	struct diagnostic *items = diagnostics->items;

	for (size_t i = 1; i < diagnostics->count; i++) {
		struct diagnostic moved = items[i];
		size_t to = i;
		bool seen = false;

		for (size_t j = 0; j < i; j++) {
			if (!same_file(&items[j], &moved))
				continue;
			seen = true;
			to = j + 1;
			if (before(&moved, &items[j])) {
				to = j;
				break;
			}
		}
		if (!seen)
			continue;
		memmove(&items[to + 1], &items[to], (i - to) * sizeof(items[0]));
		items[to] = moved;
	}
}

int diagnostics_error_of(const struct diagnostics *diagnostics, struct error *error)
{
	if (diagnostics->out_of_memory)
		return error_memory(error, "reading the configuration");
	for (size_t i = 0; i < diagnostics->count; i++) {
		if (diagnostics->items[i].warning)
			continue;
		if (diagnostics->errors > 1)
			return error_set(error, ERROR_CONFIG, NULL, "%s (and %zu more)", diagnostics->items[i].text,
				diagnostics->errors - 1);
		return error_set(error, ERROR_CONFIG, NULL, "%s", diagnostics->items[i].text);
	}
	assert(0 && "asked for an error where none was found");
	return error_set(error, ERROR_CONFIG, NULL, "the configuration is wrong");
}

enum { WORD_MAX = 64 };

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Edits (insert, delete, replace, swap of neighbours) from a to b, without regard to case: optimal string alignment. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *two_above = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_length; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *oldest = two_above;

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t replaced = above[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));

			row[j] = least(above[j] + 1, row[j - 1] + 1, replaced);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]) &&
				two_above[j - 2] + 1 < row[j])
				row[j] = two_above[j - 2] + 1;
		}
		two_above = above;
		above = row;
		row = oldest;
	}
	return above[b_length];
}

const char *suggest(const char *word, const char *const *candidates)
{
	size_t length = strlen(word);
	size_t allowed = length <= 2 ? 0 : length <= 5 ? 1 : length <= 8 ? 2 : 3;
	size_t best = SIZE_MAX;
	const char *found = NULL;

	if (length == 0 || length > WORD_MAX)
		return NULL;
	for (; *candidates; candidates++) {
		size_t candidate_length = strlen(*candidates);
		size_t edits;

		if (candidate_length > WORD_MAX)
			continue;
		edits = distance(word, length, *candidates, candidate_length);
		if (edits < best && edits <= allowed) {
			best = edits;
			found = *candidates;
		}
	}
	return found;
}

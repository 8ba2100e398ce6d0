/* progress.c - the progress line.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/progress.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/cli/display.h"
#include "engine/core/clock.h"

enum { BAR_MIN = 10, BAR_MAX = 30, NAME_COLUMNS = 24, PART_MAX = 64, PARTS_MAX = 6 };

bool progress_possible(FILE *out)
{
	const char *term = getenv("TERM");
	return isatty(fileno(out)) && term && *term && strcmp(term, "dumb") != 0;
}

/* 1234567 as "1,234,567". */
static void group(uint64_t number, char out[PART_MAX])
{
	char digits[24];
	int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
	size_t at = 0;
	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
}

static void duration(int64_t seconds, char out[PART_MAX])
{
	if (seconds >= 3600)
		snprintf(out, PART_MAX, "%lld:%02lld:%02lld", (long long)(seconds / 3600), (long long)(seconds / 60 % 60),
			(long long)(seconds % 60));
	else
		snprintf(out, PART_MAX, "%02lld:%02lld", (long long)(seconds / 60), (long long)(seconds % 60));
}

/* The parts behind the bar, most important first; returns how many. */
static size_t make_parts(const struct progress_view *view, char parts[PARTS_MAX][PART_MAX])
{
	size_t count = 0;
	char text[PART_MAX];
	double seconds = (double)view->elapsed_ms / 1000;
	if (view->total)
		snprintf(parts[count++], PART_MAX, "%3.0f%%",
			view->bytes >= view->total ? 100.0 : 100.0 * (double)view->bytes / (double)view->total);
	group(view->rows, text);
	snprintf(parts[count++], PART_MAX, "%.40s rows", text);
	if (view->elapsed_ms >= 500) {
		group((uint64_t)((double)(view->rows - view->before) / seconds), text);
		snprintf(parts[count++], PART_MAX, "%.40s rows/s", text);
		snprintf(parts[count++], PART_MAX, "%.1f MB/s", (double)view->bytes / 1e6 / seconds);
	}
	group(view->rejected, text);
	snprintf(parts[count++], PART_MAX, "%.40s rejected", text);
	if (view->total && view->bytes && view->bytes < view->total && view->elapsed_ms >= 1000) {
		double rest = seconds / (double)view->bytes * (double)(view->total - view->bytes);
		duration((int64_t)(rest + 0.5), text);
		snprintf(parts[count++], PART_MAX, "ETA %.40s", text);
	}
	return count;
}

struct line {
	char *text;
	size_t length;
};

static void put(struct line *line, const char *text, size_t length)
{
	if (line->length + length >= PROGRESS_LINE_MAX)
		return;
	memcpy(line->text + line->length, text, length);
	line->length += length;
	line->text[line->length] = '\0';
}

static void put_bar(struct line *line, const struct progress_view *view, size_t cells, bool colour)
{
	uint64_t done = view->bytes < view->total ? view->bytes : view->total;
	size_t full = (size_t)((double)done / (double)view->total * (double)cells);
	put(line, " [", 2);
	if (colour)
		put(line, "\x1b[32m", 5);
	for (size_t i = 0; i < cells; i++) {
		if (i == full && colour)
			put(line, "\x1b[0m", 4);
		put(line, i < full ? "#" : "-", 1);
	}
	if (full == cells && colour)
		put(line, "\x1b[0m", 4);
	put(line, "]", 1);
}

size_t progress_format(const struct progress_view *view, unsigned columns, bool colour, char out[PROGRESS_LINE_MAX])
{
	char parts[PARTS_MAX][PART_MAX];
	size_t count = make_parts(view, parts), width = 0;
	/* One column stays free: a full line would move the cursor on. */
	size_t room = columns > 1 ? columns - 1 : 0;
	struct line line = {.text = out};
	out[0] = '\0';

	struct buffer name;
	struct error error = ERROR_INIT;
	buffer_init(&name, 4096);
	if (display_escape(&name, view->step, strlen(view->step), &error) == 0) {
		size_t most = room < NAME_COLUMNS ? room : NAME_COLUMNS;
		size_t length = display_cut(buffer_text(&name), name.length, most);
		put(&line, buffer_text(&name), length);
		width = display_width(buffer_text(&name), length);
	}
	buffer_fini(&name);

	size_t shown = 0;
	while (shown < count && width + 2 + strlen(parts[shown]) <= room)
		width += 2 + strlen(parts[shown++]);
	size_t rest = room - width;
	if (view->total && shown == count && rest >= BAR_MIN + 3)
		put_bar(&line, view, rest - 3 < BAR_MAX ? rest - 3 : BAR_MAX, colour);
	for (size_t i = 0; i < shown; i++) {
		put(&line, "  ", 2);
		put(&line, parts[i], strlen(parts[i]));
	}
	return line.length;
}

void progress_draw(struct progress *progress, const struct progress_view *view)
{
	if (!progress->out)
		return;
	int64_t now = clock_elapsed_ms();
	if (progress->shown && now - progress->drawn_ms < PROGRESS_INTERVAL_MS)
		return;
	char line[PROGRESS_LINE_MAX];
	size_t length = progress_format(view, display_columns(progress->out), progress->colour, line);
	fputc('\r', progress->out);
	fwrite(line, 1, length, progress->out);
	fputs("\x1b[K", progress->out);
	fflush(progress->out);
	progress->shown = true;
	progress->drawn_ms = now;
}

void progress_clear(struct progress *progress)
{
	if (!progress->shown)
		return;
	fputs("\r\x1b[K", progress->out);
	fflush(progress->out);
	progress->shown = false;
}

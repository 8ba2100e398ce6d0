/* display.c - escaping for a terminal, and widths by the C library's tables.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/display.h"

#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "engine/core/utf8.h"

/* Of one text; beyond anything that is meant to be read. */
enum { ESCAPED_MAX = 16 << 20 };

/* The code point of a valid character of length bytes. */
static uint32_t decode(const char *text, size_t length)
{
	static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
	uint32_t point = (unsigned char)text[0] & masks[length];
	for (size_t i = 1; i < length; i++)
		point = point << 6 | ((unsigned char)text[i] & 0x3Fu);
	return point;
}

/* Invisible, or turning the direction of what follows (Unicode 15, general categories Cc, Cf, Zl, Zp as far as they are in use).
 * The zero-width joiners stay: names in several scripts need them. */
static bool steers(uint32_t point)
{
	return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0xAD || point == 0x61C || point == 0x200B ||
		point == 0x200E || point == 0x200F || (point >= 0x2028 && point <= 0x202E) ||
		(point >= 0x2060 && point <= 0x206F) || point == 0xFEFF || (point >= 0xFFF9 && point <= 0xFFFB) ||
		(point >= 0xE0000 && point <= 0xE007F);
}

int display_escape(struct buffer *out, const char *text, size_t length, struct error *error)
{
	size_t plain = 0; /* bytes before at that are copied as they are */
	for (size_t at = 0; at < length;) {
		size_t bytes = utf8_character(text + at, length - at);
		uint32_t point = bytes ? decode(text + at, bytes) : 0;
		if (bytes && !steers(point)) {
			at += bytes;
			plain += bytes;
			continue;
		}
		if (buffer_append(out, text + at - plain, plain, error))
			return -1;
		plain = 0;
		int failed;
		if (point == '\n' || point == '\t' || point == '\r')
			failed = buffer_puts(out, point == '\n' ? "\\n" : point == '\t' ? "\\t" : "\\r", error);
		else if (bytes <= 1)
			failed = buffer_printf(out, error, "\\x%02X", (unsigned char)text[at]);
		else
			failed = buffer_printf(out, error, "\\u{%04X}", (unsigned)point);
		if (failed)
			return -1;
		at += bytes ? bytes : 1;
	}
	return buffer_append(out, text + length - plain, plain, error);
}

size_t display_cut(const char *text, size_t length, size_t columns)
{
	size_t at = 0;
	while (at < length) {
		size_t bytes = utf8_character(text + at, length - at);
		/* -1: a character that the C library does not know, or a locale without UTF-8. */
		int width = bytes > 1 ? wcwidth((wchar_t)decode(text + at, bytes)) : 1;
		size_t takes = width < 0 ? 1 : (size_t)width;
		if (takes > columns)
			break;
		columns -= takes;
		at += bytes ? bytes : 1;
	}
	return at;
}

size_t display_width(const char *text, size_t length)
{
	size_t columns = 0;
	for (size_t at = 0; at < length;) {
		size_t bytes = utf8_character(text + at, length - at);
		int width = bytes > 1 ? wcwidth((wchar_t)decode(text + at, bytes)) : 1;
		columns += width < 0 ? 1 : (size_t)width;
		at += bytes ? bytes : 1;
	}
	return columns;
}

static void put_escaped(FILE *out, struct buffer *escaped, const char *text, size_t length)
{
	struct error error = ERROR_INIT;
	buffer_clear(escaped);
	if (display_escape(escaped, text, length, &error) == 0)
		fwrite(buffer_text(escaped), 1, escaped->length, out);
}

void display_puts(FILE *out, const char *text)
{
	struct buffer escaped;
	buffer_init(&escaped, ESCAPED_MAX);
	while (*text) {
		size_t line = strcspn(text, "\r\n");
		put_escaped(out, &escaped, text, line);
		text += line;
		size_t breaks = strspn(text, "\r\n");
		text += breaks;
		if (breaks && *text)
			fputc(' ', out);
	}
	buffer_fini(&escaped);
}

void display_lines(FILE *out, const char *text, const char *indent)
{
	struct buffer escaped;
	buffer_init(&escaped, ESCAPED_MAX);
	while (*text) {
		size_t line = strcspn(text, "\n");
		if (line)
			fputs(indent, out);
		put_escaped(out, &escaped, text, line);
		fputc('\n', out);
		text += line + (text[line] == '\n');
	}
	buffer_fini(&escaped);
}

unsigned display_columns(FILE *stream)
{
	struct winsize size = {0};
	int fd = fileno(stream);
	if (fd < 0 || !isatty(fd))
		return 0;
	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

char *display_bytes(double bytes, char out[16])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	size_t unit = 0;
	while (bytes >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
		bytes /= 1024;
		unit++;
	}
	snprintf(out, 16, unit && bytes < 99.95 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
	return out;
}

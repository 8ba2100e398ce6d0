/* access.c - the log of the service: one JSON object a line, each line one write, no query and no secret in it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/core/clock.h"
#include "engine/core/json_text.h"
#include "engine/core/utf8.h"
#include "engine/http/parts.h"

enum { LINE_MAX_BYTES = 1 << 16, PATH_SHOWN = 512 };

static int put_time(struct buffer *line, int64_t wall_us, struct error *error)
{
	time_t seconds = (time_t)(wall_us / 1000000);
	struct tm parts;
	char text[32];

	gmtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	return buffer_printf(line, error, "{\"time\":\"%s.%03dZ\"", text, (int)(wall_us / 1000 % 1000));
}

/* ,"name":"text"; whatever is no UTF-8 ends it. */
static int put_text(struct buffer *line, const char *name, const char *text, size_t most, struct error *error)
{
	size_t length, good;

	if (!text)
		return 0;
	length = strlen(text);
	good = utf8_find_bad(text, length, 0);
	if (buffer_printf(line, error, ",\"%s\":", name) < 0)
		return -1;
	return json_put_string(text, utf8_cut(text, good, most), line, error);
}

static void write_line(struct buffer *line, struct error *error)
{
	if (buffer_puts(line, "}\n", error) == 0)
		(void)!write(STDERR_FILENO, line->data, line->length);
}

void access_log(const struct access *access)
{
	struct error error = ERROR_INIT;
	struct buffer line;
	char text[ERROR_PLACE_MAX + ERROR_MESSAGE_MAX];

	buffer_init(&line, LINE_MAX_BYTES);
	if (put_time(&line, access->begun_us, &error) == 0 && put_text(&line, "client", access->client, 64, &error) == 0 &&
		put_text(&line, "key", access->key, 64, &error) == 0 && put_text(&line, "method", access->method, 16, &error) == 0 &&
		put_text(&line, "path", access->path, PATH_SHOWN, &error) == 0 &&
		buffer_printf(&line, &error, ",\"status\":%d,\"ms\":%lld.%03lld,\"received\":%llu,\"sent\":%llu", access->status,
			(long long)(access->took_us / 1000), (long long)(access->took_us % 1000), (unsigned long long)access->received,
			(unsigned long long)access->sent) == 0 &&
		put_text(&line, "error", access->error && error_is_set(access->error) ? error_text(access->error, text, sizeof(text)) : NULL,
			sizeof(text), &error) == 0)
		write_line(&line, &error);
	buffer_fini(&line);
}

void access_event(const char *event, const char *key, const char *value)
{
	struct error error = ERROR_INIT;
	struct buffer line;

	buffer_init(&line, LINE_MAX_BYTES);
	if (put_time(&line, clock_wall_us(), &error) == 0 && put_text(&line, "event", event, 64, &error) == 0 &&
		(!key || put_text(&line, key, value, ERROR_MESSAGE_MAX, &error) == 0))
		write_line(&line, &error);
	buffer_fini(&line);
}

/* sample.c - reading ahead and giving the file back.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/csv/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/file/recode.h"
#include "connectors/file/sniff.h"
#include "connectors/file/window.h"
#include "engine/core/limits.h"

/* Without the line that the sample cuts, if there are others. */
static size_t whole_lines(const char *text, size_t length)
{
	const char *last = memrchr(text, '\n', length);
	if (!last)
		last = memrchr(text, '\r', length);
	return last ? (size_t)(last - text) + 1 : length;
}

static int take(struct window *window, struct csv_sample *out, struct error *error)
{
	while (window->end - window->position < CSV_SAMPLE_BYTES && !window->eof)
		if (window_more(window, error) < 0)
			return -1;
	size_t length = (size_t)(window->end - window->position);
	out->whole = window->eof && length <= CSV_SAMPLE_BYTES;
	length = length < CSV_SAMPLE_BYTES ? length : CSV_SAMPLE_BYTES;
	out->text = malloc(length + 1);
	if (!out->text)
		return error_memory(error, "a sample of a file");
	memcpy(out->text, window_at(window, window->position), length);
	out->length = out->whole ? length : whole_lines(out->text, length);
	out->text[out->length] = '\0';
	return 0;
}

int csv_sample_take(const char *path, const char *encoding, struct cancel *cancel, struct csv_sample *out, struct error *error)
{
	static const struct limits limits = LIMITS_DEFAULT;
	struct window window = { .fd = -1 };
	int result = -1;

	*out = (struct csv_sample){ .length = 0 };
	if (encoding && recode_check(encoding, error) < 0)
		return -1;
	if (window_open(&window, path, CSV_SAMPLE_BYTES, cancel, error) == 0 && sniff(&window, encoding, limits.memory, error) == 0) {
		out->regular = window.regular;
		if (!encoding && window.encoding)
			snprintf(out->encoding, sizeof out->encoding, "%s", window.encoding);
		result = take(&window, out, error);
	}
	window_close(&window);
	return result;
}

void csv_sample_fini(struct csv_sample *sample)
{
	free(sample->text);
	sample->text = NULL;
}

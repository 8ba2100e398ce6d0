/* rows.c - printing rows of the state tables.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/rows.h"

#include <stdlib.h>
#include <string.h>

#include "engine/cli/display.h"

enum { FIELD_COLUMN = 14, FIELD_MAX = 1 << 20 };

int row_finish(json_t *object, int failed, bool compact, struct error *error)
{
	char *text = object && !failed ? json_dumps(object, compact ? JSON_COMPACT : JSON_INDENT(2)) : NULL;
	json_decref(object);
	if (!text)
		return error_memory(error, "a row of the output");
	puts(text);
	free(text);
	return 0;
}

void field_print_text(const char *name, const char *value, size_t length)
{
	struct buffer escaped;
	struct error error = ERROR_INIT;
	if (length == 0)
		return;
	buffer_init(&escaped, 16 * FIELD_MAX);
	if (display_escape(&escaped, value, length, &error) == 0)
		printf("%-*s%s\n", FIELD_COLUMN, name, buffer_text(&escaped));
	buffer_fini(&escaped);
}

void field_print(const char *name, const char *value)
{
	field_print_text(name, value, strlen(value));
}

char *time_print(int64_t micros, char out[VALUE_TEXT_MAX])
{
	out[0] = '\0';
	if (micros == 0)
		return out;
	value_format_datetime(micros, out);
	out[10] = ' ';
	out[19] = '\0';
	return out;
}

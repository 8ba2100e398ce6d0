/* behind.c - the condition for rows behind a key.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/odbc/behind.h"

enum { PART_MAX = 8192 };

void behind_init(struct behind_part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buffer_init(&parts[i].column, PART_MAX);
		buffer_init(&parts[i].value, PART_MAX);
	}
}

void behind_fini(struct behind_part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buffer_fini(&parts[i].column);
		buffer_fini(&parts[i].value);
	}
}

int behind_put(const struct behind_part *parts, size_t count, struct buffer *out, struct error *error)
{
	for (size_t last = 0; last < count; last++) {
		if (buffer_puts(out, last ? " OR (" : "((", error))
			return -1;
		for (size_t i = 0; i <= last; i++)
			if (buffer_printf(out, error, "%s%s %s ", i ? " AND " : "", buffer_text(&parts[i].column), i < last ? "=" : ">") ||
			    buffer_puts(out, buffer_text(&parts[i].value), error))
				return -1;
		if (buffer_puts(out, ")", error))
			return -1;
	}
	return buffer_puts(out, ")", error);
}

int behind_bind(struct statement *statement, unsigned *number, const struct buffer *texts, size_t count, struct error *error)
{
	for (size_t last = 0; last < count; last++)
		for (size_t i = 0; i <= last; i++)
			if (statement_bind_text(statement, (*number)++, buffer_text(&texts[i]), texts[i].length, error))
				return -1;
	return 0;
}

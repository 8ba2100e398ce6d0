/* reading.c - from a result set back to typed values of a batch.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/odbc/reading.h"
#include "engine/core/typed.h"

enum { EXPRESSION_MAX = 4096 };

int reading_put(const struct dialect *dialect, const struct field *field, const struct catalog_column *column,
	const char *name, struct buffer *out, struct error *error)
{
	struct buffer quoted;
	int result = -1;

	buffer_init(&quoted, EXPRESSION_MAX);
	if (dialect_quote(dialect, &quoted, column ? column->name : name, error) == 0)
		result = dialect->read(field, column, buffer_text(&quoted), out, error);
	buffer_fini(&quoted);
	return result;
}

int reading_row(struct statement *statement, unsigned first, struct batch *out, struct error *error)
{
	uint32_t row = batch_add_row(out);

	for (size_t i = 0; i < out->schema->field_count; i++) {
		struct text text;
		bool valid;

		if (statement_text(statement, first + (unsigned)i, &text, error))
			return -1;
		if (!text.data) {
			out->rows--;
			return 0;
		}
		if (typed_read(out, i, row, text, &valid, error))
			return -1;
		if (!valid) {
			out->rows--;
			return 0;
		}
	}
	return 1;
}

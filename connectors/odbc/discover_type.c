/* discover_type.c - the type of the dictionary that holds all values of a column.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>
#include <strings.h>

#include "connectors/odbc/discover_type.h"
#include "engine/core/value.h"

enum { OPEN_SCALE = 10 /* of numbers whose column says nothing of their digits */ };

static struct discovered_type decimal(const struct dialect *dialect, const struct catalog_column *column)
{
	if (column->precision >= 1 && column->precision <= DECIMAL_PRECISION_MAX && column->scale >= 0 &&
	    column->scale <= column->precision)
		return (struct discovered_type){ .type = "number", .precision = column->precision, .scale = column->scale };
	/* SQLite keeps integers and doubles in it; others any number of digits. */
	if (dialect->decimal_digits)
		return (struct discovered_type){ .type = "number" };
	/* As text it could not go back into its own column. What does not fit stops a backup. */
	if (column->precision < 1)
		return (struct discovered_type){ .type = "number", .precision = DECIMAL_PRECISION_MAX, .scale = OPEN_SCALE,
						 .note = "any number of digits, of which 28 before the point and 10 behind it are taken" };
	return (struct discovered_type){ .type = "string", .note = "more digits than a number of the dictionary has" };
}

struct discovered_type discover_type(const struct dialect *dialect, const struct catalog_column *column)
{
	switch (column->kind) {
	case KIND_INTEGER:
		return (struct discovered_type){ .type = "integer" };
	case KIND_DECIMAL:
		return decimal(dialect, column);
	case KIND_REAL:
		return (struct discovered_type){ .type = "number" };
	case KIND_BOOLEAN:
		return (struct discovered_type){ .type = "boolean" };
	case KIND_DATE:
		return (struct discovered_type){ .type = "date" };
	case KIND_TIME:
		return (struct discovered_type){ .type = "time" };
	case KIND_DATETIME:
		return (struct discovered_type){ .type = "datetime" };
	case KIND_UUID:
		return (struct discovered_type){ .type = "string", .format = "uuid" };
	case KIND_BINARY:
		return (struct discovered_type){ .type = "string", .format = "binary" };
	case KIND_JSON:
		return (struct discovered_type){ .type = "any" };
	case KIND_TEXT:
		return (struct discovered_type){ .type = "string",
						 .max_length = column->length <= UINT32_MAX ? (unsigned)column->length : 0 };
	case KIND_ANY:
		return (struct discovered_type){ .type = "string", .note = "a column without a type, which may hold anything" };
	default:
		/* SQLite knows the word, and nothing else about it. */
		if (dialect->names_ignore_case && strcasecmp(column->declared, "uuid") == 0)
			return (struct discovered_type){ .type = "string", .format = "uuid" };
		if (dialect->names_ignore_case && strncasecmp(column->declared, "json", 4) == 0)
			return (struct discovered_type){ .type = "any" };
		return (struct discovered_type){ .type = "string", .note = "a type that the dictionary does not have, as its text" };
	}
}

bool discovered_alike(const struct discovered_type *a, const struct discovered_type *b)
{
	bool binary = a->format && strcmp(a->format, "binary") == 0, other = b->format && strcmp(b->format, "binary") == 0;
	bool uuid = a->format && strcmp(a->format, "uuid") == 0, second = b->format && strcmp(b->format, "uuid") == 0;

	return strcmp(a->type, b->type) == 0 && binary == other && uuid == second && !a->precision == !b->precision && a->scale == b->scale;
}

/* declared.c - the values of params by the type that they declare.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/config/declared.h"

#include <assert.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "engine/config/scalars.h"
#include "rules/moment.h"
#include "rules/number.h"

const char *const declared_names[] = {"string", "integer", "number", "boolean", "date", "datetime", NULL};

enum value_type declared_type(int index)
{
	static const enum value_type types[] = {VALUE_STRING, VALUE_INTEGER, VALUE_DOUBLE, VALUE_BOOLEAN, VALUE_DATE,
		VALUE_DATETIME};

	assert(index >= 0 && (size_t)index < sizeof(types) / sizeof(types[0]));
	return types[index];
}

static int read_double(const char *text, char *out, struct error *error)
{
	size_t length = strlen(text);
	char *scratch = malloc(length + 1);
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	double value;
	int result = scratch && c ? 0 : error_memory(error, "the value of a param");

	if (result == 0 && number_double(text, length, scratch, c, &value)) {
		value_format_double(value, out);
		result = 1;
	}
	if (c)
		freelocale(c);
	free(scratch);
	return result;
}

int declared_read(enum value_type type, const char *text, char out[VALUE_TEXT_MAX], struct error *error)
{
	const size_t length = strlen(text);
	int64_t value;
	bool truth;

	switch (type) {
	case VALUE_INTEGER:
		if (!number_integer(text, length, &value))
			return 0;
		value_format_integer(value, out);
		return 1;
	case VALUE_DOUBLE:
		return read_double(text, out, error);
	case VALUE_BOOLEAN:
		if (!scalar_boolean(text, &truth))
			return 0;
		strcpy(out, truth ? "true" : "false");
		return 1;
	case VALUE_DATE:
		if (!moment_date(text, length, &value))
			return 0;
		value_format_date(value, out);
		return 1;
	case VALUE_DATETIME:
		if (!moment_datetime(text, length, NULL, &value))
			return 0;
		value_format_datetime(value, out);
		return 1;
	default:
		assert(0 && "a type that no param declares");
		return 0;
	}
}

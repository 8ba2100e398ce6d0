/* carry.c - the texts by which values travel into databases.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "connectors/odbc/carry.h"

size_t carry_text(const struct field *field, const struct column *from, uint32_t row, char out[VALUE_TEXT_MAX])
{
	switch (field->type) {
	case VALUE_DECIMAL:
		return value_format_decimal(from->decimals[row], field->scale, out);
	case VALUE_DOUBLE:
		return value_format_double(from->doubles[row], out);
	case VALUE_DATE:
		return value_format_date(from->integers[row], out);
	case VALUE_TIME:
		return value_format_time(from->integers[row], out);
	case VALUE_DATETIME:
		return value_format_datetime(from->integers[row], out);
	case VALUE_BOOLEAN:
		memcpy(out, from->integers[row] ? "1" : "0", 2);
		return 1;
	default:
		return value_format_integer(from->integers[row], out);
	}
}

/* style.c - what a CSV source and a CSV sink demand alike of their options.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/csv/style.h"

#include <stddef.h>
#include <string.h>

#include "engine/core/source.h"

static bool is_usable(char c)
{
	return (unsigned char)c < 0x80 && c != '\0' && c != '\r' && c != '\n';
}

int csv_check_path(const char *path, const char *what, struct error *error)
{
	if (path[0] == '\0')
		return error_set(error, ERROR_CONFIG, NULL, "path of the %s is empty", what);
	if (strlen(path) >= sizeof ((struct source_identity *)NULL)->path)
		return error_set(error, ERROR_CONFIG, path, "path of the %s is too long", what);
	return 0;
}

int csv_check_characters(const char *path, char delimiter, char quote, struct error *error)
{
	if (!is_usable(delimiter))
		return error_set(error, ERROR_CONFIG, path, "delimiter must be one ASCII character and no line end");
	if (!is_usable(quote) || quote == ' ' || quote == '\t')
		return error_set(error, ERROR_CONFIG, path, "quote must be one ASCII character, no space, tab or line end");
	if (quote == delimiter)
		return error_set(error, ERROR_CONFIG, path, "delimiter and quote are the same character");
	return 0;
}

/* json_depth.c - how deep a JSON text nests, before any parser that recurses sees it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/json_depth.h"

#include "engine/core/json_text.h"

bool depth_fits(const char *text, size_t length)
{
	size_t depth = 0;
	bool string = false;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (string) {
			if (c == '\\')
				i++;
			else
				string = c != '"';
		} else if (c == '"') {
			string = true;
		} else if (c == '[' || c == '{') {
			if (++depth > JSON_DEPTH_MAX)
				return false;
		} else if ((c == ']' || c == '}') && depth > 0) {
			depth--;
		}
	}
	return true;
}

/* names.c - where names of tables, schemas and columns may come from: nothing from outside becomes a name.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "engine/config/options.h"
#include "engine/config/planning.h"

static bool is_table(const struct planning *planning, const char *value)
{
	const struct dictionary *dictionary = planning->pipeline->dictionary;

	return dictionary && value && dictionary_index(dictionary, value) != SIZE_MAX;
}

/* text: the length bytes between the braces. */
static int check_expression(struct planning *planning, const struct node *name, const char *text, size_t length)
{
	const size_t prefix = strlen("params.");
	char word[128];
	const struct param *param;

	snprintf(word, sizeof(word), "%.*s", (int)(length < sizeof(word) ? length : sizeof(word) - 1), text);
	if (strcmp(word, "table") == 0)
		return 0;
	if (strncmp(word, "params.", prefix) != 0) {
		word[strcspn(word, ":")] = '\0';
		diagnostics_error(planning->diagnostics, name,
			"${%s} cannot be part of the name of a table, schema or column; only ${table} can, and a param with an enum", word);
		return -1;
	}
	param = params_find(&planning->params, word + prefix);
	if (!param || param->broken || param->values.count > 0 || is_table(planning, param->value))
		return 0; /* an unknown one is complained of where it is replaced */
	diagnostics_error(planning->diagnostics, name,
		"param \"%s\" becomes part of the name of a table, schema or column, so it needs an enum%s", param->name,
		planning->pipeline->dictionary ? ", or a table of the dictionary as its value" : "");
	return -1;
}

int check_name(struct planning *planning, const struct node *name)
{
	int result = 0;

	for (size_t i = 0; name && name->kind != NODE_SCALAR && i < name->count; i++)
		if (check_name(planning, name->items[i]) < 0)
			result = -1;
	for (const char *at = node_text(name); at && (at = strchr(at, '$'));) {
		long length;

		if (strncmp(at, "$${", 3) == 0) {
			at += 3;
			continue;
		}
		if (strncmp(at, "${", 2) != 0) {
			at++;
			continue;
		}
		length = interpolate_closed(at + 2);
		if (length < 0)
			break; /* complained of where it is replaced */
		if (check_expression(planning, name, at + 2, (size_t)length) < 0)
			result = -1;
		at += 2 + length + 1;
	}
	return result;
}

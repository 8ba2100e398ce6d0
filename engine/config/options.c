/* options.c - binds a map through an option table.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/config/options.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/config/connections.h"
#include "engine/config/keys.h"
#include "engine/config/scalars.h"
#include "engine/config/sql.h"
#include "engine/core/utf8.h"

const struct option *options_find(const struct option *table, const char *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

const char *options_show(const struct node *node, bool secret, char shown[SHOWN_SIZE])
{
	const size_t most = SHOWN_SIZE - sizeof("\"...\"");
	size_t length = strlen(node->text);

	if (secret || node->secret)
		snprintf(shown, SHOWN_SIZE, "this value (it is not shown)");
	else if (length <= most)
		snprintf(shown, SHOWN_SIZE, "\"%s\"", node->text);
	else
		snprintf(shown, SHOWN_SIZE, "\"%.*s...\"", (int)utf8_cut(node->text, length, most), node->text);
	return shown;
}

/* What messages are about. */
struct spot {
	const struct binder *binder;
	const struct option *option;
	const struct node *node;
};

/* guess: " (did you mean ...)" or empty. */
static int refuse_with(const struct spot *spot, const char *must, const char *guess)
{
	char shown[SHOWN_SIZE];

	if (spot->node->kind != NODE_SCALAR)
		diagnostics_error(spot->binder->diagnostics, spot->node, "\"%s\" of %s must be %s, not a %s",
			spot->option->name, spot->binder->owner, must, spot->node->kind == NODE_MAP ? "map" : "list");
	else if (node_is_null(spot->node))
		diagnostics_error(spot->binder->diagnostics, spot->node, "\"%s\" of %s has no value; it must be %s",
			spot->option->name, spot->binder->owner, must);
	else
		diagnostics_error(spot->binder->diagnostics, spot->node, "\"%s\" of %s must be %s, not %s%s",
			spot->option->name, spot->binder->owner, must,
			options_show(spot->node, (spot->option->flags & OPTION_SECRET) != 0, shown), guess);
	return -1;
}

static int refuse(const struct spot *spot, const char *must)
{
	return refuse_with(spot, must, "");
}

static int out_of_bounds(const struct spot *spot, const char *unit)
{
	diagnostics_error(spot->binder->diagnostics, spot->node, "\"%s\" of %s must be between %lld and %lld%s",
		spot->option->name, spot->binder->owner, (long long)spot->option->minimum,
		(long long)spot->option->maximum, unit);
	return -1;
}

static bool within(const struct option *option, int64_t value)
{
	return (option->minimum == 0 && option->maximum == 0) || (value >= option->minimum && value <= option->maximum);
}

static bool is_text(const struct node *node)
{
	return node->kind == NODE_SCALAR && !node_is_null(node);
}

static const char *keep(const struct spot *spot, const char *text)
{
	return stash_text(spot->binder->stash, text);
}

static int bind_string(const struct spot *spot, void *slot)
{
	const char *text;

	if (!is_text(spot->node))
		return refuse(spot, "a text");
	if (spot->option->minimum && !spot->node->text[0])
		return refuse(spot, "a text that is not empty");
	if (spot->option->flags & OPTION_CONNECTION) {
		const struct plan_connection *found =
			connections_use(spot->binder->connections, spot->node, spot->binder->diagnostics);

		if (!found)
			return -1;
		text = found->connect;
	} else {
		text = keep(spot, spot->node->text);
	}
	memcpy(slot, &text, sizeof(text));
	return text ? 0 : -1;
}

static int bind_boolean(const struct spot *spot, void *slot)
{
	static const char *const meant[] = {"yes", "on", "True", "TRUE", "1", "no", "off", "False", "FALSE", "0", NULL};
	bool value;

	if (!is_text(spot->node))
		return refuse(spot, "true or false");
	if (!scalar_boolean(spot->node->text, &value)) {
		for (size_t i = 0; meant[i]; i++)
			if (strcmp(meant[i], spot->node->text) == 0)
				return refuse_with(spot, "true or false", i < 5 ? " (did you mean true?)" : " (did you mean false?)");
		return refuse(spot, "true or false");
	}
	memcpy(slot, &value, sizeof(value));
	return 0;
}

static int bind_integer(const struct spot *spot, void *slot)
{
	int64_t value;

	if (!is_text(spot->node) || !scalar_integer(spot->node->text, &value))
		return refuse(spot, "a whole number such as 1000");
	if (!within(spot->option, value))
		return out_of_bounds(spot, "");
	memcpy(slot, &value, sizeof(value));
	return 0;
}

static int bind_size(const struct spot *spot, void *slot)
{
	uint64_t value;

	if (!is_text(spot->node) || !scalar_size(spot->node->text, &value))
		return refuse(spot, "a size such as 4096, 64KiB or 4MiB");
	if (!within(spot->option, (int64_t)value))
		return out_of_bounds(spot, " bytes");
	memcpy(slot, &value, sizeof(value));
	return 0;
}

static int bind_duration(const struct spot *spot, void *slot)
{
	int64_t value;

	if (!is_text(spot->node) || !scalar_duration(spot->node->text, &value))
		return refuse(spot, "a time such as 500ms, 30s or 5m");
	if (!within(spot->option, value))
		return out_of_bounds(spot, " ms");
	memcpy(slot, &value, sizeof(value));
	return 0;
}

static int bind_byte(const struct spot *spot, char *slot)
{
	const char *text = spot->node->text;

	if (spot->node->kind != NODE_SCALAR || (strcmp(text, "\\t") != 0 && strlen(text) != 1))
		return refuse(spot, "one character of one byte, such as \";\" or \"\\t\" for a tab");
	if (text[0] == '\n' || text[0] == '\r')
		return refuse(spot, "a character that ends no line");
	if (spot->option->minimum && (text[0] == ' ' || text[0] == '\t' || (text[0] == '\\' && text[1])))
		return refuse(spot, "no space and no tab");
	*slot = strcmp(text, "\\t") == 0 ? '\t' : text[0];
	return 0;
}

void names_add(struct names *names, const char *name)
{
	if (names->count + 1 < sizeof(names->list) / sizeof(names->list[0]))
		names->list[names->count++] = name;
}

const char *options_guess(const char *word, const char *const *candidates, char *out, size_t size)
{
	const char *guess = suggest(word, candidates);
	size_t used;

	out[0] = '\0';
	if (guess) {
		snprintf(out, size, " (did you mean \"%s\"?)", guess);
		return out;
	}
	if (!candidates[0])
		return out;
	snprintf(out, size, " (known: ");
	for (size_t i = 0; candidates[i]; i++) {
		used = strlen(out);
		if (used + strlen(candidates[i]) + sizeof(", ...)") > size) {
			snprintf(out + used, size - used, "...");
			break;
		}
		snprintf(out + used, size - used, "%s%s", candidates[i], candidates[i + 1] ? ", " : "");
	}
	used = strlen(out);
	snprintf(out + used, size - used, ")");
	return out;
}

static int bind_enum(const struct spot *spot, void *slot)
{
	const char *const *values = spot->option->values;
	char must[256] = "";
	char guess[128] = "";
	const char *near;

	/* "null" without quotes is a word like any other where the table lists it: codec: null. */
	for (int i = 0; spot->node->kind == NODE_SCALAR && values[i]; i++) {
		if (strcmp(values[i], spot->node->text) == 0) {
			memcpy(slot, &i, sizeof(i));
			return 0;
		}
	}
	for (size_t i = 0; values[i]; i++) {
		size_t used = strlen(must);

		snprintf(must + used, sizeof(must) - used, "%s%s", i == 0 ? "" : values[i + 1] ? ", " : " or ", values[i]);
	}
	near = is_text(spot->node) && !spot->node->secret ? suggest(spot->node->text, values) : NULL;
	if (near)
		snprintf(guess, sizeof(guess), " (did you mean \"%s\"?)", near);
	return refuse_with(spot, must, guess);
}

static int bind_list(const struct spot *spot, void *slot)
{
	const struct node *node = spot->node;
	struct option_list list = {.count = node->kind == NODE_SCALAR ? 1 : node->count};
	const char **items = stash_array(spot->binder->stash, list.count + 1, sizeof(*items));

	if (!items)
		return -1;
	if (node->kind == NODE_MAP || node_is_null(node))
		return refuse(spot, "a text or a list of texts such as [a, b]");
	for (size_t i = 0; i < list.count; i++) {
		const struct node *item = node->kind == NODE_SCALAR ? node : node->items[i];

		if (!is_text(item))
			return refuse(&(struct spot){spot->binder, spot->option, item}, "a list of texts such as [a, b]");
		items[i] = keep(spot, item->text);
		if (!items[i])
			return -1;
	}
	list.items = items;
	memcpy(slot, &list, sizeof(list));
	return 0;
}

static int bind_map(const struct spot *spot, void *slot)
{
	const struct node *node = spot->node;
	struct option_map map = {.count = node->count};
	const char **keys, **values;

	if (node->kind != NODE_MAP)
		return refuse(spot, "a map such as { name: \"Full name\" }");
	keys = stash_array(spot->binder->stash, map.count + 1, sizeof(*keys));
	values = stash_array(spot->binder->stash, map.count + 1, sizeof(*values));
	if (!keys || !values)
		return -1;
	for (size_t i = 0; i < map.count; i++) {
		if (!is_text(node->items[i]))
			return refuse(&(struct spot){spot->binder, spot->option, node->items[i]}, "a map from text to text");
		keys[i] = keep(spot, node->keys[i]->text);
		values[i] = keep(spot, node->items[i]->text);
		if (!keys[i] || !values[i])
			return -1;
	}
	map.keys = keys;
	map.values = values;
	memcpy(slot, &map, sizeof(map));
	return 0;
}

static int bind_commit(const struct spot *spot, void *slot)
{
	const struct node *node = spot->node;
	struct option_commit commit = {.kind = COMMIT_AUTO};

	if (node->kind == NODE_MAP && node->count > 0) {
		struct binder binder = *spot->binder;
		struct commit_keys pieces = {0};
		int result;

		binder.owner = spot->option->name;
		result = options_check_keys(&binder, node, (const struct option *const[]){keys_of_commit, NULL});
		if (options_bind(&binder, node, keys_of_commit, &pieces) < 0 || result < 0)
			return -1;
		commit = (struct option_commit){COMMIT_PIECES, (uint64_t)pieces.rows, pieces.every};
	} else if (node->kind == NODE_SCALAR && strcmp(node->text, "step") == 0) {
		commit.kind = COMMIT_STEP;
	} else if (node->kind != NODE_SCALAR || strcmp(node->text, "auto") != 0) {
		return refuse(spot, "auto, step or { rows: 100000, every: 1s }");
	}
	memcpy(slot, &commit, sizeof(commit));
	return 0;
}

/* A map has one statement for each dialect that it names. */
static int bind_sql(const struct spot *spot, void *slot)
{
	const struct node *node = spot->node;
	struct option_sql sql = {.count = node->kind == NODE_MAP ? node->count : 1};
	struct option_statement *statements = stash_array(spot->binder->stash, sql.count + 1, sizeof(*statements));
	char guess[128];
	int result = 0;

	assert(spot->binder->scope);
	if (!statements)
		return -1;
	if (node->kind == NODE_SEQUENCE || sql.count == 0 || (node->kind == NODE_SCALAR && !is_text(node)))
		return refuse(spot, "SQL, or a map from dialect to SQL such as { sqlite: ..., postgresql: ... }");
	for (size_t i = 0; i < sql.count; i++) {
		const struct node *item = node->kind == NODE_MAP ? node->items[i] : node;
		const char *dialect = NULL;

		for (size_t k = 0; node->kind == NODE_MAP && sql_dialects[k]; k++)
			if (strcmp(sql_dialects[k], node->keys[i]->text) == 0)
				dialect = sql_dialects[k];
		if (node->kind == NODE_MAP && !dialect) {
			diagnostics_error(spot->binder->diagnostics, node->keys[i], "unknown dialect \"%.64s\"%s", node->keys[i]->text,
				options_guess(node->keys[i]->text, sql_dialects, guess, sizeof(guess)));
			result = -1;
		} else if (!is_text(item)) {
			result = refuse(&(struct spot){spot->binder, spot->option, item}, "SQL");
		} else if (sql_statement(item, dialect, spot->binder->scope, spot->binder->stash, &statements[i]) < 0) {
			result = -1;
		}
	}
	sql.statements = statements;
	memcpy(slot, &sql, sizeof(sql));
	return result;
}

static int bind_one(const struct spot *spot, void *slot)
{
	switch (spot->option->kind) {
	case OPTION_STRING:
		return bind_string(spot, slot);
	case OPTION_BOOLEAN:
		return bind_boolean(spot, slot);
	case OPTION_INTEGER:
		return bind_integer(spot, slot);
	case OPTION_SIZE:
		return bind_size(spot, slot);
	case OPTION_DURATION:
		return bind_duration(spot, slot);
	case OPTION_BYTE:
		return bind_byte(spot, slot);
	case OPTION_ENUM:
		return bind_enum(spot, slot);
	case OPTION_LIST:
		return bind_list(spot, slot);
	case OPTION_MAP:
		return bind_map(spot, slot);
	case OPTION_COMMIT:
		return bind_commit(spot, slot);
	case OPTION_SQL:
		return bind_sql(spot, slot);
	}
	assert(0 && "an option of unknown kind");
	return -1;
}

/* Characters that mean different things are different characters. */
static int check_apart(const struct binder *binder, const struct node *map, const struct option *table, const void *instance)
{
	int result = 0;

	for (const struct option *option = table; option->name; option++) {
		const struct option *other = option->apart ? options_find(table, option->apart) : NULL;
		const struct node *node = node_find(map, option->name);

		if (!other || *((const char *)instance + option->offset) != *((const char *)instance + other->offset))
			continue;
		diagnostics_error(binder->diagnostics, node ? node : node_find(map, other->name),
			"\"%s\" and \"%s\" of %s are the same character", other->name, option->name, binder->owner);
		result = -1;
	}
	return result;
}

int options_bind(const struct binder *binder, const struct node *map, const struct option *table, void *instance)
{
	int result = 0;

	for (const struct option *option = table; option->name; option++) {
		/* A default is bound like a value of the file, so there is one spelling for both. */
		char text[256];
		struct node fallback = {.kind = NODE_SCALAR, .text = text};
		const struct node *node = node_find(map, option->name);
		struct spot spot = {binder, option, node ? node : &fallback};

		if (!node && (option->flags & OPTION_REQUIRED)) {
			diagnostics_error(binder->diagnostics, map, "%s needs \"%s\": %s", binder->owner, option->name,
				option->help ? option->help : "");
			result = -1;
			continue;
		}
		if (!node && !option->fallback)
			continue;
		snprintf(text, sizeof(text), "%s", option->fallback ? option->fallback : "");
		if (bind_one(&spot, (char *)instance + option->offset) < 0)
			result = -1;
	}
	return result < 0 ? -1 : check_apart(binder, map, table, instance);
}

static void unknown(const struct binder *binder, const struct node *key, const struct option *const *tables)
{
	struct names names = {.count = 0};
	char guess[512];

	for (size_t t = 0; tables[t]; t++)
		for (const struct option *option = tables[t]; option->name; option++)
			names_add(&names, option->name);
	diagnostics_error(binder->diagnostics, key, "unknown option \"%.64s\" for %s%s", key->text, binder->owner,
		options_guess(key->text, names.list, guess, sizeof(guess)));
}

int options_check_keys(const struct binder *binder, const struct node *map, const struct option *const *tables)
{
	int result = 0;

	/* Nobody reads on, and guessing for 50,000 wrong keys takes its time. */
	for (size_t i = 0; i < map->count && binder->diagnostics->errors < DIAGNOSTICS_MAX; i++) {
		bool known = false;

		for (size_t t = 0; tables[t] && !known; t++)
			known = options_find(tables[t], map->keys[i]->text) != NULL;
		if (!known) {
			unknown(binder, map->keys[i], tables);
			result = -1;
		}
	}
	return result;
}

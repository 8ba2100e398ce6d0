/* replace.c - all rows of a table give way to those of the step: what can be replaced, and the rows that go.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/replace.h"
#include "connectors/odbc/replace_parts.h"
#include "connectors/odbc/visible.h"
#include "engine/core/plural.h"

/* --- what can be replaced --- */

static bool is_ignored(const struct replace *replace, const char *column)
{
	bool ignore_case = replace->target->session->dialect->names_ignore_case;

	for (size_t i = 0; i < replace->ignore.count; i++)
		if (ignore_case ? strcasecmp(replace->ignore.items[i], column) == 0 : strcmp(replace->ignore.items[i], column) == 0)
			return true;
	return false;
}

/* What the source does not have would be lost. */
static int check_columns(const struct replace *replace, struct error *error)
{
	const struct target *target = replace->target;

	for (size_t i = 0; target->catalog.exists && i < target->catalog.column_count; i++) {
		const struct catalog_column *column = &target->catalog.columns[i];

		if (column->generated || is_ignored(replace, column->name) ||
		    replace_field_of(target->schema, target->session->dialect, column->name) != SCHEMA_NO_FIELD)
			continue;
		return error_set(error, ERROR_CONFIG, target->session->place,
			"column %s of table %s has no field in the dictionary, and mode: replace would lose what it holds: add the field, or "
			"name the column in the sink's \"ignore\"",
			column->name, target->table);
	}
	return 0;
}

/* A DELETE would take the rows of other tables along. */
static int check_heirs(const struct replace *replace, struct error *error)
{
	const struct target *target = replace->target;
	char heir[NAME_MAX_BYTES];
	const char *at = NULL;

	if (!target->catalog.exists || !catalog_next_heir(&target->catalog, &at, heir))
		return 0;
	return error_set(error, ERROR_CONFIG, target->session->place,
		"table %s cannot be replaced: table %s inherits from it, and its rows would go, too; empty %s yourself (DELETE FROM ONLY), and load it by "
		"mode: append",
		target->table, heir, target->table);
}

/* Keys of rows stay as they are; other columns that are referenced may change. */
static bool is_own_key(const struct replace *replace, const struct reference *reference)
{
	const struct schema *schema = replace->target->schema;

	for (size_t i = 0; i < reference->count; i++) {
		size_t field = replace_field_of(schema, replace->target->session->dialect, reference->parent_columns[i]);
		bool held = false;

		for (size_t k = 0; k < schema->primary.count; k++)
			held = held || schema->primary.fields[k] == field;
		if (!held)
			return false;
	}
	return true;
}

static int check_reference(const struct replace *replace, const struct reference *reference, struct error *error)
{
	bool on_delete = reference_acts(reference->on_delete);
	char text[1024];

	if (!on_delete && (!reference_acts(reference->on_update) || is_own_key(replace, reference)))
		return 0;
	return error_set(error, ERROR_CONFIG, replace->target->session->place,
		"table %s is referenced with ON %s %s by %s: replacing it could change rows there, too; \"cascade: true\" in the sink "
		"allows that",
		replace->target->table, on_delete ? "DELETE" : "UPDATE", on_delete ? reference->on_delete : reference->on_update,
		reference_text(reference, text, sizeof text));
}

/* The dictionary's key, by which rows are matched, is one that the database keeps unique, too. */
static bool has_key(const struct replace *replace)
{
	const struct target *target = replace->target;
	const struct key *key = &target->schema->primary;
	const char *names[64];
	size_t count = key->count < 64 ? key->count : 64;

	for (size_t i = 0; i < count; i++)
		names[i] = target->schema->fields[key->fields[i]].name;
	return count && catalog_find_exact(&target->catalog, target->session->dialect, names, count);
}

static int check_key(const struct replace *replace, struct error *error)
{
	const struct target *target = replace->target;
	const char *table = "";

	if (has_key(replace))
		return 0;
	for (size_t i = 0; i < replace->references.count; i++)
		if (!replace->references.items[i].itself)
			table = replace->references.items[i].table;
	return error_set(error, ERROR_CONFIG, target->session->place,
		"table %s is referenced by table %s, so that its rows must be matched by their keys: %s", target->table, table,
		target->schema->primary.count ? "the dictionary's primaryKey is no unique key of the database" : "the dictionary has no primaryKey for it");
}

bool replace_is_tree(const struct replace *replace)
{
	for (size_t i = 0; i < replace->references.count; i++)
		if (replace->references.items[i].itself)
			return true;
	return false;
}

/* Which way a table goes whose rows reference each other: rows may come before those that they reference. */
static void choose_for_tree(struct replace *replace)
{
	const struct target *target = replace->target;

	replace->refilled = !replace->staged && has_key(replace);
	replace->late = replace->staged && !replace_other_key(target->session, target->schema, &target->catalog, 0);
	replace->knotted = replace->staged && !replace->late && !replace_traits_of(target->session)->row_by_row && replace_can_untie(replace);
	replace->staged = replace->staged || replace->refilled;
}

/* Where each row is judged by itself, rows come and go without the references among them. */
static int loosen(struct replace *replace, struct error *error)
{
	const char *why = replace->staged ? "other tables reference it, and it has more unique keys than its primaryKey"
					  : "its rows cannot be matched by a primaryKey that is a unique key of the database";

	replace->loose = replace->refilled || replace->late;
	for (size_t i = 0; replace->loose && i < replace->references.count; i++)
		if (replace->references.items[i].itself && !replace_loose_column(replace, &replace->references.items[i])) {
			why = "that reference has no column, outside of the key, that may be null";
			replace->loose = false;
		}
	if (replace->loose)
		return 0;
	return error_set(error, ERROR_CONFIG, replace->target->session->place,
		"table %s references itself, this database judges foreign keys row by row, and %s: it cannot be replaced; empty it, and load it by mode: append",
		replace->target->table, why);
}

int replace_open(struct replace *replace, struct error *error)
{
	references_fini(&replace->references);
	replace->staged = replace->refilled = replace->late = replace->loose = replace->knotted = replace->untied = false;
	stage_name(&replace->stage, replace->target->session, 1); /* for explanations */
	if (check_columns(replace, error) || check_heirs(replace, error) ||
	    (replace->target->catalog.exists &&
		    visible_need_all(replace->target->session, replace->target->table, "replaced", error)) ||
	    references_read(replace->target->session, replace->target->table, &replace->references, error))
		return -1;
	for (size_t i = 0; i < replace->references.count; i++)
		replace->staged = replace->staged || !replace->references.items[i].itself;
	for (size_t i = 0; replace->staged && !replace->cascade && i < replace->references.count; i++)
		if (check_reference(replace, &replace->references.items[i], error))
			return -1;
	replace->planned = replace->target->catalog;
	replace->planned.table = replace->stage.name;
	if (replace->staged && check_key(replace, error))
		return -1;
	if (!replace_is_tree(replace))
		return 0;
	choose_for_tree(replace);
	return replace_traits_of(replace->target->session)->row_by_row ? loosen(replace, error) : 0;
}

void replace_close(struct replace *replace)
{
	stage_close(&replace->stage);
	references_fini(&replace->references);
}

int replace_begin(struct replace *replace, struct error *error)
{
	stage_close(&replace->stage);
	replace->left = false;
	replace->given = 0;
	if (!replace->staged)
		return 0;
	if (stage_open(&replace->stage, replace->target->session, replace->target->schema, &replace->target->catalog, error))
		return -1;
	replace->stage.owner = replace;
	return 0;
}

const struct catalog *replace_catalog(const struct replace *replace)
{
	if (replace->stage.open)
		return &replace->stage.catalog;
	return replace->staged ? &replace->planned : &replace->target->catalog;
}

void replace_rollback(struct replace *replace)
{
	stage_close(&replace->stage);
	replace->left = false;
	replace->given = 0;
}

/* --- the rows that go --- */

/* A key that keeps the rows it references from being deleted. */
static bool blocks(const struct replace *replace, const struct reference *reference)
{
	return !reference->itself && !(replace->cascade && reference_acts(reference->on_delete));
}

static int still_referenced(const struct replace *replace, const struct reference *reference, const char *key,
	struct error *error)
{
	char text[1024];

	return error_set(error, ERROR_SINK, replace->target->session->place,
		"table %s was not replaced: its row with %s did not come, but is still referenced by %s", replace->target->table, key,
		reference_text(reference, text, sizeof text));
}

/* What is still referenced keeps everything from going, unless the references may go themselves when the staged table they are in is
 * placed. */
static int check_references(struct replace *replace, struct error *error)
{
	char from[256], key[REPLACE_KEY_MAX];

	for (size_t i = 0; i < replace->references.count; i++) {
		const struct reference *reference = &replace->references.items[i];
		const struct staging *stage = stage_find(replace->target->session, reference->table);
		int found;

		if (!blocks(replace, reference))
			continue;
		snprintf(from, sizeof from, REPLACE_GONE " AND {by %zu}", i);
		found = replace_key_text(replace, from, key, error);
		if (found < 0)
			return -1;
		if (found && (!stage || stage->placed))
			return still_referenced(replace, reference, key, error);
		replace->left = replace->left || found;
	}
	return 0;
}

int replace_delete_gone(const struct replace *replace, struct error *error)
{
	struct buffer text;
	bool first = true;
	int result;

	if (!replace->left)
		return replace_delete(replace, REPLACE_GONE, error);
	buffer_init(&text, REPLACE_TEXT_MAX);
	result = buffer_puts(&text, REPLACE_GONE " AND NOT (", error);
	for (size_t i = 0; result == 0 && i < replace->references.count; i++) {
		if (!blocks(replace, &replace->references.items[i]))
			continue;
		result = buffer_printf(&text, error, "%s{by %zu}", first ? "" : " OR ", i);
		first = false;
	}
	if (result == 0)
		result = buffer_puts(&text, ")", error);
	if (result == 0)
		result = replace_delete(replace, buffer_text(&text), error);
	buffer_fini(&text);
	return result;
}

static int empty(const struct replace *replace, struct error *error)
{
	bool emptied;

	if (replace_delete(replace, "{t} AS t WHERE 1 = 1", error) ||
	    target_is_empty(replace->target, &emptied, error))
		return -1;
	if (!emptied)
		return error_set(error, ERROR_BOOKS, replace->target->session->place,
			"table %s was not replaced: it still holds rows after DELETE, so that a trigger or rule of the database must have kept "
			"them",
			replace->target->table);
	return 0;
}

static int analyze(const struct replace *replace, struct error *error)
{
	const char *words = replace_traits_of(replace->target->session)->analyze;

	return words ? replace_run(replace, "counting the new rows of", NULL, NULL, error, "%s{s}", words) : 0;
}

int replace_retire(struct replace *replace, struct error *error)
{
	struct session *session = replace->target->session;
	const struct replace_traits *traits = replace_traits_of(session);

	if (traits->lock && traits->lock(session, replace->target->table, error))
		return -1;
	if (!replace->staged)
		return empty(replace, error);
	if (replace->refilled)
		return analyze(replace, error) || empty(replace, error) ? -1 : 0;
	if (replace->late) {
		replace->left = true;
		return analyze(replace, error);
	}
	if (analyze(replace, error) || (replace->knotted && replace_untie(replace, error)))
		return -1;
	return check_references(replace, error) || replace_delete_gone(replace, error) ? -1 : 0;
}

/* --- the rows that come --- */

int replace_check_count(const struct replace *replace, struct error *error)
{
	int64_t rows = 0;

	if (replace_count(replace, "counting rows", "SELECT count(*) FROM {t}", &rows, error))
		return -1;
	if ((uint64_t)rows == replace->given)
		return 0;
	return error_set(error, ERROR_BOOKS, replace->target->session->place,
		"table %s was not replaced: it would hold %lld row%s, but %llu %s written; a trigger or rule of the database must have "
		"kept or added some",
		replace->target->table, (long long)rows, plural((uint64_t)rows, "", "s"), (unsigned long long)replace->given, plural(replace->given, "was", "were"));
}

/* The transaction's staged tables are all in their places: what was left goes, children first. */
static int settle(struct staging *stage, struct error *error)
{
	struct replace *replace;

	if (!stage)
		return 0;
	if (settle(stage->next, error))
		return -1;
	replace = stage->owner;
	if (replace->left) {
		replace->left = false;
		if (check_references(replace, error) || replace_delete_gone(replace, error))
			return -1;
	}
	if (replace_check_count(replace, error) || stage_drop(stage, error))
		return -1;
	stage_close(stage);
	return 0;
}

int replace_place(struct replace *replace, struct error *error)
{
	struct session *session = replace->target->session;

	if (!replace->staged)
		return replace_check_count(replace, error);
	/* Rows of a tree that change may reference new ones; and new ones may have come without their references. */
	bool new_first = replace->late || replace->loose;
	replace->untied = replace->knotted;
	if (new_first && replace_new_rows(replace, error))
		return -1;
	if (replace_changed_rows(replace, error) || (!new_first && replace_new_rows(replace, error)))
		return -1;
	replace->untied = false;
	if (replace->knotted && (stage_drop_lists(&replace->stage, error) || replace_changed_rows(replace, error)))
		return -1;
	replace->stage.placed = true;
	for (const struct staging *stage = session->stages; stage; stage = stage->next)
		if (!stage->placed)
			return 0;
	return settle(session->stages, error);
}

/* --- for a person --- */

static int print(const struct replace *replace, const char *text, struct buffer *out, struct error *error)
{
	return replace_expand(replace, text, out, error) || buffer_puts(out, ";\n", error) ? -1 : 0;
}

int replace_print_retire(const struct replace *replace, struct buffer *out, struct error *error)
{
	char text[1024];

	if (!replace->target->catalog.exists)
		return 0;
	if (!replace->staged)
		return print(replace, "DELETE FROM {t}", out, error);
	if (buffer_puts(out, "-- into a temporary table, since the table is referenced by", error))
		return -1;
	for (size_t i = 0; i < replace->references.count; i++)
		if (buffer_printf(out, error, "%s %s", i ? "," : "",
			    reference_text(&replace->references.items[i], text, sizeof text)))
			return -1;
	return buffer_puts(out, "; then\n", error);
}

static int print_update(const struct replace *replace, struct buffer *out, struct error *error)
{
	if (replace->target->schema->primary.count == replace->target->schema->field_count)
		return 0;
	if (replace_traits_of(replace->target->session)->joins_in_update)
		return print(replace, "UPDATE {t} AS t JOIN {s} AS s ON {t=s} SET {set} WHERE {differs}", out, error);
	return print(replace, "UPDATE {t} AS t SET {set} FROM {s} AS s WHERE {t=s} AND ({differs})", out, error);
}

int replace_print_place(const struct replace *replace, struct buffer *out, struct error *error)
{
	if (!replace->target->catalog.exists || !replace->staged)
		return 0;
	if (replace->refilled)
		return (replace->loose && print(replace, "UPDATE {t} AS t SET {loose}", out, error)) || print(replace, "DELETE FROM {t}", out, error) ||
				print(replace, replace_insert_sql, out, error) || (replace->loose && print_update(replace, out, error))
			? -1
			: 0;
	if (replace->late)
		return print(replace, replace_insert_sql, out, error) || print_update(replace, out, error) ||
				(replace->loose && print(replace, "UPDATE " REPLACE_LOOSE REPLACE_GONE_WHERE, out, error)) ||
				buffer_puts(out, replace_delete_words(replace), error) || print(replace, REPLACE_GONE, out, error)
			? -1
			: 0;
	if (replace->knotted && buffer_puts(out, "-- references to rows that go, and those of changed rows, are null until the new rows are there\n", error))
		return -1;
	if (buffer_puts(out, replace_delete_words(replace), error) || print(replace, REPLACE_GONE, out, error) || print_update(replace, out, error))
		return -1;
	return print(replace, replace_insert_sql, out, error);
}

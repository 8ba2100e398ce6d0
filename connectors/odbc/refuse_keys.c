/* refuse_keys.c - the keys of the target: which of them speak against a row.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/itself.h"
#include "connectors/odbc/refuse_keys.h"

enum { DETAIL_MAX = 1400, KEY_FIELDS_MAX = 64 };

static size_t field_of(const struct schema *schema, const struct dialect *dialect, const char *column)
{
	size_t exact = schema_find(schema, column);

	for (size_t i = 0; exact == SCHEMA_NO_FIELD && dialect->names_ignore_case && i < schema->field_count; i++)
		if (strcasecmp(schema->fields[i].name, column) == 0)
			exact = i;
	return exact;
}

static bool same_fields(const struct key *key, const size_t *fields, size_t count)
{
	size_t held = 0;

	for (size_t i = 0; i < key->count; i++)
		for (size_t k = 0; k < count; k++)
			held += key->fields[i] == fields[k];
	return key->count == count && held == count;
}

/* The rule of the dictionary for this key, or one of the key's own columns. */
static const struct rule *rule_of_unique(const struct schema *schema, const size_t *fields, size_t count,
	struct rule_set *rules, struct error *error)
{
	if (count && same_fields(&schema->primary, fields, count))
		return rule_set_get(rules, CODE_PRIMARY_KEY, NULL, schema->primary.fields, count,
			"is the key of a row that is already there", error);
	for (size_t i = 0; i < schema->unique_count; i++)
		if (count && same_fields(&schema->unique[i], fields, count))
			return rule_set_get(rules, CODE_UNIQUE_ERROR, NULL, schema->unique[i].fields, count,
				"is already there, and must be unique", error);
	return rule_set_get(rules, CODE_UNIQUE_ERROR, NULL, fields, count,
		"is already there, and a unique index of the database allows it once", error);
}

static const struct rule *rule_of_foreign(const struct schema *schema, const size_t *fields, size_t count,
	const char *parent, struct rule_set *rules, struct error *error)
{
	char text[NAME_MAX_BYTES + 32];

	snprintf(text, sizeof text, "is not in %s", parent);
	for (size_t i = 0; i < schema->foreign_count; i++)
		if (count && same_fields(&schema->foreign[i].key, fields, count))
			return rule_set_get(rules, CODE_FOREIGN_KEY, NULL, schema->foreign[i].key.fields, count, text, error);
	return rule_set_get(rules, CODE_FOREIGN_KEY, NULL, fields, count, text, error);
}

static int open_parents(const struct refuse_keys *keys, struct refuse_key *out, struct error *error)
{
	size_t fields[KEY_FIELDS_MAX], count = 0;

	for (size_t i = 0; i < out->key->count; i++)
		if ((fields[count] = field_of(keys->schema, keys->session->dialect, out->key->parent_columns[i])) != SCHEMA_NO_FIELD)
			count++;
	if (count < out->key->count)
		return 0;
	out->parents = malloc(count * sizeof *fields);
	if (!out->parents)
		return error_memory(error, "the keys of a table");
	memcpy(out->parents, fields, count * sizeof *fields);
	return 0;
}

static int open_key(struct refuse_keys *keys, struct refuse_key *out, const struct catalog_key *key, bool foreign,
	const struct key *upsert, struct rule_set *rules, struct error *error)
{
	size_t fields[KEY_FIELDS_MAX], count = 0;

	out->key = key;
	for (size_t i = 0; i < key->count && count < KEY_FIELDS_MAX; i++) {
		size_t field = field_of(keys->schema, keys->session->dialect, key->columns[i]);

		if (field != SCHEMA_NO_FIELD)
			fields[count++] = field;
	}
	out->rule = foreign ? rule_of_foreign(keys->schema, fields, count, key->parent, rules, error)
			    : rule_of_unique(keys->schema, fields, count, rules, error);
	if (!out->rule)
		return -1;
	if (!key->count || count < key->count)
		return 0;
	out->fields = malloc(count * sizeof *fields);
	if (!out->fields)
		return error_memory(error, "the keys of a table");
	memcpy(out->fields, fields, count * sizeof *fields);
	if (foreign && key->itself && open_parents(keys, out, error))
		return -1;
	out->upserted = !foreign && upsert && same_fields(upsert, fields, count);
	/* The key of an upsert may be there; a row that is changed keeps what it has of the others; a table that references itself may
	 * find its parents in the batch. */
	out->definite = !key->partial && (foreign ? !key->itself : !upsert) && 
		!probe_may_fail(keys->session->dialect, keys->catalog, (const char *const *)key->columns, key->count);
	return 0;
}

int refuse_keys_open(struct refuse_keys *keys, struct session *session, const struct schema *schema, const struct catalog *catalog,
	const struct key *upsert, struct rule_set *rules, struct error *error)
{
	memset(keys, 0, sizeof *keys);
	keys->session = session;
	keys->schema = schema;
	keys->catalog = catalog;
	keys->unique = calloc(catalog->unique_count + 1, sizeof *keys->unique);
	keys->foreign = calloc(catalog->foreign_count + 1, sizeof *keys->foreign);
	keys->other = rule_set_get(rules, CODE_DATABASE_ERROR, NULL, NULL, 0, "was refused by the database", error);
	if (!keys->unique || !keys->foreign)
		error_memory(error, "the keys of a table");
	for (size_t i = 0; !error_is_set(error) && i < catalog->unique_count; i++)
		if (open_key(keys, &keys->unique[i], &catalog->unique[i], false, upsert, rules, error))
			break;
	for (size_t i = 0; !error_is_set(error) && i < catalog->foreign_count; i++)
		if (open_key(keys, &keys->foreign[i], &catalog->foreign[i], true, upsert, rules, error))
			break;
	if (!error_is_set(error))
		return 0;
	refuse_keys_close(keys);
	return -1;
}

static void close_all(struct refuse_key *keys, size_t count)
{
	for (size_t i = 0; keys && i < count; i++) {
		probe_close(&keys[i].probe);
		catalog_fini(&keys[i].parent);
		free(keys[i].fields);
		free(keys[i].parents);
	}
	free(keys);
}

void refuse_keys_close(struct refuse_keys *keys)
{
	if (keys->catalog) {
		close_all(keys->unique, keys->catalog->unique_count);
		close_all(keys->foreign, keys->catalog->foreign_count);
	}
	free(keys->found);
	memset(keys, 0, sizeof *keys);
}

static int open_probe(struct refuse_keys *keys, struct refuse_key *key, bool foreign, struct error *error)
{
	const struct field *fields[KEY_FIELDS_MAX];
	const struct catalog *table = keys->catalog;
	char *const *columns = foreign ? key->key->parent_columns : key->key->columns;

	if (key->open || key->unaskable)
		return 0;
	if (foreign) {
		catalog_fini(&key->parent);
		if (catalog_read_keys(keys->session, key->key->parent, &key->parent, error))
			return -1;
		table = &key->parent;
		/* One in a schema with a dot in its name, or that others alone may read: the database's words have to do. */
		key->unaskable = !table->exists || table->unreadable;
		if (key->unaskable)
			return 0;
	}
	for (size_t i = 0; i < key->key->count; i++)
		fields[i] = &keys->schema->fields[key->fields[i]];
	if (probe_open(&key->probe, keys->session, table, (const char *const *)columns, fields, key->key->count, false, error))
		return -1;
	key->open = true;
	return 0;
}

/* A null part is never compared, and a row that is its own parent needs no other. */
static bool asks(const struct batch *batch, const struct refuse_key *key, uint32_t row)
{
	for (size_t i = 0; i < key->key->count; i++)
		if (batch->columns[key->fields[i]].cells[row] != CELL_VALUE)
			return false;
	return !key->parents || !itself_refers(batch, key->fields, key->parents, key->key->count, row);
}

/* Asks one key of all rows; those it refuses become violations. */
static int ask_key(struct refuse_keys *keys, struct refuse_key *key, bool foreign, struct batch *batch, const uint32_t *rows,
	size_t count, struct error *error)
{
	uint32_t *asked = malloc((count ? count : 1) * sizeof *asked);
	size_t asked_count = 0;
	int result = -1;

	if (!asked)
		return error_memory(error, "the rows of a batch");
	for (size_t i = 0; i < count; i++)
		if (asks(batch, key, rows[i]))
			asked[asked_count++] = rows[i];
	if (asked_count > keys->capacity) {
		bool *found = realloc(keys->found, asked_count * sizeof *found);

		if (!found) {
			error_memory(error, "the rows of a batch");
			goto out;
		}
		keys->found = found;
		keys->capacity = asked_count;
	}
	if (asked_count)
		memset(keys->found, 0, asked_count * sizeof *keys->found);
	if (asked_count && open_probe(keys, key, foreign, error))
		goto out;
	if (key->unaskable)
		asked_count = 0;
	if (asked_count && probe_rows(&key->probe, batch, key->fields, asked, asked_count, keys->found, error))
		goto out;
	result = 0;
	for (size_t i = 0; result == 0 && i < asked_count; i++)
		if (keys->found[i] != foreign)
			result = batch_violation(batch, asked[i], key->rule, NULL, error);
out:
	free(asked);
	return result;
}

int refuse_keys_ask(struct refuse_keys *keys, struct batch *batch, const uint32_t *rows, size_t count, struct error *error)
{
	for (size_t i = 0; i < keys->catalog->unique_count; i++)
		if (keys->unique[i].definite && ask_key(keys, &keys->unique[i], false, batch, rows, count, error))
			return -1;
	for (size_t i = 0; i < keys->catalog->foreign_count; i++)
		if (keys->foreign[i].definite && ask_key(keys, &keys->foreign[i], true, batch, rows, count, error))
			return -1;
	return 0;
}

int refuse_keys_ask_deferred(struct refuse_keys *keys, struct batch *batch, const uint32_t *rows, size_t count, struct error *error)
{
	for (size_t i = 0; i < keys->catalog->foreign_count; i++) {
		struct refuse_key *key = &keys->foreign[i];

		if (key->key->deferred && !key->key->itself && key->fields && ask_key(keys, key, true, batch, rows, count, error))
			return -1;
	}
	return 0;
}

static bool is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* True where the database's words name this constraint: by its name, or, as SQLite does, by "table.column, table.column". */
static bool words_name(const struct refuse_keys *keys, const struct catalog_key *key, const char *words)
{
	char columns[1024] = "";
	const char *named = words;
	const char *table = strchr(keys->catalog->table, '.') ? strchr(keys->catalog->table, '.') + 1 : keys->catalog->table;
	size_t used = 0, length = strlen(key->name);
	const char *at;

	/* MariaDB: "Duplicate entry '...' for key 'NAME'"; what stands before that is the row's. */
	for (at = words; (at = strstr(at, " for key '")); at++)
		named = at;
	at = named;
	while (length && (at = strstr(at, key->name))) {
		if ((at == words || !is_name_character(at[-1])) && !is_name_character(at[length]))
			return true;
		at += length;
	}
	for (size_t i = 0; i < key->count && used < sizeof columns; i++)
		used += (size_t)snprintf(columns + used, sizeof columns - used, "%s%s.%s", i ? ", " : ": ", table, key->columns[i]);
	at = used ? strcasestr(words, columns) : NULL;
	return at && at[used] != ',' && !is_name_character(at[used]);
}

int refuse_keys_explain(struct refuse_keys *keys, struct batch *batch, uint32_t row, const struct diagnosis *diagnosis,
	struct error *error)
{
	char detail[DETAIL_MAX], code[32];
	size_t before = batch->violation_count;

	/* The key of an upsert is in nobody's way; MariaDB's words for a clash with another one hold its columns (put_guarded). */
	if (diagnosis->trouble.kind == TROUBLE_UNIQUE)
		for (size_t i = 0; i < keys->catalog->unique_count; i++)
			if (!keys->unique[i].upserted && words_name(keys, keys->unique[i].key, diagnosis->words))
				return batch_violation(batch, row, keys->unique[i].rule, NULL, error);
	if (diagnosis->trouble.kind == TROUBLE_UNIQUE) {
		/* An upsert of MariaDB does not say which key: each but its own is asked. */
		for (size_t i = 0; i < keys->catalog->unique_count; i++)
			if (keys->unique[i].fields && !keys->unique[i].upserted &&
			    ask_key(keys, &keys->unique[i], false, batch, &row, 1, error))
				return -1;
		if (batch->violation_count > before)
			return 0;
	}
	if (diagnosis->trouble.kind == TROUBLE_FOREIGN) {
		/* SQLite does not say which key: each is asked. */
		for (size_t i = 0; i < keys->catalog->foreign_count; i++)
			if (keys->foreign[i].fields && ask_key(keys, &keys->foreign[i], true, batch, &row, 1, error))
				return -1;
		if (batch->violation_count > before)
			return 0;
		for (size_t i = 0; i < keys->catalog->foreign_count; i++)
			if (keys->foreign[i].key->name[0] && words_name(keys, keys->foreign[i].key, diagnosis->words))
				return batch_violation(batch, row, keys->foreign[i].rule, NULL, error);
	}
	snprintf(detail, sizeof detail, "was refused by the database: %s%s", diagnosis->words,
		diagnosis_code(diagnosis, code, sizeof code));
	return batch_violation(batch, row, keys->other, detail, error);
}

bool refuse_keys_askable(const struct refuse_keys *keys, const struct diagnosis *diagnosis)
{
	bool foreign = diagnosis->trouble.kind == TROUBLE_FOREIGN;
	const struct refuse_key *named = foreign ? keys->foreign : keys->unique;
	size_t count = foreign ? keys->catalog->foreign_count : keys->catalog->unique_count;

	if (!foreign && diagnosis->trouble.kind != TROUBLE_UNIQUE)
		return false;
	for (size_t i = 0; i < count; i++)
		if (words_name(keys, named[i].key, diagnosis->words))
			return named[i].definite;
	return true;
}

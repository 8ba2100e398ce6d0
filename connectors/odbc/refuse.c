/* refuse.c - writes a batch so that every row the database refuses becomes a violation, and no other row is lost.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/itself.h"
#include "connectors/odbc/refuse.h"

enum {
	DETAIL_MAX = 1400,
	KEY_FIELDS_MAX = 64,
	TRY_ROWS_MIN = 64,
	TRY_COST = 50,      /* of one try with its savepoint, in rows: measured with PostgreSQL */
	LATELY_ROWS = 65536,
	CALM_ROWS = 4096,   /* before the first refusal */
};

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

static int open_parents(const struct refuser *refuser, struct refuser_key *out, struct error *error)
{
	size_t fields[KEY_FIELDS_MAX], count = 0;

	for (size_t i = 0; i < out->key->count; i++)
		if ((fields[count] = field_of(refuser->schema, refuser->session->dialect, out->key->parent_columns[i])) != SCHEMA_NO_FIELD)
			count++;
	if (count < out->key->count)
		return 0;
	out->parents = malloc(count * sizeof *fields);
	if (!out->parents)
		return error_memory(error, "the keys of a table");
	memcpy(out->parents, fields, count * sizeof *fields);
	return 0;
}

static int open_key(struct refuser *refuser, struct refuser_key *out, const struct catalog_key *key, bool foreign,
	const struct key *upsert, struct rule_set *rules, struct error *error)
{
	size_t fields[KEY_FIELDS_MAX], count = 0;

	out->key = key;
	for (size_t i = 0; i < key->count && count < KEY_FIELDS_MAX; i++) {
		size_t field = field_of(refuser->schema, refuser->session->dialect, key->columns[i]);

		if (field != SCHEMA_NO_FIELD)
			fields[count++] = field;
	}
	out->rule = foreign ? rule_of_foreign(refuser->schema, fields, count, key->parent, rules, error)
			    : rule_of_unique(refuser->schema, fields, count, rules, error);
	if (!out->rule)
		return -1;
	if (!key->count || count < key->count)
		return 0;
	out->fields = malloc(count * sizeof *fields);
	if (!out->fields)
		return error_memory(error, "the keys of a table");
	memcpy(out->fields, fields, count * sizeof *fields);
	if (foreign && key->itself && open_parents(refuser, out, error))
		return -1;
	out->upserted = !foreign && upsert && same_fields(upsert, fields, count);
	/* The key of an upsert may be there; a row that is changed keeps what it has of the others; a table that references itself may
	 * find its parents in the batch. */
	out->definite = !key->partial && (foreign ? !key->itself : !upsert);
	return 0;
}

int refuser_open(struct refuser *refuser, struct session *session, const struct schema *schema,
	const struct catalog *catalog, struct writer *writer, const struct key *upsert, struct rule_set *rules,
	struct error *error)
{
	memset(refuser, 0, sizeof *refuser);
	refuser->session = session;
	refuser->schema = schema;
	refuser->catalog = catalog;
	refuser->writer = writer;
	refuser->unique = calloc(catalog->unique_count + 1, sizeof *refuser->unique);
	refuser->foreign = calloc(catalog->foreign_count + 1, sizeof *refuser->foreign);
	refuser->other = rule_set_get(rules, CODE_DATABASE_ERROR, NULL, NULL, 0, "was refused by the database", error);
	if (!refuser->unique || !refuser->foreign)
		error_memory(error, "the keys of a table");
	for (size_t i = 0; !error_is_set(error) && i < catalog->unique_count; i++)
		if (open_key(refuser, &refuser->unique[i], &catalog->unique[i], false, upsert, rules, error))
			break;
	for (size_t i = 0; !error_is_set(error) && i < catalog->foreign_count; i++)
		if (open_key(refuser, &refuser->foreign[i], &catalog->foreign[i], true, upsert, rules, error))
			break;
	if (!error_is_set(error))
		return 0;
	refuser_close(refuser);
	return -1;
}

static void close_keys(struct refuser_key *keys, size_t count)
{
	for (size_t i = 0; keys && i < count; i++) {
		probe_close(&keys[i].probe);
		catalog_fini(&keys[i].parent);
		free(keys[i].fields);
		free(keys[i].parents);
	}
	free(keys);
}

void refuser_close(struct refuser *refuser)
{
	if (refuser->catalog) {
		close_keys(refuser->unique, refuser->catalog->unique_count);
		close_keys(refuser->foreign, refuser->catalog->foreign_count);
	}
	free(refuser->rows);
	free(refuser->found);
	free(refuser->refused);
	memset(refuser, 0, sizeof *refuser);
}

static int open_probe(struct refuser *refuser, struct refuser_key *key, bool foreign, struct error *error)
{
	const struct field *fields[KEY_FIELDS_MAX];
	const struct catalog *table = refuser->catalog;
	char *const *columns = foreign ? key->key->parent_columns : key->key->columns;

	if (key->open)
		return 0;
	if (foreign) {
		catalog_fini(&key->parent);
		if (catalog_read(refuser->session, key->key->parent, &key->parent, error))
			return -1;
		table = &key->parent;
	}
	for (size_t i = 0; i < key->key->count; i++)
		fields[i] = &refuser->schema->fields[key->fields[i]];
	if (probe_open(&key->probe, refuser->session, table, (const char *const *)columns, fields, key->key->count, error))
		return -1;
	key->open = true;
	return 0;
}

/* A null part is never compared, and a row that is its own parent needs no other. */
static bool asks(const struct batch *batch, const struct refuser_key *key, uint32_t row)
{
	for (size_t i = 0; i < key->key->count; i++)
		if (batch->columns[key->fields[i]].cells[row] != CELL_VALUE)
			return false;
	return !key->parents || !itself_refers(batch, key->fields, key->parents, key->key->count, row);
}

/* Asks one key of all rows; those it refuses become violations. */
static int ask_key(struct refuser *refuser, struct refuser_key *key, bool foreign, struct batch *batch, const uint32_t *rows,
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
	memset(refuser->found, 0, asked_count * sizeof *refuser->found);
	if (asked_count && (open_probe(refuser, key, foreign, error) ||
				   probe_rows(&key->probe, batch, key->fields, asked, asked_count, refuser->found, error)))
		goto out;
	result = 0;
	for (size_t i = 0; result == 0 && i < asked_count; i++)
		if (refuser->found[i] != foreign)
			result = batch_violation(batch, asked[i], key->rule, NULL, error);
out:
	free(asked);
	return result;
}

/* Drops rows that are no longer live; returns how many stay. */
static size_t keep_live(const struct batch *batch, uint32_t *rows, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (batch->status[rows[i]] == ROW_LIVE)
			rows[kept++] = rows[i];
	return kept;
}

/* One query a key for the whole batch. */
static int ask_all(struct refuser *refuser, struct batch *batch, const uint32_t *rows, size_t count, struct error *error)
{
	for (size_t i = 0; i < refuser->catalog->unique_count; i++)
		if (refuser->unique[i].definite && ask_key(refuser, &refuser->unique[i], false, batch, rows, count, error))
			return -1;
	for (size_t i = 0; i < refuser->catalog->foreign_count; i++)
		if (refuser->foreign[i].definite && ask_key(refuser, &refuser->foreign[i], true, batch, rows, count, error))
			return -1;
	return 0;
}

static bool is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* True where the database's words name this constraint: by its name, or, as SQLite does, by "table.column, table.column". */
static bool words_name(const struct refuser *refuser, const struct catalog_key *key, const char *words)
{
	char columns[1024] = "";
	const char *named = words;
	const char *table = strchr(refuser->catalog->table, '.') ? strchr(refuser->catalog->table, '.') + 1 : refuser->catalog->table;
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

/* A row that no key speaks against which a query alone decides. */
static int explain_by_words(struct refuser *refuser, struct batch *batch, uint32_t row, const struct diagnosis *diagnosis,
	struct error *error)
{
	char detail[DETAIL_MAX], code[32];
	size_t before = batch->violation_count;

	/* The key of an upsert is in nobody's way; MariaDB's words for a clash with another one hold its columns (put_guarded). */
	if (diagnosis->trouble.kind == TROUBLE_UNIQUE)
		for (size_t i = 0; i < refuser->catalog->unique_count; i++)
			if (!refuser->unique[i].upserted && words_name(refuser, refuser->unique[i].key, diagnosis->words))
				return batch_violation(batch, row, refuser->unique[i].rule, NULL, error);
	if (diagnosis->trouble.kind == TROUBLE_UNIQUE) {
		/* An upsert of MariaDB does not say which key: each but its own is asked. */
		for (size_t i = 0; i < refuser->catalog->unique_count; i++)
			if (refuser->unique[i].fields && !refuser->unique[i].upserted &&
			    ask_key(refuser, &refuser->unique[i], false, batch, &row, 1, error))
				return -1;
		if (batch->violation_count > before)
			return 0;
	}
	if (diagnosis->trouble.kind == TROUBLE_FOREIGN) {
		/* SQLite does not say which key: each is asked. */
		for (size_t i = 0; i < refuser->catalog->foreign_count; i++)
			if (refuser->foreign[i].fields && ask_key(refuser, &refuser->foreign[i], true, batch, &row, 1, error))
				return -1;
		if (batch->violation_count > before)
			return 0;
		for (size_t i = 0; i < refuser->catalog->foreign_count; i++)
			if (refuser->foreign[i].key->name[0] && words_name(refuser, refuser->foreign[i].key, diagnosis->words))
				return batch_violation(batch, row, refuser->foreign[i].rule, NULL, error);
	}
	snprintf(detail, sizeof detail, "was refused by the database: %s%s", diagnosis->words,
		diagnosis_code(diagnosis, code, sizeof code));
	return batch_violation(batch, row, refuser->other, detail, error);
}

/* The one row that was refused alone. Keys come first, so that what is said of a row does not depend on what was sent with it. */
static int explain_row(struct refuser *refuser, struct batch *batch, uint32_t row, const struct diagnosis *diagnosis,
	struct error *error)
{
	size_t before = batch->violation_count;

	/* Where the rows before it stay, nothing has to be done again. */
	refuser->refusals += !diagnosis->kept;
	if (ask_all(refuser, batch, &row, 1, error))
		return -1;
	return batch->violation_count > before ? 0 : explain_by_words(refuser, batch, row, diagnosis, error);
}

static int insert_carefully(struct refuser *refuser, struct batch *batch, const uint32_t *rows, size_t count, size_t most,
	struct error *error);

static void count_done(struct refuser *refuser, size_t count)
{
	refuser->done += count;
	if (refuser->done > LATELY_ROWS) {
		refuser->done /= 2;
		refuser->refusals /= 2;
	}
}

/* All of them under one savepoint. 0; 1 where the database refused one (of these rows only those before diagnosis->at stay, and only with
 * diagnosis->kept); or -1. */
static int insert_try(struct refuser *refuser, const struct batch *batch, const uint32_t *rows, size_t count,
	struct diagnosis *diagnosis, struct error *error)
{
	int result;

	if (cancel_requested(refuser->session->cancel))
		return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
	if (session_savepoint(refuser->session, error))
		return -1;
	result = writer_insert(refuser->writer, batch, rows, count, diagnosis, error);
	if (result < 0)
		return -1;
	if (result > 0 && !diagnosis->kept)
		return session_rollback_to(refuser->session, error) ? -1 : result;
	if (result > 0)
		count = diagnosis->at;
	refuser->session->broken = false;
	if (session_release(refuser->session, error))
		return -1;
	refuser->tried += (int64_t)count;
	count_done(refuser, count);
	return result;
}

/* Rows for the next try. A refusal undoes half of a try on average, and each try costs as much as some rows: with n rows between two
 * refusals the least is lost with about the root of 2 * TRY_COST * n. */
static size_t try_rows(const struct refuser *refuser)
{
	uint64_t apart, rows = TRY_ROWS_MIN;

	if (!refuser->refusals)
		return SIZE_MAX;
	apart = (refuser->done + CALM_ROWS) / refuser->refusals;
	while (rows * rows < 2 * TRY_COST * apart)
		rows *= 2;
	return (size_t)rows;
}

static int start_counting(struct refuser *refuser, struct error *error)
{
	int known = writer_tried(refuser->writer, &refuser->tried, error);

	if (known < 0)
		return -1;
	refuser->count = known ? COUNT_KNOWN : COUNT_USELESS;
	return 0;
}

/* Which of the count rows it may have been that was refused and undone last, by how many the database tried; SIZE_MAX where it cannot
 * tell. A trigger's own inserts into the table would be counted too, so it is a guess. */
static int guess(struct refuser *refuser, size_t count, const struct diagnosis *diagnosis, size_t *at, struct error *error)
{
	enum refuser_count before = refuser->count;
	int64_t tried = refuser->tried, place;

	*at = SIZE_MAX;
	if (before == COUNT_USELESS)
		return 0;
	if (start_counting(refuser, error))
		return -1;
	/* Row and index entry are two steps; a dropped row is none of either. */
	place = refuser->tried - tried - (diagnosis->trouble.kind == TROUBLE_UNIQUE);
	if (before == COUNT_KNOWN && diagnosis->state[0] && place >= 0 && (uint64_t)place < count)
		*at = (size_t)place;
	return 0;
}

/* The rows before a guessed one, and that row, alone. From a wrong guess on, the batch goes on without. */
static int insert_guessed(struct refuser *refuser, struct batch *batch, const uint32_t *rows, size_t at, struct error *error)
{
	size_t before = batch->violation_count;

	refuser->count = COUNT_USELESS;
	if (at && insert_carefully(refuser, batch, rows, at, at, error))
		return -1;
	if (batch->violation_count > before)
		return insert_carefully(refuser, batch, rows + at, 1, 1, error);
	if (insert_carefully(refuser, batch, rows + at, 1, 1, error))
		return -1;
	if (batch->status[rows[at]] != ROW_LIVE)
		refuser->count = COUNT_KNOWN;
	return 0;
}

/* What a refused try did not write: up to its refused row, where that is known, else in halves. Returns how many rows are done with,
 * or 0 and error. */
static size_t insert_refused(struct refuser *refuser, struct batch *batch, const uint32_t *rows, size_t count,
	const struct diagnosis *diagnosis, struct error *error)
{
	size_t at = count == 1 ? 0 : diagnosis->at, guessed;

	if (at < count) {
		if ((at && !diagnosis->kept && insert_carefully(refuser, batch, rows, at, at, error)) ||
		    explain_row(refuser, batch, rows[at], diagnosis, error))
			return 0;
		/* Of a row and its index entry the row was there already. */
		if (count == 1)
			refuser->tried += diagnosis->trouble.kind == TROUBLE_UNIQUE;
		else if (refuser->count == COUNT_KNOWN)
			refuser->count = COUNT_UNKNOWN;
		return at + 1;
	}
	guessed = diagnosis->near;
	if (guessed >= count && guess(refuser, count, diagnosis, &guessed, error))
		return 0;
	if (guessed < count)
		return insert_guessed(refuser, batch, rows, guessed, error) ? 0 : guessed + 1;
	return insert_carefully(refuser, batch, rows, count, count / 2, error) ? 0 : count;
}

/* At most so many at a time, each try under a savepoint of its own. In source order, so that of two rows that exclude each other the first
 * one stays. */
static int insert_carefully(struct refuser *refuser, struct batch *batch, const uint32_t *rows, size_t count, size_t most,
	struct error *error)
{
	while (count) {
		struct diagnosis diagnosis;
		size_t take = count < most ? count : most;
		int result = insert_try(refuser, batch, rows, take, &diagnosis, error);

		if (result > 0)
			take = insert_refused(refuser, batch, rows, take, &diagnosis, error);
		if (result < 0 || !take)
			return -1;
		rows += take;
		count -= take;
	}
	return 0;
}

static int reserve(struct refuser *refuser, const struct batch *batch, struct error *error)
{
	uint32_t *rows;
	bool *found;
	uint8_t *refused;

	if (refuser->capacity >= batch->capacity)
		return 0;
	rows = realloc(refuser->rows, batch->capacity * sizeof *rows);
	if (rows)
		refuser->rows = rows;
	found = realloc(refuser->found, batch->capacity * sizeof *found);
	if (found)
		refuser->found = found;
	refused = realloc(refuser->refused, batch->capacity * sizeof *refused);
	if (refused)
		refuser->refused = refused;
	if (!rows || !found || !refused)
		return error_memory(error, "the rows of a batch");
	refuser->capacity = batch->capacity;
	return 0;
}

/* The keys that the database would check at the commit only; a key by which the table references itself may find its parents later. */
static int ask_deferred(struct refuser *refuser, struct batch *batch, const uint32_t *rows, size_t count, struct error *error)
{
	for (size_t i = 0; i < refuser->catalog->foreign_count; i++) {
		struct refuser_key *key = &refuser->foreign[i];

		if (key->key->deferred && !key->key->itself && key->fields && ask_key(refuser, key, true, batch, rows, count, error))
			return -1;
	}
	return 0;
}

/* True unless the database names a key of which a query alone does not tell, or refused for another reason. */
static bool is_askable(const struct refuser *refuser, const struct diagnosis *diagnosis)
{
	bool foreign = diagnosis->trouble.kind == TROUBLE_FOREIGN;
	const struct refuser_key *keys = foreign ? refuser->foreign : refuser->unique;
	size_t count = foreign ? refuser->catalog->foreign_count : refuser->catalog->unique_count;

	if (!foreign && diagnosis->trouble.kind != TROUBLE_UNIQUE)
		return false;
	for (size_t i = 0; i < count; i++)
		if (words_name(refuser, keys[i].key, diagnosis->words))
			return keys[i].definite;
	return true;
}

/* How many unique keys speak against this row, by the violations from first on. */
static size_t unique_violations(const struct batch *batch, size_t first, uint32_t row)
{
	size_t count = 0;

	for (size_t i = first; i < batch->violation_count; i++)
		count += batch->violations[i].row == row &&
			(batch->violations[i].rule->code == CODE_PRIMARY_KEY || batch->violations[i].rule->code == CODE_UNIQUE_ERROR);
	return count;
}

/* Asks all keys of the rows that were left out. 0; 1 where a row further on may have taken a key that it would not have had yet; or -1. */
static int ask_left_out(struct refuser *refuser, struct batch *batch, const uint32_t *rows, size_t count, struct error *error)
{
	size_t first = batch->violation_count, asked = 0;
	uint32_t *left_out = malloc((count ? count : 1) * sizeof *left_out);
	int result = left_out ? 0 : error_memory(error, "the rows of a batch");

	for (size_t i = 0; result == 0 && i < count; i++)
		if (refuser->refused[i])
			left_out[asked++] = rows[i];
	if (result == 0 && asked)
		result = ask_all(refuser, batch, left_out, asked, error);
	for (size_t i = 0; result == 0 && i < count; i++)
		if (refuser->refused[i] &&
		    unique_violations(batch, first, rows[i]) > (refuser->refused[i] == TROUBLE_UNIQUE ? 1 : 0))
			result = 1;
	free(left_out);
	return result;
}

/* Takes back what was said of rows of this batch from that violation on. */
static void unsay(struct batch *batch, size_t first)
{
	while (batch->violation_count > first)
		batch->status[batch->violations[--batch->violation_count].row] = ROW_LIVE;
}

/* A row that was left out, and that no key speaks against by itself, for the database's words. */
static int try_alone(struct refuser *refuser, struct batch *batch, uint32_t row, struct error *error)
{
	struct diagnosis diagnosis;
	int result = insert_try(refuser, batch, &row, 1, &diagnosis, error);

	return result > 0 ? explain_by_words(refuser, batch, row, &diagnosis, error) : result;
}

/* All that the database takes of these rows, in one statement. Returns 0 and in *count how many rows are done with: none where that is
 * not to be had. */
static int sift(struct refuser *refuser, struct batch *batch, const uint32_t *rows, size_t *count, struct error *error)
{
	size_t first = batch->violation_count, left_out = 0;
	int result;

	if (cancel_requested(refuser->session->cancel))
		return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
	if (session_savepoint(refuser->session, error))
		return -1;
	result = writer_sift(refuser->writer, batch, rows, count, refuser->refused, error);
	if (result == 0 && *count)
		result = ask_left_out(refuser, batch, rows, *count, error);
	if (result < 0)
		return -1;
	if (result > 0) {
		*count = 0;
		unsay(batch, first);
		return session_rollback_to(refuser->session, error);
	}
	if (session_release(refuser->session, error))
		return -1;
	for (size_t i = 0; i < *count; i++)
		left_out += refuser->refused[i] != 0;
	refuser->refusals += left_out;
	count_done(refuser, *count - left_out);
	for (size_t i = 0; i < *count; i++)
		if (refuser->refused[i] && batch->status[rows[i]] == ROW_LIVE && try_alone(refuser, batch, rows[i], error))
			return -1;
	return 0;
}

/* Tries as many as have hope; what is refused for a key is asked of all that are left, once. */
static int insert_rows(struct refuser *refuser, struct batch *batch, uint32_t *rows, size_t count, struct error *error)
{
	bool asked = false, sifts = writer_sifts(refuser->writer);

	refuser->count = COUNT_UNKNOWN;
	if (refuser->refusals && start_counting(refuser, error))
		return -1;
	while (count) {
		struct diagnosis diagnosis;
		size_t take = count, kept;
		int result;

		if (sifts && refuser->refusals && count > 1) {
			if (sift(refuser, batch, rows, &take, error))
				return -1;
			sifts = take > 0;
			rows += take;
			count -= take;
			continue;
		}
		take = try_rows(refuser) < count ? try_rows(refuser) : count;
		result = insert_try(refuser, batch, rows, take, &diagnosis, error);
		if (result > 0 && sifts && count > 1) {
			refuser->refusals++;
			continue;
		}
		if (result > 0 && diagnosis.kept) {
			rows += diagnosis.at;
			count -= diagnosis.at;
			take -= diagnosis.at;
			diagnosis.at = 0;
		}
		if (result > 0 && !asked && is_askable(refuser, &diagnosis)) {
			asked = true;
			refuser->refusals += !diagnosis.kept;
			if (ask_all(refuser, batch, rows, count, error))
				return -1;
			kept = keep_live(batch, rows, count);
			if (kept < count) {
				count = kept;
				if (start_counting(refuser, error))
					return -1;
				continue;
			}
		}
		if (result > 0)
			take = insert_refused(refuser, batch, rows, take, &diagnosis, error);
		if (result < 0 || !take)
			return -1;
		rows += take;
		count -= take;
	}
	return 0;
}

int refuser_write(struct refuser *refuser, struct batch *batch, struct error *error)
{
	size_t count = 0;

	if (reserve(refuser, batch, error))
		return -1;
	for (uint32_t row = 0; row < batch->rows; row++)
		if (batch->status[row] == ROW_LIVE)
			refuser->rows[count++] = row;
	if (ask_deferred(refuser, batch, refuser->rows, count, error))
		return -1;
	return insert_rows(refuser, batch, refuser->rows, keep_live(batch, refuser->rows, count), error);
}

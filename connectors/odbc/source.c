/* source.c - the ODBC source: its options, and the hooks of the engine.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/match.h"
#include "connectors/odbc/reader.h"
#include "connectors/odbc/source.h"
#include "connectors/odbc/visible.h"
#include "engine/core/plan.h"

enum read_by { READ_AUTO = 0, READ_CAPTURE, READ_COPY, READ_FETCH };

static const char *const ways[] = { "auto", "capture", "copy", "fetch", NULL };

struct odbc_source {
	const char *connection;
	const char *table;
	struct option_sql query, where;
	struct option_list columns, ignore;
	bool consistent, once;
	int read;

	struct source_context context;
	struct snapshot *snapshot;
	struct reader reader;
	char path[4096];
	bool opened, ended, replaying;
	uint64_t replay_records; /* of the position that is replayed up to */
};

static const struct option options[] = {
	{ .name = "connection", .kind = OPTION_STRING, .flags = OPTION_REQUIRED | OPTION_CONNECTION,
	  .offset = offsetof(struct odbc_source, connection), .help = "Name of the connection to read from." },
	{ .name = "table", .kind = OPTION_STRING, .offset = offsetof(struct odbc_source, table),
	  .help = "Table to read, `name` or `schema.name`; or else a `query`." },
	{ .name = "query", .kind = OPTION_SQL, .offset = offsetof(struct odbc_source, query),
	  .help = "SELECT whose columns have the names of the fields; one for all databases, or a map from dialect to SQL. Each ${...} in it "
		  "is a bound parameter." },
	{ .name = "where", .kind = OPTION_SQL, .offset = offsetof(struct odbc_source, where),
	  .help = "Condition in SQL on the rows of the table; each ${...} in it is a bound parameter." },
	{ .name = "columns", .kind = OPTION_LIST, .offset = offsetof(struct odbc_source, columns),
	  .help = "Fields to read; the others are null. By default all." },
	{ .name = "ignore", .kind = OPTION_LIST, .offset = offsetof(struct odbc_source, ignore),
	  .help = "Columns that the dictionary lacks, and with for_each \"*\" tables that it lacks, which are left out on purpose." },
	{ .name = "consistent", .kind = OPTION_BOOLEAN, .offset = offsetof(struct odbc_source, consistent), .fallback = "false",
	  .help = "SQLite: one read transaction for all tables of the run instead of one per table; writers may have to wait for it. "
		  "PostgreSQL has one snapshot anyway." },
	{ .name = "once", .kind = OPTION_BOOLEAN, .offset = offsetof(struct odbc_source, once), .fallback = "false",
	  .help = "Only false: a table is never taken as loaded already." },
	{ .name = "read", .kind = OPTION_ENUM, .offset = offsetof(struct odbc_source, read), .fallback = "auto", .values = ways,
	  .help = "How values come: capture (SQLite, in this process), copy (PostgreSQL, binary COPY over the driver's connection), fetch "
		  "(from any driver), auto (the fastest that is there)." },
	{ .name = NULL },
};

static int source_check(const void *bound, struct error *error)
{
	const struct odbc_source *source = bound;

	if (!source->table == !source->query.count)
		return error_set(error, ERROR_CONFIG, NULL, "a source of type odbc needs either \"table\" or \"query\"");
	if (source->query.count && (source->where.count || source->columns.count))
		return error_set(error, ERROR_CONFIG, NULL, "\"%s\" goes with \"table\"; a query says itself what it gives",
			source->where.count ? "where" : "columns");
	if (source->once)
		return error_set(error, ERROR_CONFIG, NULL, "once: true needs a file, which is known by its content; leave it out");
	return 0;
}

static int open_reader(struct odbc_source *source, struct error *error)
{
	struct reader *reader = &source->reader;
	struct match match = { .snapshot = source->snapshot, .context = &source->context, .table = source->table,
			       .columns = &source->columns, .ignore = &source->ignore };

	reader->snapshot = source->snapshot;
	reader->dialect = source->snapshot->session.dialect;
	reader->context = &source->context;
	reader->table = source->table;
	if (condition_choose(&source->query, &source->snapshot->session, "query", &reader->query, error) ||
	    condition_choose(&source->where, &source->snapshot->session, "where", &reader->where, error) ||
	    (source->table ? match_table(&match, reader, error) : match_query(&match, reader, error)) ||
	    (source->table && visible_need_all(&source->snapshot->session, source->table, "read", error)) ||
	    table_reader_open(reader, source->read != READ_FETCH, error))
		return -1;
	if (source->read == READ_CAPTURE && !reader->capture)
		return error_set(error, ERROR_CONFIG, source->snapshot->session.place,
			"read: capture is for SQLite, with the library that this program uses, and tables of not too many columns");
	if (source->read == READ_COPY && !reader->copied.chosen)
		return error_set(error, ERROR_CONFIG, source->snapshot->session.place, "read: copy is not possible here: %s",
			reader->copied.why[0] ? reader->copied.why : "it is for PostgreSQL");
	return 0;
}

static int source_open(void *self, const struct source_context *context, struct error *error)
{
	struct odbc_source *source = self;

	source->context = *context;
	source->opened = true;
	if (source_check(source, error) || snapshot_open(context, source->consistent, &source->snapshot, error))
		return -1;
	for (size_t i = 0; i < context->schema->field_count; i++)
		source->snapshot->session.discreet = source->snapshot->session.discreet || context->schema->fields[i].sensitive;
	snprintf(source->path, sizeof source->path, "%s:%s", context->connection->name, source->table ? source->table : "query");
	if (open_reader(source, error) == 0)
		return 0;
	snapshot_failed(source->snapshot, error);
	return -1;
}

static int source_identify(void *self, bool hash, struct source_identity *out, struct error *error)
{
	const struct odbc_source *source = self;

	(void)hash; /* it has none */
	(void)error;
	*out = (struct source_identity){ .known = source->reader.way == WAY_KEY, .by_key = source->reader.way == WAY_KEY };
	snprintf(out->path, sizeof out->path, "%s", source->path);
	if (source->snapshot->session.dialect->single_writer)
		snprintf(out->database, sizeof out->database, "%s", source->snapshot->session.database);
	snprintf(out->isolation, sizeof out->isolation, "%s%s", snapshot_isolation(source->snapshot),
		source->reader.way == WAY_CURSOR && !source->reader.copied.chosen ? ", by a cursor" :
		source->reader.way == WAY_STREAM || source->reader.way == WAY_CURSOR ? ", in one statement" :
		source->reader.way == WAY_ROWID ? ", by the number of the row" : "");
	return 0;
}

/* {"key": ["12"], "records": 12}; a key that is too long for a position is left out, and then nothing resumes there. */
static int put_position(const struct odbc_source *source, struct position *out, struct error *error)
{
	const struct reader *reader = &source->reader;
	json_t *key = reader->way == WAY_KEY ? json_array() : NULL, *position = NULL;
	struct buffer text;
	int result = 0;

	for (size_t i = 0; key && i < reader->key_count && result == 0; i++) {
		buffer_init(&text, POSITION_TOKEN_MAX);
		if (reader_key_text(reader, i, &text, error)) {
			error_clear(error);
			json_decref(key);
			key = NULL;
		} else if (json_array_append_new(key, json_stringn(buffer_text(&text), text.length))) {
			result = -1;
		}
		buffer_fini(&text);
	}
	position = key && result == 0 && reader->records ? json_pack("{s:O, s:I}", "key", key, "records", (json_int_t)reader->records)
							   : json_pack("{s:I}", "records", (json_int_t)reader->records);
	if (position && json_dumpb(position, out->token, sizeof out->token - 1, JSON_COMPACT) < sizeof out->token) {
		out->token[json_dumpb(position, NULL, 0, JSON_COMPACT)] = '\0';
	} else {
		snprintf(out->token, sizeof out->token, "{\"records\":%" PRIu64 "}", reader->records);
	}
	json_decref(key);
	json_decref(position);
	return result ? error_memory(error, "a position") : 0;
}

/* Bytes of the rows as a person would count them: numbers as numbers, texts as texts. */
static uint64_t bytes_of(const struct batch *batch)
{
	return batch->arena.used + 8 * (uint64_t)batch->rows * batch->schema->field_count;
}

/* The rows up to the position are through: now those behind it. */
static int end_replay(struct odbc_source *source, struct error *error)
{
	struct reader *reader = &source->reader;

	source->replaying = false;
	reader->bounded = false;
	reader->ended = false;
	reader->records = source->replay_records;
	for (size_t i = 0; i < reader->key_count; i++)
		if (!reader_set_key(reader, i, buffer_text(&reader->until[i]), false))
			return error_memory(error, "a position");
	return 0;
}

static enum source_result source_read(void *self, struct batch *batch, struct error *error)
{
	struct odbc_source *source = self;
	struct reader *reader = &source->reader;

	if (source->ended)
		return SOURCE_END;
	if (cancel_requested(source->context.cancel)) {
		error_set(error, ERROR_CANCELLED, NULL, "cancelled");
		return SOURCE_ERROR;
	}
	if (table_reader_read(reader, batch, error))
		return SOURCE_ERROR;
	batch->bytes = bytes_of(batch);
	batch->replayed = source->replaying;
	if (source->replaying && reader->ended) {
		if (end_replay(source, error))
			return SOURCE_ERROR;
	} else if (reader->ended) {
		source->ended = batch->last = true;
	}
	return put_position(source, &batch->position, error) ? SOURCE_ERROR : SOURCE_BATCH;
}

static int resume_at(struct odbc_source *source, json_t *position, bool replay, struct error *error)
{
	struct reader *reader = &source->reader;
	json_t *key = json_object_get(position, "key"), *records = json_object_get(position, "records");

	if (reader->way != WAY_KEY)
		return error_set(error, ERROR_CONFIG, source->path, "it has no key by which reading could go on; use --restart");
	if (!json_is_integer(records) || !json_is_array(key) || json_array_size(key) != reader->key_count)
		return error_set(error, ERROR_CONFIG, source->path,
			"the checkpoint has no key of this table (it was another one, or its key was too long); use --restart");
	for (size_t i = 0; i < reader->key_count; i++) {
		const char *text = json_string_value(json_array_get(key, i));

		if (!text || !reader_set_key(reader, i, text, replay))
			return error_set(error, ERROR_CONFIG, source->path, "the checkpoint's key is none of this table; use --restart");
	}
	source->replay_records = (uint64_t)json_integer_value(records);
	source->replaying = replay;
	if (!replay)
		reader->records = source->replay_records;
	return 0;
}

static int source_resume(void *self, const struct position *at, bool replay, struct error *error)
{
	json_t *position = json_loads(at->token, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	struct odbc_source *source = self;
	int result;

	if (!position)
		return error_set(error, ERROR_CONFIG, source->path, "the checkpoint is not one of a table; use --restart");
	/* The beginning itself. */
	if (!json_object_get(position, "key") && json_is_integer(json_object_get(position, "records")) &&
	    json_integer_value(json_object_get(position, "records")) == 0)
		result = 0;
	else
		result = resume_at(source, position, replay, error);
	json_decref(position);
	return result;
}

static int source_explain(void *self, struct buffer *out, struct error *error)
{
	struct odbc_source *source = self;
	struct reader *reader = &source->reader;
	const struct schema *schema = source->context.schema;
	static const char *const names[] = { [WAY_KEY] = "pages by key", [WAY_ROWID] = "pages by the number of the row",
					     [WAY_CURSOR] = "one cursor of the server", [WAY_STREAM] = "one statement, row by row" };

	if (buffer_printf(out, error, "%s %s, %s; %s%s; %s\n", source->table ? "table" : "query",
		    source->table ? reader->catalog.table : "", reader->dialect->name,
		    reader->copied.chosen ? reader->way == WAY_KEY ? "binary COPY, by key" : "binary COPY" : names[reader->way],
		    reader->capture ? ", captured in this process" : "", snapshot_isolation(source->snapshot)))
		return -1;
	if (reader->copied.why[0] && buffer_printf(out, error, "  not by COPY: %s\n", reader->copied.why))
		return -1;
	for (size_t i = 0; i < schema->field_count; i++) {
		size_t at = 0;

		while (at < reader->count && reader->fields[at] != i)
			at++;
		if (buffer_printf(out, error, "  %-24s %-10s <- %s%s%s\n", schema->fields[i].name, value_type_name(schema->fields[i].type),
			    at < reader->count ? reader->columns[at].name : "null (not in columns)",
			    at < reader->count && reader->columns[at].column ? " " : "",
			    at < reader->count && reader->columns[at].column ? reader->columns[at].column->declared : ""))
			return -1;
	}
	return reader_print(reader, out, error) || buffer_puts(out, ";\n", error) ? -1 : 0;
}

static void source_close(void *self)
{
	struct odbc_source *source = self;

	if (!source->opened)
		return;
	if (source->snapshot)
		table_reader_close(&source->reader);
	snapshot_release(source->snapshot);
	source->snapshot = NULL;
	source->opened = false;
}

const struct source_ops odbc_source_ops = {
	.name = "odbc",
	.summary = "Reads a table or a query of a database over ODBC: SQLite, PostgreSQL, MariaDB.",
	.size = sizeof(struct odbc_source),
	.options = options,
	.typed = true,
	.check = source_check,
	.open = source_open,
	.identify = source_identify,
	.read = source_read,
	.resume = source_resume,
	.explain = source_explain,
	.close = source_close,
};

/* sink.c - rows of a step into a table of a database over ODBC.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "connectors/odbc/ddl.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/fit.h"
#include "connectors/odbc/refuse.h"
#include "connectors/odbc/replace.h"
#include "connectors/odbc/sink.h"
#include "connectors/odbc/snapshot.h"
#include "connectors/odbc/store.h"
#include "connectors/odbc/stream.h"
#include "connectors/odbc/target.h"
#include "connectors/odbc/writer.h"

enum sink_mode { MODE_APPEND = 0, MODE_UPSERT, MODE_REPLACE };

static const char *const modes[] = { "append", "upsert", "replace", NULL };
static const char *const bulks[] = { "auto", "copy", "unnest", "virtual", "array", "values", "row", NULL }; /* beside auto, names of ways (way.h) */

/* What rows go through; made again whenever the catalog was read again. */
struct road {
	struct fit *fits; /* one a field */
	struct writer writer;
	struct refuser refuser;
	struct stream stream; /* goes before the refuser, where it is open */
};

struct odbc_sink {
	const char *connection;
	const char *table;
	int mode;
	struct option_list key;
	bool create;
	struct option_commit commit;
	int bulk;
	struct option_list ignore;
	bool cascade;
	bool allow_empty; /* the engine's affair */

	struct sink_context context;
	struct target target;
	struct replace replace;
	struct road road;
	bool opened;
	bool missing;          /* the table is not there (yet) */
	bool made_here;        /* in the transaction that is open */
	bool lacks_keys;       /* and without its keys so far */
	size_t *upsert_fields;
};

static const struct option options[] = {
	{ .name = "connection", .kind = OPTION_STRING, .flags = OPTION_REQUIRED | OPTION_CONNECTION,
	  .offset = offsetof(struct odbc_sink, connection), .help = "Name of the connection to write to." },
	{ .name = "table", .kind = OPTION_STRING, .offset = offsetof(struct odbc_sink, table),
	  .help = "Target table, `name` or `schema.name`; by default the table of the rules." },
	{ .name = "mode", .kind = OPTION_ENUM, .offset = offsetof(struct odbc_sink, mode), .fallback = "append", .values = modes,
	  .help = "append: a key that exists is a reject; upsert: the row with the same key is changed; replace: all rows "
		  "give way to those of the step, in one transaction." },
	{ .name = "key", .kind = OPTION_LIST, .offset = offsetof(struct odbc_sink, key),
	  .help = "Fields of the key for upsert; by default the primary key." },
	{ .name = "create", .kind = OPTION_BOOLEAN, .offset = offsetof(struct odbc_sink, create), .fallback = "false",
	  .help = "Make a missing table from the dictionary, keys included." },
	{ .name = "commit", .kind = OPTION_COMMIT, .offset = offsetof(struct odbc_sink, commit), .fallback = "auto",
	  .help = "When to commit: auto, step, or { rows: 100000, every: 1s }." },
	{ .name = "bulk", .kind = OPTION_ENUM, .offset = offsetof(struct odbc_sink, bulk), .fallback = "auto", .values = bulks,
	  .help = "How rows are sent: copy (PostgreSQL: binary COPY), unnest (PostgreSQL: as arrays), virtual (SQLite: read in this process), "
		  "array (MariaDB: arrays of parameters, one request), values (many in one INSERT), row (one at a time), auto (the best that the driver can do)." },
	{ .name = "ignore", .kind = OPTION_LIST, .offset = offsetof(struct odbc_sink, ignore),
	  .help = "Columns without a field that replace may leave to their defaults." },
	{ .name = "cascade", .kind = OPTION_BOOLEAN, .offset = offsetof(struct odbc_sink, cascade), .fallback = "false",
	  .help = "Replace a table also where foreign keys that reference it change or delete rows themselves (ON DELETE CASCADE, SET "
		  "NULL, SET DEFAULT)." },
	{ .name = "allow_empty", .kind = OPTION_BOOLEAN, .offset = offsetof(struct odbc_sink, allow_empty), .fallback = "false",
	  .help = "Replace by nothing where the source gives no row." },
	{ .name = NULL },
};

static void road_close(struct road *road)
{
	stream_close(&road->stream);
	refuser_close(&road->refuser);
	writer_close(&road->writer);
	free(road->fits);
	memset(road, 0, sizeof *road);
}

/* Values must fit the table's columns, whichever table they are written to first. */
static int road_open(struct odbc_sink *sink, struct error *error)
{
	const struct catalog *catalog = replace_catalog(&sink->replace);
	const struct schema *schema = sink->context.schema;
	struct road *road = &sink->road;
	struct session *session = sink->target.session;
	const struct key *upsert = sink->target.upsert.count ? &sink->target.upsert : NULL;

	road->fits = calloc(schema->field_count ? schema->field_count : 1, sizeof *road->fits);
	if (!road->fits)
		return error_memory(error, "a sink");
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct catalog_column *column = catalog_find(&sink->target.catalog, session->dialect, schema->fields[i].name);

		assert(column);
		fit_init(&road->fits[i], &schema->fields[i], column, session->dialect);
		road->fits[i].rule = rule_set_get(sink->context.rules, CODE_DATABASE_ERROR, "column", &i, 1,
			"does not fit its column", error);
		if (!road->fits[i].rule)
			return -1;
	}
	if (writer_open(&road->writer, session, schema, catalog, upsert, bulks[sink->bulk], error))
		return -1;
	return refuser_open(&road->refuser, session, schema, catalog, &road->writer, upsert, sink->context.rules, error);
}

static int read_key(struct odbc_sink *sink, struct error *error)
{
	const struct schema *schema = sink->context.schema;
	size_t count = sink->key.count ? sink->key.count : schema->primary.count;

	if (sink->mode != MODE_UPSERT)
		return 0;
	if (!count)
		return error_set(error, ERROR_CONFIG, sink->target.session->place,
			"mode: upsert into %s needs a key: name its fields in \"key\", or give the dictionary a primaryKey", sink->target.table);
	sink->upsert_fields = malloc(count * sizeof *sink->upsert_fields);
	if (!sink->upsert_fields)
		return error_memory(error, "a sink");
	for (size_t i = 0; i < count; i++) {
		size_t field = sink->key.count ? schema_find(schema, sink->key.items[i]) : schema->primary.fields[i];

		if (field == SCHEMA_NO_FIELD)
			return error_set(error, ERROR_CONFIG, sink->target.session->place, "key: table %s of the dictionary has no field %s",
				schema->name, sink->key.items[i]);
		sink->upsert_fields[i] = field;
	}
	sink->target.upsert = (struct key){ .fields = sink->upsert_fields, .count = count };
	return 0;
}

static bool is_same_file(const char *one, const char *other)
{
	struct stat first, second;

	if (strcmp(one, other) == 0)
		return true;
	return stat(one, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/* Whoever reads from a file of SQLite keeps the writer's commit waiting, unless there is a write-ahead log. */
static int check_reader(const struct odbc_sink *sink, struct error *error)
{
	const struct source_identity *source = sink->context.source;
	struct session *session = sink->target.session;
	const char *earlier, *reader = NULL;
	char mode[32];

	if (session->absent || !session->dialect->single_writer)
		return 0;
	earlier = snapshot_find_reader(sink->context.shared, session->database);
	if (source && source->database[0] && is_same_file(source->database, session->database))
		reader = source->path;
	if (!earlier && !reader)
		return 0;
	if (session_query_text(session, "PRAGMA journal_mode", mode, sizeof mode, error) < 0)
		return -1;
	if (strcasecmp(mode, "wal") == 0)
		return 0;
	if (!reader)
		return error_set(error, ERROR_CONFIG, session->place,
			"the source of an earlier step reads from this database file by connection %s until the run ends (consistent: true), and "
			"would lock this sink out of it (journal mode %s): set the file to WAL once (PRAGMA journal_mode=WAL), or make two "
			"pipelines of it", earlier, mode);
	return error_set(error, ERROR_CONFIG, session->place,
		"the source %s reads from this database file, and would lock this sink out of it (journal mode %s): set the file to WAL "
		"once (PRAGMA journal_mode=WAL), or go through a file (a step into Avro or CSV, and one back)", source->path, mode);
}

/* Where a statement that changes the schema ends the transaction, the table is made between two of them: a crash leaves none, or an empty one,
 * which the next run finds as it would have made it. */
static int make_apart(struct odbc_sink *sink, struct error *error)
{
	struct session *session = sink->target.session;
	bool within = session->in_transaction;
	int result = -1;

	if ((within && session_commit(session, error)) || target_guard(&sink->target, error))
		return -1;
	target_fini(&sink->target);
	if (target_read(&sink->target, error) == 0)
		result = sink->target.catalog.exists ? 0 : target_create(&sink->target, true, error);
	target_unguard(&sink->target);
	if (result)
		return -1;
	sink->missing = false;
	return within ? session_begin(session, error) : 0;
}

/* Tables that are replaced together share a transaction, in which none can be made there. */
static int make_before(struct odbc_sink *sink, struct error *error)
{
	const struct session *session = sink->target.session;

	if (sink->target.catalog.exists || sink->mode != MODE_REPLACE || !session->dialect->ddl_commits || session->read_only)
		return 0;
	return make_apart(sink, error);
}

static int sink_open(void *self, const struct sink_context *context, struct sink_info *info, struct error *error)
{
	struct odbc_sink *sink = self;
	struct session *session = odbc_store_session(context->store);

	memset(info, 0, sizeof *info);
	sink->context = *context;
	sink->opened = true;
	sink->target = (struct target){ .session = session, .schema = context->schema, .tables = context->tables,
					.table = sink->table ? sink->table : context->schema->name, .create = sink->create };
	sink->replace = (struct replace){ .target = &sink->target, .cascade = sink->cascade, .ignore = sink->ignore };
	if (session->in_memory)
		return error_set(error, ERROR_CONFIG, session->place,
			"the database is in memory, and what is written into it would be gone with the run; name a file");
	for (size_t i = 0; i < context->schema->field_count; i++)
		session->discreet = session->discreet || context->schema->fields[i].sensitive;
	if (check_reader(sink, error) || read_key(sink, error) || target_read(&sink->target, error) ||
	    (!sink->target.catalog.exists && target_check_parents(&sink->target, true, error)) || make_before(sink, error) ||
	    (sink->mode == MODE_REPLACE && replace_open(&sink->replace, error)) || road_open(sink, error))
		return -1;
	sink->missing = !sink->target.catalog.exists;
	info->creates_table = sink->missing;
	info->loads_faster_at_once = session->dialect->loads_faster_at_once;
	info->has_key = target_has_key(&sink->target);
	info->staged = sink->replace.staged;
	return sink->missing ? 0 : target_is_empty(&sink->target, &info->empty_table, error);
}

/* Rows that a constraint refuses only at the commit could not be told from the others. (replace gives no rows up, so it may leave such
 * constraints to the commit.) */
static int check_at_once(const struct odbc_sink *sink, struct error *error)
{
	const char *immediate = sink->target.catalog.immediate;

	if (!immediate || sink->mode == MODE_REPLACE)
		return 0;
	/* A transaction that began again would not know of it. */
	sink->target.session->fresh = false;
	return session_execute(sink->target.session, immediate, error);
}

static bool keys_may_wait(const struct odbc_sink *sink)
{
	return sink->context.keys_wait && *sink->context.keys_wait && sink->target.session->dialect->loads_faster_at_once;
}

/* The table is new, and the rules have judged all that it will ask of a row: what it then refuses is not expected. */
static bool may_stream(const struct odbc_sink *sink)
{
	return sink->lacks_keys && sink->mode == MODE_APPEND && !sink->context.check_types_only && sink->context.refused &&
	       !*sink->context.refused;
}

/* Statements that were prepared know the table as it was. */
static int add_keys(struct odbc_sink *sink, struct error *error)
{
	if (!sink->lacks_keys)
		return 0;
	if (sink->road.stream.writer && stream_finish(&sink->road.stream, error))
		return -1;
	sink->lacks_keys = false;
	road_close(&sink->road);
	return target_add_keys(&sink->target, sink->replace.given, error) ? -1 : road_open(sink, error);
}

/* The table is missing: it is made, unless somebody has made it since, or a commit came through whose answer was lost. */
static int make_table(struct odbc_sink *sink, struct error *error)
{
	if (sink->target.session->dialect->ddl_commits)
		return make_apart(sink, error);
	if (target_guard(&sink->target, error))
		return -1;
	target_fini(&sink->target);
	if (target_read(&sink->target, error))
		return -1;
	if (!sink->target.catalog.exists) {
		bool keys = !keys_may_wait(sink);

		if (target_create(&sink->target, keys, error))
			return -1;
		sink->made_here = true;
		sink->lacks_keys = !keys;
	} else if (sink->mode == MODE_REPLACE) {
		/* What it holds was not retired. */
		error_set(error, ERROR_SINK, sink->target.session->place, "table %s was missing, and somebody else made it meanwhile",
			sink->target.table);
		error->retry = true;
		return -1;
	}
	sink->missing = false;
	return sink->mode == MODE_REPLACE ? replace_open(&sink->replace, error) : 0;
}

static int sink_begin(void *self, struct error *error)
{
	struct odbc_sink *sink = self;
	bool stays = !sink->missing && !sink->replace.staged;

	sink->made_here = false;
	if (sink->context.dry_run)
		return 0;
	if (stays && sink->mode != MODE_REPLACE)
		return check_at_once(sink, error);
	if (!stays)
		road_close(&sink->road);
	if ((sink->missing && make_table(sink, error)) || (sink->mode == MODE_REPLACE && replace_begin(&sink->replace, error)) ||
	    check_at_once(sink, error))
		return -1;
	if (stays)
		return 0;
	if (road_open(sink, error))
		return -1;
	if (may_stream(sink))
		stream_open(&sink->road.stream, &sink->road.writer, sink->context.refused);
	return 0;
}

static int sink_write(void *self, struct batch *batch, struct error *error)
{
	struct odbc_sink *sink = self;

	if (fit_batch(sink->road.fits, batch, error))
		return -1;
	if (sink->context.dry_run)
		return 0;
	if (sink->road.stream.writer ? stream_write(&sink->road.stream, batch, error) : refuser_write(&sink->road.refuser, batch, error))
		return -1;
	for (size_t row = 0; row < batch->rows; row++)
		sink->replace.given += batch->status[row] == ROW_LIVE;
	return 0;
}

static int sink_publish(void *self, enum publish_phase phase, const struct outcome *outcome, struct error *error)
{
	struct odbc_sink *sink = self;

	(void)outcome;
	if (phase == PUBLISH_KEYS)
		return add_keys(sink, error);
	if (sink->mode != MODE_REPLACE)
		return 0; /* every write has been answered */
	if (phase == PUBLISH_RETIRE)
		return sink->missing ? 0 : replace_retire(&sink->replace, error);
	/* Nothing more comes, and statements would keep the temporary table from going. */
	if (sink->replace.staged)
		road_close(&sink->road);
	return replace_place(&sink->replace, error);
}

static void sink_rollback(void *self)
{
	struct odbc_sink *sink = self;

	/* Statements prepared for a table that is gone would speak of another one. */
	if (sink->made_here)
		sink->missing = true;
	sink->made_here = sink->lacks_keys = false;
	if (sink->replace.staged)
		road_close(&sink->road);
	replace_rollback(&sink->replace);
}

static int explain_columns(const struct odbc_sink *sink, struct buffer *out, struct error *error)
{
	const struct schema *schema = sink->context.schema;

	for (size_t i = 0; i < schema->field_count; i++) {
		const struct fit *fit = &sink->road.fits[i];
		char note[FIT_TEXT_MAX];

		fit_note(fit, note);
		if (buffer_printf(out, error, "  %-24s %-10s -> %s%s%s%s\n", schema->fields[i].name,
			    value_type_name(schema->fields[i].type), fit->column->declared[0] ? fit->column->declared : "untyped",
			    fit->not_null ? " not null" : "", note[0] ? "; " : "", note))
			return -1;
	}
	for (size_t i = 0; i < sink->target.catalog.column_count; i++) {
		const struct catalog_column *column = &sink->target.catalog.columns[i];
		bool written = false;

		for (size_t k = 0; k < schema->field_count; k++)
			written = written || sink->road.fits[k].column == column;
		if (!written && buffer_printf(out, error, "  %-24s %-10s -> %s; %s\n", column->name, "-", column->declared,
					column->generated ? "generated" : column->has_default ? "its default" : "null"))
			return -1;
	}
	return 0;
}

static int sink_explain(void *self, struct buffer *out, struct error *error)
{
	const struct odbc_sink *sink = self;
	const struct dialect *dialect = sink->target.session->dialect;

	if (buffer_printf(out, error, "table %s (%s), %s\n", sink->target.table,
		    sink->target.catalog.exists ? "exists" : "will be created", dialect->name) ||
	    explain_columns(sink, out, error))
		return -1;
	if (!sink->target.catalog.exists &&
	    (ddl_table(dialect, sink->context.schema, sink->target.table, sink->context.tables, out, error) ||
		    buffer_puts(out, ";\n", error)))
		return -1;
	if (!sink->target.catalog.exists && sink->mode != MODE_UPSERT && dialect->loads_faster_at_once &&
	    buffer_puts(out, "-- a step that commits once adds the keys after the rows, if it has room for them in limits.keys\n", error))
		return -1;
	if ((sink->mode == MODE_REPLACE && replace_print_retire(&sink->replace, out, error)) ||
	    writer_print(&sink->road.writer, out, error))
		return -1;
	return sink->mode == MODE_REPLACE ? replace_print_place(&sink->replace, out, error) : 0;
}

static void sink_close(void *self)
{
	struct odbc_sink *sink = self;

	if (!sink->opened)
		return;
	road_close(&sink->road);
	replace_close(&sink->replace);
	target_fini(&sink->target);
	free(sink->upsert_fields);
	sink->upsert_fields = NULL;
	sink->opened = false;
}

const struct sink_ops odbc_sink_ops = {
	.name = "odbc",
	.summary = "Writes to a table of a database over ODBC: SQLite, PostgreSQL, MariaDB.",
	.size = sizeof(struct odbc_sink),
	.options = options,
	.open = sink_open,
	.begin = sink_begin,
	.write = sink_write,
	.publish = sink_publish,
	.rollback = sink_rollback,
	.explain = sink_explain,
	.close = sink_close,
};

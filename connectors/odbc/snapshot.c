/* snapshot.c - a session that only reads, and its transaction.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/snapshot.h"
#include "engine/core/plan.h"
#include "engine/core/shared.h"

static void close_snapshot(void *part)
{
	struct snapshot *snapshot = part;

	session_close(&snapshot->session);
	free(snapshot);
}

static const struct shared_ops part_ops = { .close = close_snapshot };
static const struct shared_ops word_ops = { .close = free };

enum { READER_KEY_MAX = sizeof ((struct session *)NULL)->database + 32 };

static int connect_snapshot(struct snapshot *snapshot, const struct source_context *context, struct error *error)
{
	const struct plan_connection *connection = context->connection;
	struct store_target target = { .name = connection->name, .connect = connection->connect,
				       .lock_timeout_ms = connection->lock_timeout_ms, .read_only = true, .streaming = true,
				       .cancel = context->cancel };
	int result;

	capture_begin_connect(&snapshot->capture);
	result = session_open(&snapshot->session, &target, error);
	capture_end_connect();
	return result;
}

static int make(const struct source_context *context, const char *key, struct snapshot **out, struct error *error)
{
	struct snapshot *snapshot = calloc(1, sizeof *snapshot);

	if (!snapshot)
		return error_memory(error, "a reading session");
	snprintf(snapshot->key, sizeof snapshot->key, "%s", key);
	if (connect_snapshot(snapshot, context, error) ||
	    (snapshot->session.dialect->begin_snapshot && snapshot->session.dialect->begin_snapshot(&snapshot->session, error))) {
		close_snapshot(snapshot);
		return -1;
	}
	if (context->shared && shared_add(context->shared, key, snapshot, &part_ops, error))
		return -1;
	snapshot->shared = context->shared;
	*out = snapshot;
	return 0;
}

static int version_of(struct snapshot *snapshot, char *out, size_t size, struct error *error)
{
	out[0] = '\0';
	if (snapshot->session.dialect->begin_snapshot || snapshot->session.absent)
		return 0;
	return session_query_text(&snapshot->session, "PRAGMA schema_version", out, size, error) < 0 ? -1 : 0;
}

static void print_reader_key(const char *database, char *out, size_t size)
{
	snprintf(out, size, "odbc reading on from %s", database);
}

const char *snapshot_find_reader(const struct shared *shared, const char *database)
{
	char key[READER_KEY_MAX];

	print_reader_key(database, key, sizeof key);
	return shared_find(shared, key);
}

/* So that later steps which write into it can say why they cannot. */
static int leave_word(struct snapshot *snapshot, const struct source_context *context, bool consistent, struct error *error)
{
	const char *database = snapshot->session.database;
	char key[READER_KEY_MAX], *name;

	if (!consistent || !context->shared || snapshot->session.dialect->begin_snapshot || snapshot_find_reader(context->shared, database))
		return 0;
	name = strdup(context->connection->name);
	if (!name)
		return error_memory(error, "a reading session");
	print_reader_key(database, key, sizeof key);
	return shared_add(context->shared, key, name, &word_ops, error);
}

int snapshot_open(const struct source_context *context, bool consistent, struct snapshot **out, struct error *error)
{
	char key[sizeof (*out)->key];

	*out = NULL;
	assert(context->connection);
	snprintf(key, sizeof key, "odbc reading %s", context->connection->name);
	*out = shared_find(context->shared, key);
	if (*out && ((*out)->session.lost || (*out)->session.broken)) {
		struct snapshot *lost = *out;

		*out = NULL;
		return error_set(error, ERROR_SINK, lost->session.place,
			"the snapshot that other tables were read from was lost; run it again from the beginning");
	}
	if (!*out && make(context, key, out, error))
		return -1;
	if ((*out)->streaming) {
		*out = NULL;
		return error_set(error, ERROR_CONFIG, context->connection->name,
			"a table is being read from it in one statement; no other table can be opened until that is done");
	}
	(*out)->consistent = (*out)->consistent || consistent;
	(*out)->session.cancel = context->cancel;
	(*out)->users++;
	if (version_of(*out, (*out)->version, sizeof (*out)->version, error) == 0 && leave_word(*out, context, consistent, error) == 0)
		return 0;
	snapshot_release(*out);
	*out = NULL;
	return -1;
}

void snapshot_release(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	assert(snapshot->users);
	snapshot->users--;
	if (!snapshot->shared)
		close_snapshot(snapshot);
	else if ((snapshot->session.lost || snapshot->session.broken) && !snapshot->users && !snapshot->tables_read)
		shared_drop(snapshot->shared, snapshot->key); /* nothing was read from it: another one is as good */
}

int snapshot_begin(struct snapshot *snapshot, struct error *error)
{
	char version[sizeof snapshot->version];

	if (!snapshot->session.in_transaction) {
		if (session_begin(&snapshot->session, error))
			return -1;
		snapshot->tables_read = 0;
	}
	snapshot->readers++;
	if (version_of(snapshot, version, sizeof version, error))
		return -1;
	if (strcmp(version, snapshot->version) != 0)
		return error_set(error, ERROR_CONFIG, snapshot->session.place,
			"somebody changes the tables of this database; run it again when that is done");
	return 0;
}

void snapshot_end(struct snapshot *snapshot)
{
	assert(snapshot->readers);
	snapshot->readers--;
	if (!snapshot->session.lost && !snapshot->session.broken)
		snapshot->tables_read++;
	if (!snapshot->session.dialect->begin_snapshot && !snapshot->consistent && !snapshot->readers) {
		session_rollback(&snapshot->session); /* it has only read */
		snapshot->tables_read = 0;
	}
}

const char *snapshot_isolation(const struct snapshot *snapshot)
{
	if (snapshot->session.dialect->begin_snapshot)
		return snapshot->shared ? "repeatable read, one snapshot for all tables" : "repeatable read, one snapshot per table";
	return snapshot->consistent && snapshot->shared ? "one read transaction for all tables" : "one read transaction per table";
}

void snapshot_failed(const struct snapshot *snapshot, struct error *error)
{
	if (snapshot->tables_read)
		error->retry = false;
}

/* files.c - the rows of penstock_files: what a step has loaded to its end, known by its content.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "connectors/odbc/store_parts.h"

#define STEP_IS "pipeline = ? AND step = ? AND table_name = ?"

static int bind_step(struct statement *statement, const struct step_key *key, struct error *error)
{
	if (statement_bind_string(statement, 1, key->pipeline, error) || statement_bind_string(statement, 2, key->step, error))
		return -1;
	return statement_bind_string(statement, 3, key->table_name, error);
}

static int bind_identity(struct statement *statement, const struct step_key *key, const struct source_identity *identity,
	struct error *error)
{
	if (bind_step(statement, key, error) || statement_bind_integer(statement, 4, (int64_t)identity->size, error))
		return -1;
	if (identity->hash[0])
		return statement_bind_string(statement, 5, identity->hash, error);
	if (statement_bind_string(statement, 5, identity->path, error))
		return -1;
	return statement_bind_integer(statement, 6, identity->mtime_ns, error);
}

static int read_file(struct statement *statement, struct file_record *out, struct error *error)
{
	char loaded_at[STATE_TIME_SIZE];

	if (store_copy(statement, 1, out->run_id, sizeof out->run_id, error) ||
	    store_copy(statement, 2, out->path, sizeof out->path, error) || store_count(statement, 3, &out->size, error) ||
	    statement_integer(statement, 4, &out->mtime_ns, NULL, error) ||
	    store_copy(statement, 5, out->hash, sizeof out->hash, error) ||
	    store_count(statement, 6, &out->records, error) ||
	    store_copy(statement, 7, loaded_at, sizeof loaded_at, error))
		return -1;
	if (!state_time_parse(loaded_at, &out->loaded_at))
		return error_set(error, ERROR_SINK, statement->session->place, "%s: \"%s\" is not a time", statement->what,
			loaded_at);
	return 0;
}

/* The latest of those that match. */
static int find_match(struct odbc_store *store, const struct step_key *key, const struct source_identity *identity,
	struct file_record *out, bool *found, struct error *error)
{
	static const char by_hash[] =
		"SELECT run_id, path, {\"size\"}, mtime_ns, hash, records, {time loaded_at} FROM {files} WHERE file_id = "
		"(SELECT MAX(file_id) FROM {files} WHERE " STEP_IS " AND {\"size\"} = ? AND hash = ?)";
	static const char by_path[] =
		"SELECT run_id, path, {\"size\"}, mtime_ns, hash, records, {time loaded_at} FROM {files} WHERE file_id = "
		"(SELECT MAX(file_id) FROM {files} WHERE " STEP_IS " AND {\"size\"} = ? AND path = ? AND mtime_ns = ?)";
	struct statement statement;
	int more = -1;

	if (state_statement(&store->state, &statement, "looking for a loaded file", identity->hash[0] ? by_hash : by_path,
		    error) == 0 &&
	    bind_identity(&statement, key, identity, error) == 0 && statement_execute(&statement, NULL, NULL, error) == 0)
		more = statement_fetch(&statement, error);
	if (more > 0 && read_file(&statement, out, error))
		more = -1;
	statement_close(&statement);
	*found = more > 0;
	return more < 0 ? -1 : 0;
}

static int find_size(struct odbc_store *store, const struct step_key *key, uint64_t size, bool *found, struct error *error)
{
	struct statement statement;
	int64_t count = 0;
	int more = -1;

	if (state_statement(&store->state, &statement, "looking for loaded files of one size",
		    "SELECT COUNT(*) FROM {files} WHERE " STEP_IS " AND {\"size\"} = ?", error) == 0 &&
	    bind_step(&statement, key, error) == 0 && statement_bind_integer(&statement, 4, (int64_t)size, error) == 0 &&
	    statement_execute(&statement, NULL, NULL, error) == 0)
		more = statement_fetch(&statement, error);
	if (more > 0 && statement_integer(&statement, 1, &count, NULL, error))
		more = -1;
	statement_close(&statement);
	*found = count > 0;
	return more < 0 ? -1 : 0;
}

int store_find_file(struct store *base, const struct step_key *key, const struct source_identity *identity,
	struct file_record *out, bool *found, bool *same_size, struct error *error)
{
	struct odbc_store *store = store_of(base);
	int there = store_has(store, STATE_FILES, error);

	memset(out, 0, sizeof *out);
	*found = *same_size = false;
	if (there <= 0 || !identity->known)
		return there < 0 ? -1 : 0;
	if (find_match(store, key, identity, out, found, error))
		return -1;
	if (*found) {
		*same_size = true;
		return 0;
	}
	return find_size(store, key, identity->size, same_size, error);
}

/* A file loaded again under the same name (`once: false`, upsert) replaces its row, so that a nightly load does not grow the table. */
static int drop_same(struct odbc_store *store, const struct step_key *key, const struct file_record *file,
	struct error *error)
{
	struct statement statement;
	int result = state_statement(&store->state, &statement, "recording the loaded file",
		"DELETE FROM {files} WHERE " STEP_IS " AND {\"size\"} = ? AND hash = ? AND path = ?", error);

	if (result == 0 && (bind_step(&statement, key, error) ||
				   statement_bind_integer(&statement, 4, (int64_t)file->size, error) ||
				   statement_bind_string(&statement, 5, file->hash, error) ||
				   statement_bind_string(&statement, 6, file->path, error) ||
				   statement_execute(&statement, NULL, NULL, error)))
		result = -1;
	statement_close(&statement);
	return result;
}

int file_write(struct odbc_store *store, const struct step_key *key, const struct file_record *file, struct error *error)
{
	char loaded_at[STATE_TIME_SIZE];
	struct statement statement;
	int result;

	if (drop_same(store, key, file, error))
		return -1;
	state_time_text(file->loaded_at, loaded_at);
	result = state_statement(&store->state, &statement, "recording the loaded file",
		"INSERT INTO {files} (pipeline, step, table_name, path, {\"size\"}, mtime_ns, hash, records, run_id, loaded_at) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, {?})",
		error);
	if (result == 0 && (bind_step(&statement, key, error) || statement_bind_string(&statement, 4, file->path, error) ||
				   statement_bind_integer(&statement, 5, (int64_t)file->size, error) ||
				   statement_bind_integer(&statement, 6, file->mtime_ns, error) ||
				   statement_bind_string(&statement, 7, file->hash, error) ||
				   statement_bind_integer(&statement, 8, (int64_t)file->records, error) ||
				   statement_bind_string(&statement, 9, file->run_id, error) ||
				   statement_bind_string(&statement, 10, loaded_at, error) ||
				   statement_execute(&statement, NULL, NULL, error)))
		result = -1;
	statement_close(&statement);
	return result;
}

int files_forget(struct odbc_store *store, const struct step_key *key, struct error *error)
{
	struct statement statement;
	int result = state_statement(&store->state, &statement, "forgetting loaded files", "DELETE FROM {files} WHERE " STEP_IS,
		error);

	if (result == 0 && (bind_step(&statement, key, error) || statement_execute(&statement, NULL, NULL, error)))
		result = -1;
	statement_close(&statement);
	return result;
}

/* How many those are, before they go. */
static int count_later(struct odbc_store *store, const struct step_key *key, const char *since, uint64_t *files, struct error *error)
{
	struct statement statement;
	int more = -1;

	if (state_statement(&store->state, &statement, "counting what was loaded into the table", since
			? "SELECT COUNT(*) FROM {files} WHERE NOT (" STEP_IS ") AND table_name = ? AND loaded_at > {?}"
			: "SELECT COUNT(*) FROM {files} WHERE NOT (" STEP_IS ") AND table_name = ?", error) == 0 &&
	    bind_step(&statement, key, error) == 0 && statement_bind_string(&statement, 4, key->table_name, error) == 0 &&
	    (!since || statement_bind_string(&statement, 5, since, error) == 0) && statement_execute(&statement, NULL, NULL, error) == 0)
		more = statement_fetch(&statement, error);
	if (more > 0 && store_count(&statement, 1, files, error))
		more = -1;
	statement_close(&statement);
	return more < 0 ? -1 : 0;
}

int files_forget_later(struct odbc_store *store, const struct step_key *key, int64_t since, uint64_t *files, struct error *error)
{
	char from[STATE_TIME_SIZE];
	struct statement statement;
	int result;

	state_time_text(since, from);
	if (count_later(store, key, since ? from : NULL, files, error))
		return -1;
	if (!since || !*files)
		return 0;
	result = state_statement(&store->state, &statement, "forgetting what was loaded into the table later",
		"DELETE FROM {files} WHERE NOT (" STEP_IS ") AND table_name = ? AND loaded_at > {?}", error);
	if (result == 0 && (bind_step(&statement, key, error) || statement_bind_string(&statement, 4, key->table_name, error) ||
				   statement_bind_string(&statement, 5, from, error) || statement_execute(&statement, NULL, NULL, error)))
		result = -1;
	statement_close(&statement);
	return result;
}

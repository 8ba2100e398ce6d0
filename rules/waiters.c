/* waiters.c - two tables of a temporary SQLite database without a journal.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/waiters.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>

enum { ADD = 0, AWAKE, FORGET, AWAKE_ALL, FORGET_ALL, FIRST, TAKE, STATEMENTS };

struct waiters {
	sqlite3 *database;
	sqlite3_stmt *statements[STATEMENTS];
	uint64_t waits, awake; /* records in those tables */
};

static const char *const texts[STATEMENTS] = {
	[ADD] = "INSERT OR IGNORE INTO waits VALUES (?1, ?2)",
	[AWAKE] = "INSERT OR IGNORE INTO awake SELECT CASE WHEN ticket > ?3 THEN ?2 ELSE ?2 + 1 END, ticket FROM waits WHERE key = ?1",
	[FORGET] = "DELETE FROM waits WHERE key = ?1",
	[AWAKE_ALL] = "INSERT OR IGNORE INTO awake SELECT ?1, ticket FROM waits",
	[FORGET_ALL] = "DELETE FROM waits",
	[FIRST] = "SELECT pass, ticket FROM awake ORDER BY pass, ticket LIMIT 1",
	[TAKE] = "DELETE FROM awake WHERE pass = ?1 AND ticket = ?2",
};

static int fail(const struct waiters *waiters, struct error *error)
{
	return error_set(error, ERROR_RESOURCE, NULL,
			 "cannot keep the records that wait for their parents: %s; they need temporary space: free some, or point TMPDIR to a "
			 "folder that has more",
			 waiters->database ? sqlite3_errmsg(waiters->database) : "out of memory");
}

struct waiters *waiters_open(struct error *error)
{
	static const char setup[] = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;"
				    "PRAGMA cache_size=-4096; PRAGMA mmap_size=0; BEGIN;"
				    "CREATE TABLE waits (key INTEGER, ticket INTEGER, PRIMARY KEY (key, ticket)) WITHOUT ROWID;"
				    "CREATE TABLE awake (pass INTEGER, ticket INTEGER, PRIMARY KEY (pass, ticket)) WITHOUT ROWID";
	struct waiters *waiters = calloc(1, sizeof *waiters);
	if (!waiters) {
		error_memory(error, "records that wait");
		return NULL;
	}
	/* An empty name: a file of its own that goes away with the connection. */
	bool open = sqlite3_open_v2("", &waiters->database,
				    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
		    sqlite3_exec(waiters->database, setup, NULL, NULL, NULL) == SQLITE_OK;
	for (int i = 0; i < STATEMENTS && open; i++)
		open = sqlite3_prepare_v2(waiters->database, texts[i], -1, &waiters->statements[i], NULL) == SQLITE_OK;
	if (open)
		return waiters;
	fail(waiters, error);
	waiters_close(waiters);
	return NULL;
}

void waiters_close(struct waiters *waiters)
{
	if (!waiters)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(waiters->statements[i]);
	sqlite3_close(waiters->database);
	free(waiters);
}

/* A statement without a result; values bind to its parameters. */
static int run(struct waiters *waiters, int statement, const uint64_t *values, int count, struct error *error)
{
	sqlite3_stmt *prepared = waiters->statements[statement];
	int code = SQLITE_OK;
	for (int i = 0; i < count && code == SQLITE_OK; i++)
		code = sqlite3_bind_int64(prepared, i + 1, (sqlite3_int64)values[i]);
	if (code == SQLITE_OK)
		code = sqlite3_step(prepared);
	if (code != SQLITE_DONE)
		fail(waiters, error);
	sqlite3_reset(prepared);
	return code == SQLITE_DONE ? 0 : -1;
}

int waiters_add(struct waiters *waiters, uint64_t key, uint64_t ticket, struct error *error)
{
	if (run(waiters, ADD, (const uint64_t[]){key, ticket}, 2, error) < 0)
		return -1;
	waiters->waits++;
	return 0;
}

/* They are in the other table. */
static int move(struct waiters *waiters, int forget, uint64_t key, struct error *error)
{
	uint64_t moved = (uint64_t)sqlite3_changes64(waiters->database);
	if (moved == 0)
		return 0;
	waiters->waits -= moved;
	waiters->awake += moved;
	return run(waiters, forget, &key, forget == FORGET ? 1 : 0, error);
}

int waiters_wake(struct waiters *waiters, uint64_t key, uint64_t pass, uint64_t ticket, struct error *error)
{
	if (waiters->waits == 0)
		return 0;
	return run(waiters, AWAKE, (const uint64_t[]){key, pass, ticket}, 3, error) < 0 ? -1 : move(waiters, FORGET, key, error);
}

int waiters_wake_all(struct waiters *waiters, uint64_t pass, struct error *error)
{
	if (waiters->waits == 0)
		return 0;
	return run(waiters, AWAKE_ALL, &pass, 1, error) < 0 ? -1 : move(waiters, FORGET_ALL, 0, error);
}

int waiters_next(struct waiters *waiters, uint64_t *pass, uint64_t *ticket, struct error *error)
{
	sqlite3_stmt *first = waiters->statements[FIRST];
	if (waiters->awake == 0)
		return 0;
	int code = sqlite3_step(first);
	if (code == SQLITE_ROW) {
		*pass = (uint64_t)sqlite3_column_int64(first, 0);
		*ticket = (uint64_t)sqlite3_column_int64(first, 1);
	} else {
		fail(waiters, error);
	}
	sqlite3_reset(first);
	if (code != SQLITE_ROW)
		return -1;
	waiters->awake--;
	return run(waiters, TAKE, (const uint64_t[]){*pass, *ticket}, 2, error) < 0 ? -1 : 1;
}

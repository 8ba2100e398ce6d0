/* keydisk.c - one SQLite table a set, in a temporary database without a journal.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/keydisk.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

struct keydisk {
	sqlite3 *database;
	unsigned tables; /* made so far */
};

struct keyfile {
	struct keydisk *disk;
	enum key_kind kind;
	sqlite3_stmt *has, *add;
};

static int fail(const struct keydisk *disk, const char *doing, struct error *error)
{
	int code = disk->database ? sqlite3_errcode(disk->database) : SQLITE_NOMEM;
	const char *text = disk->database ? sqlite3_errmsg(disk->database) : "out of memory";
	if (code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_CANTOPEN)
		return error_set(error, ERROR_RESOURCE, NULL,
				 "%s: %s; keys beyond limits.keys need temporary space: free some, or point TMPDIR to "
				 "a folder that has more",
				 doing, text);
	return error_set(error, ERROR_RESOURCE, NULL, "%s: %s", doing, text);
}

struct keydisk *keydisk_open(struct error *error)
{
	static const char setup[] = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;"
				    "PRAGMA cache_size=-2048; PRAGMA mmap_size=0; BEGIN";
	struct keydisk *disk = calloc(1, sizeof *disk);
	if (!disk) {
		error_memory(error, "a set of keys");
		return NULL;
	}
	/* An empty name: a file of its own that goes away with the connection. */
	if (sqlite3_open_v2("", &disk->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK ||
	    sqlite3_exec(disk->database, setup, NULL, NULL, NULL) != SQLITE_OK) {
		fail(disk, "cannot make a temporary set of keys", error);
		keydisk_close(disk);
		return NULL;
	}
	return disk;
}

void keydisk_close(struct keydisk *disk)
{
	if (!disk)
		return;
	sqlite3_close(disk->database);
	free(disk);
}

static sqlite3_stmt *prepare(struct keyfile *file, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	if (sqlite3_prepare_v2(file->disk->database, sql, -1, &statement, NULL) != SQLITE_OK)
		return NULL;
	return statement;
}

struct keyfile *keyfile_open(struct keydisk *disk, enum key_kind kind, struct error *error)
{
	char create[128], has[128], add[128];
	unsigned number = disk->tables++;
	struct keyfile *file = calloc(1, sizeof *file);
	if (!file) {
		error_memory(error, "a set of keys");
		return NULL;
	}
	*file = (struct keyfile){.disk = disk, .kind = kind};
	if (kind == KEY_OF_INTEGER)
		snprintf(create, sizeof create, "CREATE TABLE k%u (k INTEGER PRIMARY KEY)", number);
	else
		snprintf(create, sizeof create, "CREATE TABLE k%u (k BLOB PRIMARY KEY) WITHOUT ROWID", number);
	snprintf(has, sizeof has, "SELECT 1 FROM k%u WHERE k = ?", number);
	snprintf(add, sizeof add, "INSERT OR IGNORE INTO k%u VALUES (?)", number);
	if (sqlite3_exec(disk->database, create, NULL, NULL, NULL) != SQLITE_OK || !(file->has = prepare(file, has)) ||
	    !(file->add = prepare(file, add))) {
		fail(disk, "cannot make a temporary set of keys", error);
		keyfile_close(file);
		return NULL;
	}
	return file;
}

void keyfile_close(struct keyfile *file)
{
	if (!file)
		return;
	sqlite3_finalize(file->has);
	sqlite3_finalize(file->add);
	free(file);
}

static int bind(const struct keyfile *file, sqlite3_stmt *statement, const struct keyvalue *key)
{
	if (file->kind == KEY_OF_INTEGER)
		return sqlite3_bind_int64(statement, 1, key->integer);
	return sqlite3_bind_blob64(statement, 1, key->bytes, key->length, SQLITE_STATIC);
}

int keyfile_has(struct keyfile *file, const struct keyvalue *key, bool *out, struct error *error)
{
	int code = bind(file, file->has, key);
	if (code == SQLITE_OK)
		code = sqlite3_step(file->has);
	*out = code == SQLITE_ROW;
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		fail(file->disk, "cannot read a temporary set of keys", error);
	sqlite3_reset(file->has);
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : -1;
}

int keyfile_add(struct keyfile *file, const struct keyvalue *key, struct error *error)
{
	int code = bind(file, file->add, key);
	if (code == SQLITE_OK)
		code = sqlite3_step(file->add);
	if (code != SQLITE_DONE)
		fail(file->disk, "cannot write a temporary set of keys", error);
	sqlite3_reset(file->add);
	return code == SQLITE_DONE ? 0 : -1;
}

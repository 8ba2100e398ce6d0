/* snapshot.h - a session that only reads, and what its transaction saw: one for all tables of a run where that can be.
 * SPDX-License-Identifier: Apache-2.0
 *
 * PostgreSQL: one transaction, repeatable read and read only, from the first source on. SQLite: one read transaction per table, from the
 * first row to the last one, or with `consistent` one from the first row of the first table to the end of the run. With the parts of a run
 * (context->shared) the session is kept between its sources, else it ends with the source.
 */
#ifndef PENSTOCK_ODBC_SNAPSHOT_H
#define PENSTOCK_ODBC_SNAPSHOT_H

#include "connectors/odbc/capture.h"
#include "connectors/odbc/session.h"
#include "engine/core/source.h"

struct snapshot {
	struct session session;
	struct capture capture;   /* SQLite */
	struct shared *shared;    /* NULL: it belongs to one source alone */
	char key[NAME_MAX_BYTES + 32];
	bool consistent;          /* one transaction for all tables */
	unsigned users;           /* sources that have it open */
	unsigned readers;         /* of them, those between their first and their last row */
	bool streaming;           /* a result is taken row by row: SQLite's driver has room for one, and a COPY keeps the session */
	unsigned serial;          /* for names of cursors */
	unsigned tables_read;     /* from the transaction that is open */
	char version[32];         /* SQLite: of its schema, when a table's catalog was read */
};

/* connect: the source's connection. Gives *out, to be released. */
int snapshot_open(const struct source_context *context, bool consistent, struct snapshot **out, struct error *error) MUST_CHECK;
void snapshot_release(struct snapshot *snapshot);

/* Before the first row of a table. ERROR_CONFIG where the database's tables were changed since they were looked at. */
int snapshot_begin(struct snapshot *snapshot, struct error *error) MUST_CHECK;
/* After its last one, or when the source is closed. */
void snapshot_end(struct snapshot *snapshot);

/* What the reading sees: "repeatable read, one snapshot for all tables". Static text. */
const char *snapshot_isolation(const struct snapshot *snapshot);

/* Which connection keeps reading from this file of SQLite until the run ends (`consistent`); NULL: none. shared may be NULL. */
const char *snapshot_find_reader(const struct shared *shared, const char *database);

/* After a failure: no retry helps once the transaction is gone from which other tables were read. */
void snapshot_failed(const struct snapshot *snapshot, struct error *error);

#endif

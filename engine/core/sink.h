/* sink.h - what a connector must do to be written to.
 * SPDX-License-Identifier: Apache-2.0
 *
 * open -> ( begin -> write* -> flush -> [the store commits] )* -> close, and after a rollback of the store: rollback, begin again.
 * The engine allocates size bytes and copies the bound options to their beginning, as for a source.
 */
#ifndef PENSTOCK_CORE_SINK_H
#define PENSTOCK_CORE_SINK_H

#include "engine/core/batch.h"
#include "engine/core/buffer.h"
#include "engine/core/judge.h"
#include "engine/core/store.h"

struct sink_context {
	const struct schema *schema;
	struct store *store;             /* the session of the sink's connection; NULL for a sink without a database */
	struct rule_set *rules;          /* the sink adds its own at open: TABLE.FIELD.column, TABLE.database-error, ... */
	const struct option_map *tables; /* resource -> target table, for foreign keys of a table that is created */
	const struct limits *limits;
	bool dry_run;                    /* check what can be checked, write nothing */
	struct cancel *cancel;
};

struct sink_info {
	bool creates_table; /* the table is not there: begin will create it, in the transaction */
	bool empty_table;   /* it is there and has no row */
	bool loads_faster_at_once; /* this database gains from one commit when the step creates the table */
	bool has_key;       /* the target has a unique index or primary key that would refuse a row written twice */
};

struct sink_ops {
	const char *name;
	const char *summary;
	size_t size;
	const struct option *options;

	/* Required. Checks the existing table against the schema (ERROR_CONFIG before any row moves), prepares. */
	int (*open)(void *self, const struct sink_context *context, struct sink_info *info, struct error *error);

	/* Required. At the start of each transaction: creates the table when it is missing and `create` says so. */
	int (*begin)(void *self, struct error *error);

	/* Required. Writes the ROW_LIVE rows. A row that does not fit its column, or that the database refuses, becomes a violation
	 * (code, rule, the database's words as detail); all others are written. Savepoints are its own affair. */
	int (*write)(void *self, struct batch *batch, struct error *error);

	/* Required. All rows given so far are with the database when it returns. */
	int (*flush)(void *self, struct error *error);

	/* Required. The transaction was rolled back; a table created in it is gone. */
	void (*rollback)(void *self);

	/* Optional. For `penstock plan`: column for column the target type, what would be lossy, and the SQL. After open. */
	int (*explain)(void *self, struct buffer *out, struct error *error);

	/* Required. May be called twice, and after a failed open. */
	void (*close)(void *self);
};

#endif

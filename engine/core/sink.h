/* sink.h - what a connector must do to be written to.
 * SPDX-License-Identifier: Apache-2.0
 *
 * open -> ( begin -> write* -> publish -> [the store commits] )* -> close, and after a rollback of the store: rollback, begin again.
 * Steps that replace tables together (one transaction): begin and write of those with `staged` set; retire of all, children first;
 * place of the staged ones, parents first; begin and write of the others and their place; then the store commits.
 * The engine allocates size bytes and copies the bound options to their beginning, as for a source.
 */
#ifndef PENSTOCK_CORE_SINK_H
#define PENSTOCK_CORE_SINK_H

#include "engine/core/batch.h"
#include "engine/core/buffer.h"
#include "engine/core/counts.h"
#include "engine/core/fingerprint.h"
#include "engine/core/judge.h"
#include "engine/core/store.h"

/* Who asked for the rows of a sink of type response, where that is not the user of `penstock run`. */
enum response_format { RESPONSE_CSV = 0, RESPONSE_JSON /* one array of objects */ };
struct response {
	enum response_format format;
	int (*write)(void *arg, const char *data, size_t length, struct error *error); /* any number of bytes; 0, or -1 and error */
	void (*restart)(void *arg); /* what came so far is void: the step has failed, or is tried again */
	void *arg;
};

struct sink_context {
	const struct schema *schema;
	struct store *store;             /* the session of the sink's connection; NULL for a sink without a database */
	struct rule_set *rules;          /* the sink adds its own at open: TABLE.FIELD.column, TABLE.database-error, ... */
	const struct option_map *tables; /* resource -> target table, for foreign keys of a table that is created */
	const struct limits *limits;
	bool dry_run;                    /* check what can be checked, write nothing */
	bool check_types_only;           /* the rules check types alone: a required field may be null here */
	const bool *keys_wait;           /* NULL, or decided before begin: a table that is made in it may be made without keys, which then are added at
	                                  * PUBLISH_KEYS; until then no row comes whose keys are taken or whose parents are missing */
	bool *refused;                   /* NULL: never; lives over all tries. While it is false, rows of a table that is made without keys may be
	                                  * written so that a refused one is not told from the others; should the database refuse one after all,
	                                  * the sink sets it and fails with error->retry, and the next try finds the record */
	struct cancel *cancel;
	struct shared *shared;           /* what lives as long as the run; NULL: alone */
	const struct source_identity *source; /* where the rows come from; valid until close */
	const char *pipeline, *step, *run_id;
	const char *table_json;          /* the table of the dictionary as a Table Schema descriptor (JSON), for files that keep it */
	const char *dictionary_hash;     /* of the table */
	const struct response *response; /* NULL: standard output; for a sink that answers */
};

struct sink_info {
	bool creates_table; /* the table is not there: begin will create it, in the transaction */
	bool empty_table;   /* it is there and has no row */
	bool loads_faster_at_once; /* this database gains from one commit when the step creates the table */
	bool staged;        /* replace: rows are written aside first, since something references the table */
	bool wants_prints;  /* fingerprints of the rows are to be in the outcome */
	bool has_key;       /* the target has a unique index or primary key that would refuse a row written twice */
};

enum publish_phase {
	PUBLISH_RETIRE = 1, /* replace: rows that will not stay are deleted */
	PUBLISH_KEYS,       /* a table that was made without its keys gets them, in the transaction; more rows may come. outcome is NULL */
	PUBLISH_PLACE,      /* everything written so far is in its place when it returns: all rows with the database, the file renamed */
};

/* What was written, for PUBLISH_PLACE. */
struct outcome {
	bool complete;                     /* the source was read to its end and every check has passed */
	const struct counts *counts;       /* of the load, for the manifest */
	const struct fingerprints *prints; /* of the rows that were written; NULL unless wanted */
};

/* Whether rows go to standard output under `penstock run`, where then nothing else may be. */
enum sink_prints { PRINTS_NEVER = 0, PRINTS_TO_DASH /* where its `path` is "-" */, PRINTS_ALWAYS };

struct sink_ops {
	const char *name;
	const char *summary;
	size_t size;
	const struct option *options;
	enum sink_prints prints;

	/* Optional. What in the bound options does not go together, as far as they alone tell: no I/O. ERROR_CONFIG without a place. */
	int (*check)(const void *options, struct error *error);

	/* Required. Checks the existing table against the schema (ERROR_CONFIG before any row moves), prepares. */
	int (*open)(void *self, const struct sink_context *context, struct sink_info *info, struct error *error);

	/* Required. At the start of each transaction: creates the table when it is missing and `create` says so. */
	int (*begin)(void *self, struct error *error);

	/* Required. Writes the ROW_LIVE rows. A row that does not fit its column, or that the database refuses, becomes a violation
	 * (code, rule, the database's words as detail); all others are written. Savepoints are its own affair. */
	int (*write)(void *self, struct batch *batch, struct error *error);

	/* Required. Before each commit of the store; a sink without a database publishes here, once, when the outcome is complete.
	 * PUBLISH_RETIRE comes to replace sinks alone, with outcome NULL. */
	int (*publish)(void *self, enum publish_phase phase, const struct outcome *outcome, struct error *error);

	/* Required. The transaction was rolled back; a table created in it is gone. */
	void (*rollback)(void *self);

	/* Optional. For `penstock plan`: column for column the target type, what would be lossy, and the SQL. After open. */
	int (*explain)(void *self, struct buffer *out, struct error *error);

	/* Required. May be called twice, and after a failed open. */
	void (*close)(void *self);
};

#endif

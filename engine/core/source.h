/* source.h - what a connector must do to be read from.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The engine allocates size bytes, copies the bound options to their beginning (the rest is zero) and calls open. All
 * hooks of one instance are called from one thread at a time. After a failed open only close is called. close may be
 * called twice; read after the end says the end again.
 */
#ifndef PENSTOCK_CORE_SOURCE_H
#define PENSTOCK_CORE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/batch.h"
#include "engine/core/buffer.h"
#include "engine/core/cancel.h"
#include "engine/core/error.h"
#include "engine/core/limits.h"
#include "engine/core/option.h"

struct fingerprints;    /* engine/core/fingerprint.h */
struct plan_connection; /* engine/core/plan.h */
struct shared;          /* engine/core/shared.h */

struct source_context {
	const struct schema *schema;       /* the fields that are wanted, in dictionary order */
	const struct option_map *labels;   /* rules.columns: field -> label in the source; may be NULL */
	const struct limits *limits;
	struct cancel *cancel;             /* read must look at it at least every few MiB */
	const struct plan_connection *connection; /* of a source that has one, else NULL */
	struct shared *shared;             /* what lives as long as the run; NULL: alone */
	const struct option_map *tables;   /* dictionary table -> table in the source, of all steps of this for_each; NULL outside of one */
	bool every_table;                  /* for_each "*": a table of the source that is not in tables must be ignored by name */
	const char *dictionary_hash;       /* of the table; NULL: none */
	bool preview;                      /* nothing will be read: a stream must not be waited for, nor taken from, not even for its header */
	bool probe;                        /* with preview: what is far away may be asked whether it is there (check does, plan asks nothing but files and databases) */
};

/* What a file is: path, size and time first (cheap), content hash when asked for. */
struct source_identity {
	char path[4096];   /* as the pipeline resolved it; what the reject store calls `source` */
	bool known;        /* false: a stream that cannot be told apart or read again (stdin) */
	uint64_t size;     /* bytes */
	int64_t mtime_ns;
	char hash[SHA256_HEX_SIZE]; /* empty until asked for */
	char database[4096];        /* real path of the database file whose writers wait while it is read (SQLite); empty for all else */
	char isolation[128];        /* what the reading saw of a database ("repeatable read, one snapshot for all tables"); empty for files */
	bool by_key;                /* a database: pages by a key; false: one streaming cursor */
};

/* What a manifest says that the source holds; compared before anything is published. */
struct expectation {
	uint64_t rows;
	const struct fingerprints *prints; /* NULL: made under another dictionary, so that only rows can be compared */
	int64_t made_at;            /* when it was begun, microseconds since 1970, UTC: what was loaded later is not in it; 0: not known */
	const char *origin;         /* "backup 0193... of 2026-11-21T02:00:00Z", for messages */
};

/* One of several files that a source reads in turn, once it was read to its end. */
struct source_file {
	const char *path;
	uint64_t size;     /* bytes */
	int64_t mtime_ns;
	uint64_t records;
	char hash[SHA256_HEX_SIZE]; /* of its content */
};

enum source_result { SOURCE_ERROR = -1, SOURCE_BATCH = 0, SOURCE_END = 1 };

struct source_ops {
	const char *name;              /* `type:` in a pipeline file */
	const char *summary;           /* one sentence for `penstock connectors` */
	size_t size;                   /* of an instance */
	const struct option *options;  /* ends with a NULL name */
	bool typed;                    /* its cells are values already; false: texts that the rules read */

	/* Optional. What in the bound options does not go together, as far as they alone tell: no I/O. ERROR_CONFIG without a place. */
	int (*check)(const void *options, struct error *error);

	/* Required. Opens, reads the header where there is one. */
	int (*open)(void *self, const struct source_context *context, struct error *error);

	/* Required. Who this is; with hash true the whole content is read and hashed (without moving the reading
	 * position). Callable after open, before the first read. */
	int (*identify)(void *self, bool hash, struct source_identity *out, struct error *error);

	/* Required. Fills an empty batch: rows, cells, origins, faults, bytes, position, last. SOURCE_END: nothing left, batch
	 * untouched, and position of the end was in the last batch (an empty source gives one batch without rows first).
	 * When it met the end it has checked that the file did not change while it was read (size, mtime): ERROR_CONFIG. */
	enum source_result (*read)(void *self, struct batch *batch, struct error *error);

	/* Optional (NULL: cannot be read again from a position; always commits per step). Go on behind at, a position of an earlier
	 * read of the same content; ERROR_CONFIG naming what changed when the content before it has another hash or is
	 * shorter. With replay the content before it is given again first, in batches with replayed set, the last of which
	 * ends exactly at the position; the hash is checked no later than there. */
	int (*resume)(void *self, const struct position *at, bool replay, struct error *error);

	/* Optional, both or none. A source of several files: who the file of this number is, from 0 in the order of reading, as identify says of
	 * one. Returns 1; 0 where there is none of that number, or there are not several; -1 and error. After open, before the first read. */
	int (*file)(void *self, size_t number, bool hash, struct source_identity *out, struct error *error);
	/* That file is not to be read: its content, with this hash, was loaded before. Returns 1; 0 where a resume went there or beyond already, so
	 * that it is part of this load; -1 and error. */
	int (*pass)(void *self, size_t number, const char *hash, struct error *error);

	/* Optional. What the manifest beside it promises; *out NULL where there is none. After open. Borrowed until close. */
	int (*expect)(void *self, const struct expectation **out, struct error *error);

	/* Optional. For `penstock plan`: field for field where it comes from, what does not map, the SQL. After open. */
	int (*explain)(void *self, struct buffer *out, struct error *error);

	/* Optional. Whether, with these options, its rows are the bodies of requests to `penstock serve`: then nothing else can read from it. */
	bool (*takes_requests)(const void *options);

	/* Required. */
	void (*close)(void *self);
};

#endif

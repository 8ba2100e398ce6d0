/* store.h - a session with the database that holds the state of runs: runs, checkpoints, loaded files, rejects, locks.
 * SPDX-License-Identifier: Apache-2.0
 *
 * It is the same connection that the sink writes rows on, so that rows, rejects and checkpoint are one transaction.
 * Implemented by connectors/odbc. All calls of one store come from one thread.
 */
#ifndef PENSTOCK_CORE_STORE_H
#define PENSTOCK_CORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/cancel.h"
#include "engine/core/counts.h"
#include "engine/core/lookup.h"
#include "engine/core/reject.h"
#include "engine/core/source.h"

enum { RUN_ID_SIZE = 37, NAME_MAX_BYTES = 256 };

struct step_key;

struct store_target {
	const char *name;          /* of the connection, for messages; never the string itself */
	const char *connect;       /* ODBC connection string; secret */
	const char *state_schema;  /* where penstock_* tables live; NULL: the default schema */
	int64_t lock_timeout_ms;   /* 30,000 by default; longer waits for a lock are ERROR_SINK */
	bool streaming;            /* a session for reading alone: long results come row by row where the driver can */
	bool read_only;            /* dry run, plan, check: write nothing, create nothing; an SQLite file that does not exist is taken as empty and not connected to */
	const char *run_id;        /* names this session to the database where it can be seen (application_name) */
	/* The steps it is going to claim, where that is known; may be none. Where one is held by another live run and that can be seen
	 * without the database (SQLite, which its holder may have locked), open and run_begin fail at once with ERROR_BUSY naming the
	 * holder. The array is borrowed until open returns, its texts until close. */
	const struct step_key *steps;
	size_t step_count;
	struct cancel *cancel;
};

/* What a lock, a checkpoint and the memory of loaded files belong to. */
struct step_key {
	const char *pipeline;
	const char *step;
	const char *table_name; /* the target table */
	unsigned partition;     /* 0 */
	unsigned partitions;    /* 1; 0: of replays (mend.h), under the same lock */
};

struct run_record {
	const char *run_id;     /* UUIDv7 */
	const char *kind;       /* "run", "replay", "ingest" */
	const char *pipeline;
	const char *status;     /* running, succeeded, failed, rejected, cancelled, interrupted */
	int64_t started_at;     /* microseconds since 1970, UTC */
	int64_t finished_at;    /* 0 while running */
	struct counts counts;
	int exit_code;
	const char *summary;    /* JSON */
};

enum checkpoint_state { CHECKPOINT_NONE = 0, CHECKPOINT_OPEN, CHECKPOINT_COMPLETE };

struct checkpoint {
	char run_id[RUN_ID_SIZE];          /* of the attempt that wrote it */
	enum checkpoint_state state;       /* OPEN: a step stopped behind position; COMPLETE: its source was loaded to its end */
	int64_t epoch;                     /* raised by each claim; every commit needs it unchanged */
	char source[4096];                 /* path */
	struct position position;
	char step_hash[SHA256_HEX_SIZE];   /* of the step's definition and its dictionary table, to refuse a resume that is another step */
	char dictionary_hash[SHA256_HEX_SIZE];
	struct counts counts;              /* of the attempt run_id, up to here: always balanced */
	uint64_t load_read;                /* of the whole load, earlier attempts included: records before position, blank ones too */
	uint64_t load_judged;              /* records judged */
	uint64_t load_rejected;            /* records rejected */
};

struct file_record {
	char run_id[RUN_ID_SIZE];  /* that loaded it */
	char path[4096];
	uint64_t size;
	int64_t mtime_ns;
	char hash[SHA256_HEX_SIZE];
	uint64_t records;          /* read then */
	int64_t loaded_at;
};

/* What a request was answered with, for those who send it again. */
struct stored_answer {
	const char *api_key;        /* its name; "" where there are no keys */
	const char *pipeline;
	const char *idem_key;
	char body_sha256[SHA256_HEX_SIZE];
	int status;                 /* of HTTP */
	struct text answer;
	bool expired;               /* a look-up found one that is older than a day, which a new one replaces */
};

enum store_mark { MARK_SET = 1, MARK_UNDO /* back to the mark, which stays */, MARK_RELEASE };

struct store;

struct store_ops {
	/* Connects. Gives *out, to be closed with close. ERROR_SINK (retry set where a retry may help). */
	int (*open)(const struct store_target *target, struct store **out, struct error *error);
	void (*close)(struct store *store); /* rolls back what is open; lets go of all locks */

	/* For keys of target tables. tables maps a resource of the dictionary to its target table ("schema.name"); resources that are not
	 * in it are tables of their own name in the same schema as default_table. Borrowed; until close. */
	struct lookup *(*lookup)(struct store *store, const struct option_map *tables, const char *default_table);

	/* Makes the penstock_* tables where they are missing (ERROR_CONFIG when they are newer than this program), marks runs of this pipeline
	 * whose process is dead as interrupted (counts from their checkpoints), inserts the run and takes its lock. Commits. Called again for
	 * the same run_id after a lost connection it only takes the lock again. */
	int (*run_begin)(struct store *store, const struct run_record *run, struct error *error);
	/* Updates the run's row; commits. */
	int (*run_end)(struct store *store, const struct run_record *run, struct error *error);

	/* Takes the step's lock or fails with ERROR_BUSY naming the holder; raises the epoch and records run_id as its holder (commits); gives
	 * the checkpoint that is there (state NONE where none is; epoch is then the first). */
	int (*claim)(struct store *store, const struct step_key *key, const char *run_id, struct checkpoint *out, struct error *error);
	void (*release)(struct store *store, const struct step_key *key);
	/* --restart: forgets position and loaded files of the step; keeps the epoch. Commits. */
	int (*forget)(struct store *store, const struct step_key *key, struct error *error);

	/* A file loaded completely by this step: by path+size+mtime when identity->hash is empty, else by size+hash. With hash empty and no
	 * such file, *same_size says that a hash is worth its reading. */
	int (*find_file)(struct store *store, const struct step_key *key, const struct source_identity *identity,
		struct file_record *out, bool *found, bool *same_size, struct error *error);

	/* One transaction at a time. commit updates the checkpoint row WHERE epoch = checkpoint->epoch last (no row: rolls back, ERROR_BUSY),
	 * with file not NULL also remembers the file; checkpoint NULL: a transaction without one. After a failed commit
	 * the transaction is over; error->retry is set when its outcome is not known or it may be tried again. */
	int (*begin)(struct store *store, struct error *error);
	int (*commit)(struct store *store, const struct step_key *key, const struct checkpoint *checkpoint,
		const struct file_record *file, struct error *error);
	/* The part of commit that comes before the end: checkpoint and file into the open transaction; for steps that commit together. */
	int (*record)(struct store *store, const struct step_key *key, const struct checkpoint *checkpoint,
		const struct file_record *file, struct error *error);
	/* All rows of the key's table give way to those of since (microseconds since 1970, UTC): in the open transaction, forgets which files
	 * other steps have loaded into it later, and where their unfinished loads stand. *files: how many; with since 0 nothing is
	 * forgotten, and they are those loaded by other steps at any time. */
	int (*forget_later)(struct store *store, const struct step_key *key, int64_t since, uint64_t *files, struct error *error);
	void (*rollback)(struct store *store);

	/* Adds a reject to the open transaction (buffered until flush_rejects or commit). */
	int (*reject)(struct store *store, const struct step_key *key, const char *run_id, const struct reject *reject,
		bool published, struct error *error);
	/* Removes rejects with published = 0 of this step in the open transaction: the next attempt replaces them. */
	int (*drop_unpublished)(struct store *store, const struct step_key *key, struct error *error);

	/* Rejects whose records were given once more (mend.h), in the open transaction: those of ids were written by run_id; or the one of that
	 * id was rejected again: field, code, rule, message and violations are now those of reject, and attempts one more. ERROR_SINK where
	 * one of them is not there, or not unresolved, any more. */
	int (*resolve)(struct store *store, const char *run_id, const int64_t *ids, size_t count, struct error *error);
	int (*reject_again)(struct store *store, int64_t id, const struct reject *reject, struct error *error);

	/* --- requests: several in one transaction, all steps of each on one session. All but prepare and lookup_also are within it. --- */

	/* Makes the penstock_* tables where they are missing, as run_begin does. Commits. */
	int (*prepare)(struct store *store, struct error *error);
	/* As lookup, but leaves those that were given before; all go with the store. */
	struct lookup *(*lookup_also)(struct store *store, const struct option_map *tables, const char *default_table);
	/* One savepoint; sinks have others of their own within it. */
	int (*mark)(struct store *store, enum store_mark mark, struct error *error);
	/* Inserts the run; *known: one of that run_id is there, committed, and the transaction can only go back to its mark. Waits for one
	 * that another transaction is about to commit. */
	int (*add_run)(struct store *store, const struct run_record *run, bool *known, struct error *error);
	int (*change_run)(struct store *store, const struct run_record *run, struct error *error);
	/* The ids of the run's rejects, in the order in which they were given. */
	int (*reject_ids)(struct store *store, const char *run_id,
		void (*each)(void *arg, int64_t id, const char *step, uint64_t record_no), void *arg, struct error *error);
	/* By its three keys: 1 and the rest, the answer borrowed until the next call; 0 where there is none; -1 and error. */
	int (*find_answer)(struct store *store, struct stored_answer *answer, struct error *error);
	/* error->retry: another process was faster; its answer can be found in another transaction. */
	int (*keep_answer)(struct store *store, const struct stored_answer *answer, struct error *error);
};

/* The first member of what implements it. */
struct store {
	const struct store_ops *ops;
	bool single_writer; /* the database lets one transaction write at a time (SQLite) */
};

#endif

/* history.h - reads what the state tables remember: runs and rejects, newest or first, in flat memory.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Opened read only: nothing is created or changed, no lock is taken, and an SQLite file that does not exist is taken
 * as empty. Where the tables are missing every reader finds nothing and `absent` of the history is set, so that the caller can
 * say "no state here yet". Rows are read in pages by key, so a reader may stop at any row and memory does not grow.
 */
#ifndef PENSTOCK_ODBC_HISTORY_H
#define PENSTOCK_ODBC_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/error.h"
#include "engine/core/store.h"
#include "engine/core/value.h"

struct history;

enum { HISTORY_IDS_MAX = 64 };

/* All texts of the rows below are UTF-8, NUL-terminated, never NULL (SQL NULL is the empty text), and valid only during the callback. */
struct history_run {
	const char *run_id;
	const char *kind;     /* "run", "replay", "ingest" */
	const char *pipeline;
	const char *status;   /* as enum run_status spells it */
	int64_t started_at;   /* microseconds since 1970, UTC */
	int64_t finished_at;  /* 0: not finished */
	uint64_t read, written, rejected, skipped;
	bool has_exit_code;   /* false while running, and for an interrupted run */
	int exit_code;
	const char *summary;  /* the JSON that `run --json` printed; or empty */
};

struct history_reject {
	int64_t reject_id;
	const char *run_id, *pipeline, *step, *table_name, *source;
	uint64_t record_no, line_no, byte_offset;
	const char *field, *code, *rule, *message;
	struct text violations; /* JSON array, see reject.h */
	struct text record;     /* the original, capped */
	bool published;
	int64_t attempts;
	int64_t rejected_at;    /* microseconds since 1970, UTC */
	const char *resolved_run_id; /* or empty */
};

struct history_run_filter {
	const char *pipeline; /* NULL: all */
	bool all;             /* runs of kind ingest too */
	const char *before;   /* those whose id is less than this one; NULL: all */
	uint64_t limit;       /* 0: no limit */
};

struct history_reject_filter {
	const char *run;      /* a run id, its unique beginning, or "latest"; NULL: all */
	const char *rule;     /* exact rule id; NULL: all */
	const char *table;    /* table_name, exactly; NULL: all */
	const char *pipeline, *step; /* exactly; NULL: all */
	const char *field;    /* exactly; NULL: all */
	const int64_t *ids;   /* these alone, at most HISTORY_IDS_MAX; NULL: all */
	size_t id_count;
	uint64_t limit;       /* 0: no limit */
	uint64_t offset;      /* rows left out first */
	int64_t after;        /* those with a larger reject_id alone; 0: all */
	int64_t until;        /* those with no larger reject_id than this one; 0: all. Not for groups and history_top */
};

/* Connects as target says (read_only is taken as set). ERROR_SINK; ERROR_CONFIG when the tables are of a newer version. */
int history_open(const struct store_target *target, struct history **out, struct error *error) MUST_CHECK;
void history_close(struct history *history); /* NULL does nothing */

/* No state here yet: the tables (or the whole SQLite file) do not exist. */
bool history_absent(const struct history *history);

/* Below, each may return nonzero to stop the reading, which is not an error. */

/* Newest first. */
int history_runs(struct history *history, const struct history_run_filter *filter,
	int (*each)(void *arg, const struct history_run *run), void *arg, struct error *error) MUST_CHECK;

/* One run by its id, the unique beginning of one, or "latest" (the newest that is not of
 * kind ingest). Calls each once, or sets *found to false;
 * ERROR_CONFIG when several runs begin so. */
int history_run(struct history *history, const char *run,
	int (*each)(void *arg, const struct history_run *run), void *arg, bool *found, struct error *error) MUST_CHECK;

/* In the order in which they were stored. A run that does not exist is ERROR_CONFIG; "latest" is the newest load, since a replay has no rejects of its own. */
int history_rejects(struct history *history, const struct history_reject_filter *filter,
	int (*each)(void *arg, const struct history_reject *reject), void *arg, struct error *error) MUST_CHECK;

/* Whose rejects a filter finds, whatever its limit and offset: how many of each, in the order of their names. */
struct history_reject_group {
	const char *run_id, *pipeline, *step, *table_name;
	bool published, resolved;
	uint64_t count;
};
int history_reject_groups(struct history *history, const struct history_reject_filter *filter,
	int (*each)(void *arg, const struct history_reject_group *group), void *arg, struct error *error) MUST_CHECK;

/* What the rules said of rejects, in no order: rule, code and violations of each, without the records. In flat memory however many there are. */
int history_reject_reasons(struct history *history, const struct history_reject_filter *filter,
	int (*each)(void *arg, const struct history_reject *reject), void *arg, struct error *error) MUST_CHECK;

/* The SHA-256 that a file of this path had when the step loaded it: in that run, or at any time if it was always the same. Empty where that
 * is not known. */
int history_file_hash(struct history *history, const struct step_key *key, const char *path, const char *run_id,
	char hash[SHA256_HEX_SIZE], struct error *error) MUST_CHECK;

/* The whole id of a run named as in a filter. A run that does not exist is ERROR_CONFIG; "latest" is the newest load, not a replay. */
int history_find_run(struct history *history, const char *run, char id[RUN_ID_SIZE], struct error *error) MUST_CHECK;

/* The reject_id of the rows-th reject of a run behind after, by its whole id: where a look through so many ends. 0 where there are fewer. */
int history_reject_bound(struct history *history, const char *run_id, int64_t after, uint64_t rows, int64_t *bound,
	struct error *error) MUST_CHECK;

/* How many a filter finds, whatever its limit and offset. */
int history_count_rejects(struct history *history, const struct history_reject_filter *filter, uint64_t *count,
	struct error *error) MUST_CHECK;

int history_reject(struct history *history, int64_t reject_id,
	int (*each)(void *arg, const struct history_reject *reject), void *arg, bool *found, struct error *error) MUST_CHECK;

/* Rejects by the rule of their first violation, most frequent first: at most limit rules (0: all). */
int history_top(struct history *history, const struct history_reject_filter *filter,
	int (*each)(void *arg, const char *rule, uint64_t count), void *arg, struct error *error) MUST_CHECK;

#endif

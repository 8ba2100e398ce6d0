/* store_parts.h - what the files that make up the state store share; nobody else includes it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_STORE_PARTS_H
#define PENSTOCK_ODBC_STORE_PARTS_H

#include "connectors/odbc/lock.h"
#include "connectors/odbc/session.h"
#include "connectors/odbc/state.h"
#include "connectors/odbc/statement.h"
#include "engine/core/store.h"

enum { REJECTS_SIZES = 7, REJECTS_PER_STATEMENT = 1 << (REJECTS_SIZES - 1), REJECTS_BYTES = 256 * 1024, REJECT_TEXTS = 12, REJECT_NUMBERS = 4 };

/* Rejects that wait for their INSERT; their texts stand one behind the other in bytes. */
struct reject_buffer {
	struct buffer bytes;
	size_t count;
	struct waiting_reject {
		struct {
			size_t offset, length;
			bool null;
		} texts[REJECT_TEXTS];
		int64_t numbers[REJECT_NUMBERS];
	} waiting[REJECTS_PER_STATEMENT];
	SQLHSTMT statements[REJECTS_SIZES]; /* of 1, 2, 4, ... rows; prepared when first needed */
	SQLLEN indicators[REJECTS_PER_STATEMENT * (REJECT_TEXTS + REJECT_NUMBERS)];
};

/* Statements that requests, and replays, run again and again. */
enum request_statement {
	REQUEST_ADD_RUN = 0,
	REQUEST_CHANGE_RUN,
	REQUEST_REJECT_IDS,
	REQUEST_FIND_ANSWER,
	REQUEST_DROP_ANSWER,
	REQUEST_KEEP_ANSWER,
	REQUEST_REJECT_AGAIN,
	REQUEST_STATEMENTS,
};

struct odbc_store {
	struct store base;
	struct session session;
	struct state state;
	char schema[NAME_MAX_BYTES];
	char run_id[RUN_ID_SIZE];     /* of the target; may be empty */
	bool read_only;
	bool tables_known;            /* read only: present is valid */
	unsigned present;
	struct locks *locks;          /* NULL: read only */
	bool run_locked;
	uint64_t run_lock;
	struct step_key *steps;       /* of the target */
	size_t step_count;
	struct lookup *lookup;
	struct reject_buffer rejects;
	struct statement *requests[REQUEST_STATEMENTS]; /* prepared when first needed */
	struct lookup **lookups;      /* one for each step of requests */
	size_t lookup_count;
	struct buffer answer;         /* found last */
	bool marked_by_begin;         /* the mark of the request at hand is the beginning of the transaction */
};

static inline struct odbc_store *store_of(struct store *store)
{
	return (struct odbc_store *)store;
}

/* Read only: is this table there? (The whole database may be absent.) Otherwise run_begin has made it: always true. 1, 0, or -1 and error. */
int store_has(struct odbc_store *store, enum state_table table, struct error *error) MUST_CHECK;

/* ERROR_BUSY when another live run holds one of the steps that this store is going to claim and that can be seen without the database
 * (SQLite, which that run may have locked); 0 otherwise. */
int store_find_rival(struct odbc_store *store, struct error *error) MUST_CHECK;

/* Copies a column of the current row. ERROR_SINK where it is longer than size - 1 bytes. NULL becomes the empty text. */
int store_copy(struct statement *statement, unsigned column, char *out, size_t size, struct error *error) MUST_CHECK;

/* A column of the current row that cannot be negative. NULL becomes 0. */
int store_count(struct statement *statement, unsigned column, uint64_t *out, struct error *error) MUST_CHECK;

/* runs.c */
/* Both take the same parameters, as run_put binds them. */
#define RUN_INSERT \
	"INSERT INTO {runs} (kind, pipeline, status, started_at, finished_at, read_rows, written_rows, rejected_rows, skipped_rows, " \
	"exit_code, summary, host, pid, run_id) VALUES (?, ?, ?, {?}, {?}, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define RUN_UPDATE \
	"UPDATE {runs} SET kind = ?, pipeline = ?, status = ?, started_at = {?}, finished_at = {?}, read_rows = ?, written_rows = ?, " \
	"rejected_rows = ?, skipped_rows = ?, exit_code = ?, summary = ?, host = ?, pid = ? WHERE run_id = ?"
int run_put(struct statement *statement, const struct run_record *run, int64_t *affected, enum fault_class *class,
	struct error *error) MUST_CHECK;
int store_run_begin(struct store *store, const struct run_record *run, struct error *error);
int store_run_end(struct store *store, const struct run_record *run, struct error *error);

/* Takes a lock: 1; 0: it is held by somebody who lives, as *holder says; -1 and error. One whose process on this machine is dead is
 * waited for, since the database may need a moment to see it. owner: the one run that takes this lock for long, where the holder's session
 * does not tell; or NULL. */
int store_take(struct odbc_store *store, uint64_t lock, const char *owner, struct lock_holder *holder, struct error *error) MUST_CHECK;

/* checkpoints.c */
int store_claim(struct store *store, const struct step_key *key, const char *run_id, struct checkpoint *out,
	struct error *error);
void store_release(struct store *store, const struct step_key *key);
int store_forget(struct store *store, const struct step_key *key, struct error *error);
/* The name of a step's lock. */
int step_lock_name(const struct step_key *key, uint64_t *out, struct error *error) MUST_CHECK;
/* ERROR_BUSY that names the holder; returns -1. */
int step_busy(const char *place, const struct step_key *key, const struct lock_holder *holder, struct error *error);
int store_forget_later(struct store *store, const struct step_key *key, int64_t since, uint64_t *files, struct error *error);
int checkpoint_write(struct odbc_store *store, const struct step_key *key, const struct checkpoint *checkpoint,
	struct error *error) MUST_CHECK; /* in the open transaction; ERROR_BUSY when the epoch is another */

/* counts_json.c: {"read":1,"written":1,"rejected":0,"skipped":{"blank":0,...},"bytes":20} */
int counts_to_json(const struct counts *counts, struct buffer *out, struct error *error) MUST_CHECK;
int counts_from_json(struct counts *counts, const char *text, size_t length, const char *place, struct error *error) MUST_CHECK;

/* files.c */
int store_find_file(struct store *store, const struct step_key *key, const struct source_identity *identity,
	struct file_record *out, bool *found, bool *same_size, struct error *error);
int file_write(struct odbc_store *store, const struct step_key *key, const struct file_record *file, struct error *error)
	MUST_CHECK;
int files_forget_later(struct odbc_store *store, const struct step_key *key, int64_t since, uint64_t *files, struct error *error)
	MUST_CHECK; /* of other steps */
int files_forget(struct odbc_store *store, const struct step_key *key, struct error *error) MUST_CHECK;

/* rejects.c */
void rejects_init(struct reject_buffer *rejects);
void rejects_fini(struct reject_buffer *rejects); /* before the session is closed */
void rejects_clear(struct reject_buffer *rejects);
int rejects_flush(struct odbc_store *store, struct error *error) MUST_CHECK;
int store_reject(struct store *store, const struct step_key *key, const char *run_id, const struct reject *reject,
	bool published, struct error *error);
int store_drop_unpublished(struct store *store, const struct step_key *key, struct error *error);

/* rejects_again.c */
int store_resolve(struct store *store, const char *run_id, const int64_t *ids, size_t count, struct error *error);
int store_reject_again(struct store *store, int64_t id, const struct reject *reject, struct error *error);

/* requests.c */
void requests_close(struct odbc_store *store);
struct statement *store_kept_statement(struct odbc_store *store, enum request_statement which, struct error *error) MUST_CHECK; /* prepared; NULL and error */
int store_prepare(struct store *store, struct error *error);
struct lookup *store_lookup_also(struct store *store, const struct option_map *tables, const char *default_table);
int store_mark(struct store *store, enum store_mark mark, struct error *error);
int store_add_run(struct store *store, const struct run_record *run, bool *known, struct error *error);
int store_change_run(struct store *store, const struct run_record *run, struct error *error);
int store_reject_ids(struct store *store, const char *run_id,
	void (*each)(void *arg, int64_t id, const char *step, uint64_t record_no), void *arg, struct error *error);
int store_find_answer(struct store *store, struct stored_answer *answer, struct error *error);
int store_keep_answer(struct store *store, const struct stored_answer *answer, struct error *error);

#endif

/* lock.h - locks by name in a database that die with their holder, and who holds them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A lock is 64 bits of a hash of its name. One file a database implements it: a session's advisory lock, or a lock on one byte of a
 * file beside the database. Two sessions exclude each other also within one process.
 */
#ifndef PENSTOCK_ODBC_LOCK_H
#define PENSTOCK_ODBC_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/error.h"

struct session;

enum { LOCK_HOST_SIZE = 256, LOCK_RUN_SIZE = 64, LOCK_TIME_SIZE = 32, LOCKS_MAX = 4096 };

/* What is known of who holds a lock; each part may be empty. */
struct lock_holder {
	char run_id[LOCK_RUN_SIZE];
	char since[LOCK_TIME_SIZE]; /* "2021-11-07T02:48:42.123456Z" */
	char host[LOCK_HOST_SIZE];
	int64_t pid;                /* of the process; 0: not known */
	int64_t server_pid;         /* of the server's process for it; 0: none, or not known */
};

struct locks;

struct lock_ops {
	/* run_id: what the holder is known by to others. Borrows the session. */
	int (*open)(struct session *session, const char *run_id, struct locks **out, struct error *error);
	void (*close)(struct locks *locks); /* lets go of all */

	/* 1: taken, or held already; 0: somebody else has it, *holder says who; -1 and error. Never waits for the holder. */
	int (*take)(struct locks *locks, uint64_t lock, struct lock_holder *holder, struct error *error);
	void (*release)(struct locks *locks, uint64_t lock);

	/* Optional, where a holder is known by its session alone: 1 where that is the session of this run, 0, -1 and error. */
	int (*is_run)(struct locks *locks, const struct lock_holder *holder, const char *run_id, struct error *error);

	/* Optional: whether somebody else has it, without touching the database. */
	bool (*peek)(struct locks *locks, uint64_t lock, struct lock_holder *holder);
};

/* The locks that a session of a server holds. The server counts them: one release would not let go of what was taken twice. */
struct lock_list {
	uint64_t held[LOCKS_MAX];
	size_t count;
};

bool lock_list_has(const struct lock_list *list, uint64_t lock);

/* ERROR_RESOURCE where no further one has room; to be asked before it is taken from the server. */
int lock_list_room(const struct lock_list *list, const char *place, struct error *error) MUST_CHECK;
void lock_list_add(struct lock_list *list, uint64_t lock);
bool lock_list_drop(struct lock_list *list, uint64_t lock); /* false: it was not in it */

/* The first member of what implements it. */
struct locks {
	const struct lock_ops *ops;
};

extern const struct lock_ops lock_sqlite;
extern const struct lock_ops lock_postgresql;
extern const struct lock_ops lock_mariadb;

/* Who holds the lock beside the SQLite database of a connection string, without opening that database: true and *holder where somebody
 * does. False also where the string does not tell the file (a DSN) and where it is not SQLite. */
bool lock_sqlite_peek(const char *connect, uint64_t lock, struct lock_holder *holder);

/* First 8 bytes of the SHA-256 over "penstock" and the parts, each preceded by its length ("8:penstock,"). */
int lock_name(const char *const *parts, size_t count, uint64_t *out, struct error *error) MUST_CHECK;

/* "run R since T on host H, process P", as far as it is known. Returns text. */
char *lock_holder_text(const struct lock_holder *holder, char *text, size_t size);

/* Its process ran on this machine and is no more. False where that is not known. */
bool lock_holder_is_dead(const struct lock_holder *holder);

/* This machine's name. */
void lock_this_host(char out[LOCK_HOST_SIZE]);

#endif

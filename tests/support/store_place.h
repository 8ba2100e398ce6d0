/* store_place.h - what the tests of the state store share: a fresh database for each test, asked without the store.
 * SPDX-License-Identifier: Apache-2.0
 *
 * SQLite always, PostgreSQL where PENSTOCK_TEST_PG holds a connection string (tests are skipped where it does not).
 */
#ifndef PENSTOCK_TESTS_STORE_PLACE_H
#define PENSTOCK_TESTS_STORE_PLACE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <sys/types.h>

#include "connectors/odbc/store.h"

#define RUN_A "0192f000-0000-7000-8000-00000000000a"
#define RUN_B "0192f000-0000-7000-8000-00000000000b"
#define RUN_C "0192f001-0000-7000-8000-00000000000c"

struct store_place {
	bool postgresql;
	char folder[64];
	char database[128]; /* path, or name */
	char connect[1024];
};

extern const struct step_key jobs, people;

/* Entries of a table of tests: the same test on each database. */
#define ON(kind, test) \
	{ #kind ": " #test, test, kind##_setup, kind##_teardown, NULL }
#define BOTH(test) ON(sqlite, test), ON(postgresql, test)
int sqlite_setup(void **state);
int sqlite_teardown(void **state);
int postgresql_setup(void **state);
int postgresql_teardown(void **state);

/* Skips the test where there is no such database. */
struct store_place *place_of(void **state);

/* The connection string of another database of the server. */
void server_database(const char *name, char *out, size_t size);

/* SQL past the store: through SQLite's own library, or answered by the server. ask: first column of the first row, empty for
 * NULL or no row, until the next call. */
void sql_do(const struct store_place *place, const char *sql);
const char *sql_ask(const struct store_place *place, const char *sql);

/* For calls that must succeed: good(call(..., clean())). */
extern struct error trouble;
struct error *clean(void);
#define good(call) \
	do { \
		if (call) \
			fail_msg("%s: %s", #call, trouble.message); \
	} while (0)

struct store_target target_of(const struct store_place *place, const char *run_id);
struct store *store_at(const struct store_target *target);
struct run_record run_of(const char *run_id, const char *pipeline); /* running since 2021-11-07T02:48:42.123456Z */
struct store *begun(const struct store_place *place, const char *run_id); /* a run of pipeline hire */
struct checkpoint claimed(struct store *store, const struct step_key *key, const char *run_id);
struct checkpoint example(const char *run_id, int64_t epoch); /* every field says something */
void commit(struct store *store, const struct step_key *key, const struct checkpoint *checkpoint,
	const struct file_record *file);
struct text text_of(const char *string);
struct reject reject_of(uint64_t number, const char *rule, const char *record);
void add_reject(struct store *store, const struct step_key *key, const char *run_id, const struct reject *reject,
	bool published);

/* Runs body in a child that then waits to be killed; returns when the body has ended. */
pid_t victim(const struct store_place *place, void (*body)(const struct store_place *place));
void kill_victim(pid_t child);

#endif

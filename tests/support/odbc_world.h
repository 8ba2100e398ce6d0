/* odbc_world.h - a database of its own for a test, SQLite or PostgreSQL, read from outside: through the sqlite3 library and psql.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_TESTS_ODBC_WORLD_H
#define PENSTOCK_TESTS_ODBC_WORLD_H

#include <stdbool.h>

#include "connectors/odbc/session.h"
#include "engine/core/batch.h"
#include "engine/core/sink.h"

struct world {
	bool postgres;
	char folder[256];
	char connect[4096];  /* for ODBC */
	char file[512];      /* SQLite */
	char database[64];   /* PostgreSQL, made for this world */
	char server[4096];   /* the string of the server it was made on */
};

/* False where $PENSTOCK_TEST_PG is not set and postgres was asked for. */
bool world_open(struct world *world, bool postgres);
void world_close(struct world *world);

/* Runs SQL from outside; fails the test where it fails. */
void world_run(const struct world *world, const char *sql);
/* The result as "a|b\nc|d\n", NULL as "NULL"; malloc'd. */
char *world_ask(const struct world *world, const char *sql);
/* Fails the test where the answer is another. */
void world_expect(const struct world *world, const char *sql, const char *answer);

struct store_target world_target(const struct world *world);

/* The sink of one step on a store of its own. */
struct rig {
	struct world *world;
	struct schema *schema;
	struct store *store;
	struct session *session;
	struct rule_set rules;
	struct limits limits;
	struct sink_context context;
	struct sink_info info;
	void *sink;
	bool borrowed; /* the store */
	struct error error;
};

struct rig_options {
	const char *table, *mode, *bulk;
	const char *const *key; /* NULL at the end, or NULL */
	const char *const *ignore; /* the same */
	bool create, dry_run, read_only, cascade;
	const struct option_map *tables;
	struct store *store; /* of another rig, which closes it; NULL: one of its own */
};

/* Takes the schema. Returns what open returned; the error is in rig->error. */
int rig_open(struct rig *rig, struct world *world, struct schema *schema, struct rig_options options);
void rig_close(struct rig *rig);
void rig_begin(struct rig *rig);
void rig_commit(struct rig *rig);
void rig_rollback(struct rig *rig);
/* Writes and expects no error. */
void rig_write(struct rig *rig, struct batch *batch);

/* A schema from text: "id integer!, name string(20), price decimal(12.2), dep integer"; ! is required. */
struct schema *schema_from(const char *name, const char *fields);
void schema_primary(struct schema *schema, const char *fields);
void schema_unique(struct schema *schema, const char *fields);
void schema_foreign(struct schema *schema, const char *fields, const char *resource, const char *columns);

/* A batch of capacity rows, and rows into it: one text a field, NULL for null; integers, doubles, decimals, dates, times and
 * datetimes are read from their canonical texts, binary as it is. */
struct batch *batch_for(const struct schema *schema, size_t capacity);
uint32_t batch_row(struct batch *batch, const char *const *texts);
#define ROW(batch, ...) batch_row((batch), (const char *const[]){ __VA_ARGS__ })

/* "row:rule row:rule" of all violations, sorted; malloc'd. */
char *violations_of(struct batch *batch);
void expect_violations(struct batch *batch, const char *expected);

/* For tables of tests: each runs on both databases, with a world as its state; PostgreSQL is skipped where there is none. */
int world_setup_sqlite(void **state);
int world_setup_postgres(void **state);
int world_teardown(void **state);
/* To be called first: skips the test where the setup found no server. */
struct world *world_of(void **state);
#define BOTH(test) \
	{ #test " on sqlite", test, world_setup_sqlite, world_teardown, NULL }, \
	{ #test " on postgresql", test, world_setup_postgres, world_teardown, NULL }
#define ON_SQLITE(test) { #test " on sqlite", test, world_setup_sqlite, world_teardown, NULL }
#define ON_POSTGRES(test) { #test " on postgresql", test, world_setup_postgres, world_teardown, NULL }

#endif

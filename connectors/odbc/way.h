/* way.h - a way to move rows of a batch into a table of a database. The writer chooses one for each table and drives it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A dialect lists its ways, the best first; `bulk: auto` takes the first one that fits, any other word asks for one by its name. What a
 * way writes is what INSERT of the rows one by one, in their order, would give, up to a refused one, or nothing of it.
 */
#ifndef PENSTOCK_ODBC_WAY_H
#define PENSTOCK_ODBC_WAY_H

#include "connectors/odbc/catalog.h"
#include "connectors/odbc/session.h"
#include "engine/core/batch.h"
#include "engine/core/buffer.h"

enum { WAY_WHY_MAX = 256 };

/* What is to be written where; borrowed, and outlives the way. */
struct way_task {
	struct session *session;
	const struct schema *schema;
	const struct catalog *catalog; /* has a column for each field of the schema */
	const struct key *upsert;      /* the key (fields of the schema) whose rows are changed instead; NULL: rows are added */
	const char *what;              /* for messages: "inserting into jobs" */
	bool runs_on;                  /* a statement may go on over several inserts, up to finish: nobody looks for a refused row */
};

/* The first member of what implements it. */
struct way {
	const struct way_ops *ops;
};

struct way_ops {
	const char *name; /* as in `bulk:` */
	const char *help; /* a few words for the option's help and for `penstock check` */

	/* Optional (absent: always). Whether it works in this session at all; else why not, for a person. */
	bool (*usable)(struct session *session, char why[WAY_WHY_MAX]);

	/* Optional (absent: always). Whether this session and table can be written so; else why not, for a person, "the driver ...". */
	bool (*fits)(const struct way_task *task, char why[WAY_WHY_MAX]);

	/* Required. Prepares nothing yet, so the table need not exist. */
	int (*open)(const struct way_task *task, struct way **out, struct error *error);

	/* Required. How many of the first of count rows go into one statement: from 1 to count. */
	size_t (*take)(const struct way *way, const struct batch *batch, const uint32_t *rows, size_t count);

	/* Required. Writes count rows (what take gave) in the session's transaction. 0; or 1 where the database refused one for its own sake:
	 * diagnosis says how, and, where the way can know it, which (diagnosis->at); the caller then goes back to a savepoint, unless those before
	 * it stay as they are (diagnosis->kept); or -1 and error. */
	int (*insert)(struct way *way, const struct batch *batch, const uint32_t *rows, size_t count, struct diagnosis *diagnosis,
		struct error *error);

	/* Optional, for when refusals are many. Of the first of *count rows (at least 2) writes those that the database takes, as insert would one by one, and
	 * says of each in refused (*count) whether it is one that was left out: 0, or the enum trouble_kind for which. *count becomes how many rows that was;
	 * 0: it cannot be done with these. 0; or 1 where it did not become clear: the caller goes back to a savepoint; or -1 and error. */
	int (*sift)(struct way *way, const struct batch *batch, const uint32_t *rows, size_t *count, uint8_t *refused, struct error *error);

	/* Optional (absent: the way knows no runs_on). Ends the statement that inserts have left open: as insert, of all that it holds. Until then
	 * nothing else may use the session; an insert that refuses or fails leaves nothing open. */
	int (*finish)(struct way *way, struct diagnosis *diagnosis, struct error *error);

	/* Required. The SQL, for a person, without a semicolon; then how many rows go at once. */
	int (*print)(const struct way *way, struct buffer *out, size_t *rows, struct error *error);

	void (*close)(struct way *way); /* Required. */
};

extern const struct way_ops way_copy, way_unnest, way_values, way_row;
extern const struct way_ops way_virtual;
extern const struct way_ops way_array;

/* INSERT INTO table (columns of the fields), without what follows; *overriding (may be NULL): a column is an identity that wants
 * OVERRIDING SYSTEM VALUE. */
int way_put_insert(const struct way_task *task, struct buffer *out, bool *overriding, struct error *error) MUST_CHECK;

/* What follows the rows in an upsert: " ON CONFLICT (key) DO UPDATE SET ..."; nothing where task->upsert is NULL. */
int way_put_upsert(const struct way_task *task, struct buffer *out, struct error *error) MUST_CHECK;

/* For the dialects' upserts: the column of a field, whether the field is in the key, and whether the table has a unique key beside that of the
 * upsert. */
const struct catalog_column *way_column(const struct way_task *task, size_t field);
bool way_in_key(const struct key *key, size_t field);
bool way_has_other_key(const struct way_task *task);

/* An upsert of nothing but its key leaves the row that is there, so fewer rows may be changed than came. */
static inline bool way_may_skip(const struct way_task *task)
{
	return task->upsert && task->upsert->count == task->schema->field_count;
}

#endif

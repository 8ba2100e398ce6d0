/* target.h - the table a sink writes to, held against the dictionary before any row moves.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_TARGET_H
#define PENSTOCK_ODBC_TARGET_H

#include "connectors/odbc/catalog.h"
#include "engine/core/option.h"

struct target {
	struct session *session;
	const struct schema *schema;
	const char *table;              /* as written in the pipeline */
	const struct option_map *tables; /* resource -> table, for foreign keys of one that is created; may be NULL */
	bool create;                    /* make it where it is missing */
	struct key upsert;              /* fields; count 0: append */
	struct catalog catalog;         /* of the table, or planned while it is missing */
};

/* Reads the catalog, or plans it where the table is missing and create is set. ERROR_CONFIG where the table and the dictionary
 * do not go together. The borrowed members are set by the caller. */
int target_read(struct target *target, struct error *error) MUST_CHECK;
void target_fini(struct target *target); /* the catalog; upsert belongs to the caller */

/* ERROR_CONFIG where a table that the foreign keys of a missing one need is missing, too; with planned those are left out that an earlier
 * step of the pipeline loads (tables has the steps' resources in their order). */
int target_check_parents(const struct target *target, bool planned, struct error *error) MUST_CHECK;

/* Where the table is missing: waits in the open transaction, and has others wait until its end, so that of several processes one makes
 * it. Read it again afterwards. */
int target_guard(const struct target *target, struct error *error) MUST_CHECK;

/* Where that outlives the transaction: lets the next one in. */
void target_unguard(const struct target *target);

/* Creates the missing table in the open transaction, with or without its keys, and reads its catalog. */
int target_create(struct target *target, bool keys, struct error *error) MUST_CHECK;

/* Adds the keys of one that was created without, in the same transaction, now that it has so many rows, and reads the catalog again. */
int target_add_keys(struct target *target, uint64_t rows, struct error *error) MUST_CHECK;

/* *empty: the table is there and has no row. */
int target_is_empty(const struct target *target, bool *empty, struct error *error) MUST_CHECK;

/* True where some unique key would refuse a row that is written twice. */
bool target_has_key(const struct target *target);

#endif

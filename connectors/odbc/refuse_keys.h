/* refuse_keys.h - the keys of the target with the rules that speak for them: asked of many rows at once, and found in the database's words.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_REFUSE_KEYS_H
#define PENSTOCK_ODBC_REFUSE_KEYS_H

#include "connectors/odbc/catalog.h"
#include "connectors/odbc/probe.h"
#include "engine/core/rule.h"

/* A unique or foreign key of the target with the rule that speaks for it. */
struct refuse_key {
	const struct catalog_key *key;
	const struct rule *rule;
	size_t *fields;          /* key->count fields of the schema; NULL where a column is no field, or the key is partial */
	size_t *parents;         /* a key by which the table references itself: the fields of the referenced columns; else NULL, or where one is no field */
	bool definite;           /* a probe alone decides: what it says of a row does not depend on other rows of the batch, and it can be asked of any value */
	bool upserted;           /* it is the key of the upsert */
	bool unaskable;          /* its table is out of reach */
	bool open;
	struct probe probe;      /* opened when first needed */
	struct catalog parent;   /* foreign keys: read when first needed */
};

struct refuse_keys {
	struct session *session;
	const struct schema *schema;
	const struct catalog *catalog;
	const struct rule *other;      /* TABLE.database-error */
	struct refuse_key *unique;     /* catalog->unique_count */
	struct refuse_key *foreign;    /* catalog->foreign_count */
	bool *found;                   /* scratch for capacity rows */
	size_t capacity;
};

/* Makes the rules it may need in rules. upsert: fields of the key that may be there already, or NULL. All are borrowed. */
int refuse_keys_open(struct refuse_keys *keys, struct session *session, const struct schema *schema, const struct catalog *catalog,
	const struct key *upsert, struct rule_set *rules, struct error *error) MUST_CHECK;
void refuse_keys_close(struct refuse_keys *keys); /* of a zeroed one, or twice, is fine */

/* Asks every definite key of these rows, one query a key; those that it speaks against become violations. */
int refuse_keys_ask(struct refuse_keys *keys, struct batch *batch, const uint32_t *rows, size_t count, struct error *error) MUST_CHECK;
/* The same of the keys that the database would check at the commit only; a key by which the table references itself may find its parents
 * later. */
int refuse_keys_ask_deferred(struct refuse_keys *keys, struct batch *batch, const uint32_t *rows, size_t count, struct error *error) MUST_CHECK;
/* True unless the database names a key of which a query alone does not tell, or refused for another reason. */
bool refuse_keys_askable(const struct refuse_keys *keys, const struct diagnosis *diagnosis);

/* Makes a violation of what the database said of a row that no definite key speaks against. */
int refuse_keys_explain(struct refuse_keys *keys, struct batch *batch, uint32_t row, const struct diagnosis *diagnosis,
	struct error *error) MUST_CHECK;

#endif

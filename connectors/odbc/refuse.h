/* refuse.h - writes a batch so that every row the database refuses becomes a violation with its rule, and no other row is lost.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is written and refused is what inserting row by row, in source order, would give. Cheapest first: the whole batch under one
 * savepoint; then without the rows whose keys are taken or whose parents are missing (one query a key for the batch); then the rows
 * before the refused one, where the way or the database's count of rows tells which it was, else halves. Where refusals are many, fewer
 * rows are tried at once: what a refusal undoes has to be done again. A way that keeps the rows before a refused one goes on behind it. A way that can
 * sift leaves out all refused rows at once, and each of them is tried again, alone, for the database's words.
 */
#ifndef PENSTOCK_ODBC_REFUSE_H
#define PENSTOCK_ODBC_REFUSE_H

#include "connectors/odbc/refuse_keys.h"
#include "connectors/odbc/writer.h"

struct refuser {
	struct session *session;
	struct writer *writer;
	struct refuse_keys keys;
	uint32_t *rows;                /* scratch for the rows of a batch */
	uint8_t *refused;
	size_t capacity;
	uint64_t done, refusals;       /* rows written, and tries refused, of late: how far refusals are apart */
	enum refuser_count {
		COUNT_UNKNOWN = 0,     /* tried is not set yet in this batch */
		COUNT_KNOWN,
		COUNT_USELESS,         /* the database does not count, or counts otherwise */
	} count;
	int64_t tried;                 /* rows that this transaction has tried to insert, by the database's count */
};

/* Makes the rules it may need in rules. upsert: fields of the key that may be there already, or NULL. All are borrowed. */
int refuser_open(struct refuser *refuser, struct session *session, const struct schema *schema,
	const struct catalog *catalog, struct writer *writer, const struct key *upsert, struct rule_set *rules,
	struct error *error) MUST_CHECK;
void refuser_close(struct refuser *refuser);

/* Writes the ROW_LIVE rows of the batch inside the session's transaction. */
int refuser_write(struct refuser *refuser, struct batch *batch, struct error *error) MUST_CHECK;

#endif

/* behind.h - the condition for rows behind a key, where (a, b) > (?, ?) would not use the key's index.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_BEHIND_H
#define PENSTOCK_ODBC_BEHIND_H

#include "connectors/odbc/catalog.h"
#include "connectors/odbc/statement.h"

enum { BEHIND_PARTS_MAX = 8 }; /* each part is bound for itself and for those behind it: 36 parameters */

/* One part of a key. */
struct behind_part {
	struct buffer column, value; /* as SQL; value has one parameter */
};

void behind_init(struct behind_part *parts, size_t count);
void behind_fini(struct behind_part *parts, size_t count);

/* "(a > ? OR (a = ? AND b > ?))" */
int behind_put(const struct behind_part *parts, size_t count, struct buffer *out, struct error *error) MUST_CHECK;

/* Binds the texts of a key to it; *number is the first parameter, and then the one behind. Borrowed until the execution. */
int behind_bind(struct statement *statement, unsigned *number, const struct buffer *texts, size_t count, struct error *error) MUST_CHECK;

#endif

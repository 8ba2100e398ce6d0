/* sql.h - SQL of a pipeline file: what ${...} stands for in it is bound, never text.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONFIG_SQL_H
#define PENSTOCK_CONFIG_SQL_H

#include "engine/config/interpolate.h"
#include "engine/config/stash.h"
#include "engine/core/option.h"

/* Dialects that a map of SQL may have, NULL at the end. */
extern const char *const sql_dialects[];

/* Makes a statement of a scalar that was not interpolated. dialect is borrowed and may be NULL. Quotes and comments are told apart as
 * the dialect has them: a ${...} or ? within quotes is refused or left alone, one in a comment is left as written. Returns 0, or -1
 * after reporting (or with stash->failed). */
int sql_statement(const struct node *scalar, const char *dialect, const struct scope *scope, struct stash *stash,
	struct option_statement *out);

/* Puts the statement and the values of its parameters into the scalar, for the hash of a definition. Returns 0, or -1 as above. */
int sql_definition(struct node *scalar, const char *dialect, const struct scope *scope, struct stash *stash);

#endif

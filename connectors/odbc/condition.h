/* condition.h - SQL that a user wrote, with its parameters bound: `query` and `where` of a source.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_CONDITION_H
#define PENSTOCK_ODBC_CONDITION_H

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/statement.h"
#include "engine/core/option.h"

/* The statement for this dialect. *out NULL where sql is not given at all; ERROR_CONFIG where it is given for other dialects alone. what:
 * "query", for messages. */
int condition_choose(const struct option_sql *sql, const struct session *session, const char *what,
	const struct option_statement **out, struct error *error) MUST_CHECK;

/* How the values of parameters reach a statement. */
enum condition_values {
	VALUES_BOUND = 1, /* each mark becomes the dialect's expression for a parameter of its type, for condition_bind */
	VALUES_CALLED,    /* SQLite: penstock_value(N) of connectors/odbc/capture.h */
	VALUES_SET,       /* PostgreSQL: the setting penstock.value_N of the session (N from 1), cast to the type (copied.c) */
};

/* Appends the text with its marks replaced. NULL appends nothing. */
int condition_put(const struct option_statement *from, const struct dialect *dialect, enum condition_values values, struct buffer *out,
	struct error *error) MUST_CHECK;

/* Appends an expression in which "?" stands for a bound text, with the setting of this name in place of that. */
int condition_put_setting(const char *expression, const char *name, size_t number, struct buffer *out, struct error *error) MUST_CHECK;

/* Binds the parameters from number first on (from 1) and moves it behind them. Values are borrowed until the execution. */
int condition_bind(const struct option_statement *from, struct statement *statement, unsigned *first, struct error *error)
	MUST_CHECK;

#endif

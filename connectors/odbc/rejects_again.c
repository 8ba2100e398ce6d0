/* rejects_again.c - rejects whose records were mended, or given once more: resolved, or changed by what is wrong with them now.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>

#include "connectors/odbc/store_parts.h"

enum { SQL_CEILING = 64 * 1024 };

/* The step's lock is held, so that no other replay is the reason. */
static int changed_meanwhile(struct odbc_store *store, struct error *error)
{
	return error_set(error, ERROR_SINK, store->session.place,
		"rejects were changed or removed while they were replayed: nothing of it was kept; run it again");
}

int store_resolve(struct store *base, const char *run_id, const int64_t *ids, size_t count, struct error *error)
{
	struct odbc_store *store = store_of(base);
	struct statement statement = { .session = NULL };
	struct buffer sql;
	int64_t affected = 0;
	int result;

	assert(store->session.in_transaction && count > 0);
	store->session.fresh = false;
	buffer_init(&sql, SQL_CEILING);
	result = buffer_puts(&sql, "UPDATE {rejects} SET resolved_run_id = ? WHERE published = 1 AND resolved_run_id IS NULL AND reject_id IN (", error);
	for (size_t i = 0; i < count && result == 0; i++)
		result = buffer_printf(&sql, error, "%s%lld", i ? ", " : "", (long long)ids[i]);
	if (result == 0)
		result = buffer_puts(&sql, ")", error);
	if (result == 0 && (state_statement(&store->state, &statement, "resolving rejects", buffer_text(&sql), error) ||
				   statement_bind_string(&statement, 1, run_id, error) ||
				   statement_execute(&statement, &affected, NULL, error)))
		result = -1;
	statement_close(&statement);
	buffer_fini(&sql);
	if (result == 0 && affected != (int64_t)count)
		result = changed_meanwhile(store, error);
	return result;
}

int store_reject_again(struct store *base, int64_t id, const struct reject *reject, struct error *error)
{
	struct odbc_store *store = store_of(base);
	struct statement *statement = store_kept_statement(store, REQUEST_REJECT_AGAIN, error);
	int64_t affected = 0;

	assert(store->session.in_transaction);
	store->session.fresh = false;
	if (!statement || (reject->field.length ? statement_bind_text(statement, 1, reject->field.data, reject->field.length, error)
						: statement_bind_null(statement, 1, error)) ||
	    statement_bind_text(statement, 2, reject->code.data, reject->code.length, error) ||
	    statement_bind_text(statement, 3, reject->rule.data, reject->rule.length, error) ||
	    statement_bind_text(statement, 4, reject->message.data, reject->message.length, error) ||
	    statement_bind_text(statement, 5, reject->violations.data, reject->violations.length, error) ||
	    statement_bind_integer(statement, 6, id, error) || statement_execute(statement, &affected, NULL, error))
		return -1;
	return affected == 1 ? 0 : changed_meanwhile(store, error);
}

/* scan.c - reads all keys of a table with flat memory.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <string.h>

#include "connectors/odbc/reading.h"
#include "connectors/odbc/scan.h"

enum { SCAN_PAGE = 4096, SQL_MAX = 1024 * 1024, KEY_PARTS_MAX = 64 };

/* "a, b": the key's columns as they are read. */
static int put_columns(const struct scan *scan, const struct schema *keys, bool filled, struct buffer *out, struct error *error)
{
	const struct dialect *dialect = scan->session->dialect;

	for (size_t i = 0; i < keys->field_count; i++) {
		const struct catalog_column *column = catalog_find(&scan->catalog, dialect, keys->fields[i].name);

		if (i && buffer_puts(out, ", ", error))
			return -1;
		if (column && column->padded) {
			if (buffer_puts(out, filled && column->length ? "rpad(CAST(" : "CAST(", error) ||
			    dialect_quote(dialect, out, column->name, error) || buffer_puts(out, " AS text)", error) ||
			    (filled && column->length && buffer_printf(out, error, ", %" PRIu64 ")", column->length)))
				return -1;
		} else if (reading_put(dialect, &keys->fields[i], column, keys->fields[i].name, out, error)) {
			return -1;
		}
	}
	return 0;
}

static int put_from(const struct scan *scan, const struct schema *keys, struct buffer *out, struct error *error)
{
	const struct dialect *dialect = scan->session->dialect;

	if (buffer_puts(out, " FROM ", error) || dialect_quote_table(dialect, out, scan->catalog.table, error))
		return -1;
	for (size_t i = 0; i < keys->field_count; i++)
		if (buffer_puts(out, i ? " AND " : " WHERE ", error) || dialect_quote(dialect, out, keys->fields[i].name, error) ||
		    buffer_puts(out, " IS NOT NULL", error))
			return -1;
	return 0;
}

static bool is_unique(const struct scan *scan, const struct schema *keys)
{
	const char *names[KEY_PARTS_MAX];

	for (size_t i = 0; i < keys->field_count && i < KEY_PARTS_MAX; i++)
		names[i] = keys->fields[i].name;
	return keys->field_count <= KEY_PARTS_MAX &&
		catalog_find_unique(&scan->catalog, scan->session->dialect, names, keys->field_count) != NULL;
}

/* " AND (char_length(a) < 5 OR ...)": the keys that are not as long as their columns of type char(n). 1 where there is such a column. */
static int put_shorter(const struct scan *scan, const struct schema *keys, struct buffer *out, struct error *error)
{
	const struct dialect *dialect = scan->session->dialect;
	bool any = false;

	for (size_t i = 0; i < keys->field_count; i++) {
		const struct catalog_column *column = catalog_find(&scan->catalog, dialect, keys->fields[i].name);

		if (!column || !column->padded || !column->length)
			continue;
		if (buffer_puts(out, any ? " OR char_length(" : " AND (char_length(", error) || dialect_quote(dialect, out, column->name, error) ||
		    buffer_printf(out, error, ") < %" PRIu64, column->length))
			return -1;
		any = true;
	}
	return any && buffer_puts(out, ")", error) ? -1 : any;
}

/* Values of char(n) are equal whether they are filled up with spaces or not, and come in both spellings. */
static int put_filled(const struct scan *scan, const struct schema *keys, struct buffer *out, struct error *error)
{
	struct buffer shorter;
	int result;

	buffer_init(&shorter, SQL_MAX);
	result = put_shorter(scan, keys, &shorter, error);
	if (result == 1)
		result = buffer_puts(out, " UNION ALL SELECT ", error) || (!is_unique(scan, keys) && buffer_puts(out, "DISTINCT ", error)) ||
				put_columns(scan, keys, true, out, error) || put_from(scan, keys, out, error) ||
				buffer_puts(out, buffer_text(&shorter), error)
			? -1
			: 0;
	buffer_fini(&shorter);
	return result;
}

/* A cursor of the server's, so that memory stays flat; it lives in a transaction. */
static int open_cursor(struct scan *scan, const struct schema *keys, struct error *error)
{
	struct buffer *sql = &scan->sql;

	if (!scan->session->in_transaction) {
		if (session_begin(scan->session, error))
			return -1;
		scan->own_transaction = true;
	}
	if (buffer_puts(sql, "DECLARE penstock_keys NO SCROLL CURSOR FOR SELECT ", error) ||
	    (!is_unique(scan, keys) && buffer_puts(sql, "DISTINCT ", error)) || put_columns(scan, keys, false, sql, error) ||
	    put_from(scan, keys, sql, error) || put_filled(scan, keys, sql, error) || session_execute(scan->session, buffer_text(sql), error))
		return -1;
	scan->cursor = true;
	buffer_clear(sql);
	scan->first = 1;
	return buffer_printf(sql, error, "FETCH FORWARD %d FROM penstock_keys", SCAN_PAGE);
}

/* Pages by the key itself, in the order of which each key comes once. */
static int put_key_page(struct scan *scan, struct error *error)
{
	const struct dialect *dialect = scan->session->dialect;
	const struct schema *keys = scan->keys;
	struct behind_part parts[BEHIND_PARTS_MAX];
	struct buffer *sql = &scan->sql, quoted, again;
	int result = 0;

	buffer_init(&quoted, SQL_MAX);
	buffer_init(&again, SQL_MAX);
	buffer_clear(sql);
	behind_init(parts, keys->field_count);
	for (size_t i = 0; result == 0 && i < keys->field_count; i++) {
		const struct catalog_column *column = catalog_find(&scan->catalog, dialect, keys->fields[i].name);

		buffer_clear(&quoted);
		if (dialect_quote(dialect, &quoted, column->name, error) ||
		    dialect->ordered(column, buffer_text(&quoted), true, &parts[i].column, error) ||
		    dialect->ordered_value(column, true, &parts[i].value, error) || buffer_puts(sql, i ? ", " : "SELECT ", error) ||
		    dialect->read(&keys->fields[i], column, buffer_text(&parts[i].column), sql, error) || buffer_puts(&again, ", ", error) ||
		    dialect->read(&keys->fields[i], column, buffer_text(&parts[i].column), &again, error))
			result = -1;
	}
	if (result == 0 && (buffer_puts(sql, buffer_text(&again), error) || put_from(scan, keys, sql, error) ||
				   (scan->behind && (buffer_puts(sql, " AND ", error) ||
							    behind_put(parts, keys->field_count, sql, error)))))
		result = -1;
	for (int by = 0; result == 0 && by < 2; by++)
		for (size_t i = 0; result == 0 && i < keys->field_count; i++)
			result = buffer_printf(sql, error, "%s%s", i ? ", " : by ? " ORDER BY " : " GROUP BY ", buffer_text(&parts[i].column));
	if (result == 0)
		result = buffer_printf(sql, error, " LIMIT %d", SCAN_PAGE);
	behind_fini(parts, keys->field_count);
	buffer_fini(&quoted);
	buffer_fini(&again);
	return result;
}

static int open_key_pages(struct scan *scan, const struct schema *keys, struct error *error)
{
	if (keys->field_count > BEHIND_PARTS_MAX)
		return error_set(error, ERROR_CONFIG, scan->session->place, "a key of table %s has more than %d columns", scan->catalog.table,
			BEHIND_PARTS_MAX);
	scan->keys = keys;
	scan->by_key = true;
	scan->first = 1;
	for (size_t i = 0; i < BEHIND_PARTS_MAX; i++)
		buffer_init(&scan->last[i], SQL_MAX);
	return put_key_page(scan, error);
}

/* Behind the last key of the page before. */
static int turn_key_page(struct scan *scan, struct error *error)
{
	unsigned number = 1;

	if (!scan->behind)
		return 0;
	statement_close(&scan->page);
	if (put_key_page(scan, error) || statement_open(&scan->page, scan->session, "reading keys", buffer_text(&scan->sql), error))
		return -1;
	return behind_bind(&scan->page, &number, scan->last, scan->keys->field_count, error);
}

/* A page that is not full was the last one. */
static void turn_over(struct scan *scan)
{
	scan->ended = scan->from < SCAN_PAGE;
	scan->from = 0;
	scan->behind = true;
}

/* The columns stand there once more for that: none can be read twice. */
static int note_key(struct scan *scan, struct error *error)
{
	for (size_t i = 0; i < scan->keys->field_count; i++) {
		struct text text;

		if (statement_text(&scan->page, (unsigned)(scan->keys->field_count + i + 1), &text, error))
			return -1;
		buffer_clear(&scan->last[i]);
		if (buffer_append(&scan->last[i], text.data ? text.data : "", text.length, error))
			return -1;
	}
	return 0;
}

/* Pages by the number of the row, which every ordinary table has and no column hides; others are counted through. */
static int open_pages(struct scan *scan, const struct schema *keys, struct error *error)
{
	static const char *const aliases[] = { "rowid", "_rowid_", "oid" };
	const struct dialect *dialect = scan->session->dialect;
	struct buffer *sql = &scan->sql;
	const char *alias = NULL;

	for (size_t i = 0; scan->catalog.has_rowid && !alias && i < sizeof aliases / sizeof *aliases; i++)
		if (!catalog_find(&scan->catalog, dialect, aliases[i]))
			alias = aliases[i];
	scan->first = alias ? 2 : 1;
	scan->from = alias ? INT64_MIN : 0;
	if (buffer_puts(sql, alias || is_unique(scan, keys) ? "SELECT " : "SELECT DISTINCT ", error) ||
	    (alias && buffer_printf(sql, error, "%s, ", alias)) || put_columns(scan, keys, false, sql, error) ||
	    put_from(scan, keys, sql, error))
		return -1;
	if (alias)
		return buffer_printf(sql, error, " AND %s >= ? ORDER BY 1 LIMIT %d", alias, SCAN_PAGE);
	for (size_t i = 0; i < keys->field_count; i++)
		if (buffer_printf(sql, error, "%s%zu", i ? ", " : " ORDER BY ", i + 1))
			return -1;
	return buffer_printf(sql, error, " LIMIT %d OFFSET ?", SCAN_PAGE);
}

void scan_close(struct scan *scan)
{
	struct error ignored = ERROR_INIT;

	if (!scan->session)
		return;
	statement_close(&scan->page);
	if (scan->own_transaction)
		session_rollback(scan->session); /* it has only read */
	else if (scan->cursor && !scan->session->broken && !scan->session->lost &&
		 session_execute(scan->session, "CLOSE penstock_keys", &ignored))
		error_clear(&ignored); /* the transaction is broken now, and whoever uses it next says so */
	catalog_fini(&scan->catalog);
	buffer_fini(&scan->sql);
	for (size_t i = 0; scan->by_key && i < BEHIND_PARTS_MAX; i++)
		buffer_fini(&scan->last[i]);
	memset(scan, 0, sizeof *scan);
}

int scan_open(struct scan *scan, struct session *session, struct catalog *table, const struct schema *keys, struct error *error)
{
	int result;

	memset(scan, 0, sizeof *scan);
	scan->catalog = *table;
	memset(table, 0, sizeof *table);
	scan->session = session;
	buffer_init(&scan->sql, SQL_MAX);
	scan->ended = !scan->catalog.exists;
	if (scan->ended)
		return 0;
	result = session->dialect->has_cursors ? open_cursor(scan, keys, error)
		: session->dialect->ordered    ? open_key_pages(scan, keys, error)
					       : open_pages(scan, keys, error);
	if (result == 0)
		result = statement_open(&scan->page, session, "reading keys", buffer_text(&scan->sql), error);
	if (result)
		scan_close(scan);
	return result;
}

static int open_page(struct scan *scan, struct error *error)
{
	if (scan->by_key ? turn_key_page(scan, error)
			 : !scan->session->dialect->has_cursors && statement_bind_integer(&scan->page, 1, scan->from, error))
		return -1;
	if (statement_execute(&scan->page, NULL, NULL, error))
		return -1;
	scan->page_open = true;
	return 0;
}

static int note_place(struct scan *scan, struct error *error)
{
	if (scan->first == 1) {
		scan->from++;
		return 0;
	}
	if (statement_integer(&scan->page, 1, &scan->from, NULL, error))
		return -1;
	scan->ended = scan->from == INT64_MAX;
	scan->from += !scan->ended;
	return 0;
}

int scan_read(struct scan *scan, struct batch *out, struct error *error)
{
	size_t in_page = scan->page_open;

	while (!scan->ended && !batch_is_full(out)) {
		int row;

		if (!scan->page_open) {
			if (cancel_requested(scan->session->cancel))
				return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
			if (open_page(scan, error))
				return -1;
			in_page = 0;
		}
		row = statement_fetch(&scan->page, error);
		if (row < 0)
			return -1;
		if (row == 0) {
			scan->page_open = false;
			if (scan->by_key)
				turn_over(scan);
			else
				scan->ended = in_page == 0;
			continue;
		}
		in_page++;
		if ((!scan->by_key && note_place(scan, error)) || reading_row(&scan->page, scan->first, out, error) < 0 ||
		    (scan->by_key && ++scan->from == SCAN_PAGE && note_key(scan, error)))
			return -1;
	}
	return 0;
}

/* capture.c - rows of SQLite straight into a batch.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/capture.h"
#include "engine/core/cell.h"
#include "engine/core/typed.h"
#include "engine/core/utf8.h"

enum { CANCEL_ROWS = 1024 };

/* Which capture the connection belongs to that this thread is opening. */
static _Thread_local struct capture *connecting;

static bool hold_bytes(struct held *held, const void *bytes, size_t length)
{
	if (length >= held->size) {
		char *grown = realloc(held->bytes, length + 1);

		if (!grown)
			return false;
		held->bytes = grown;
		held->size = length + 1;
	}
	if (length)
		memcpy(held->bytes, bytes, length);
	held->bytes[length] = '\0';
	held->length = length;
	return true;
}

static bool hold(struct held *held, sqlite3_value *value)
{
	held->type = sqlite3_value_type(value);
	switch (held->type) {
	case SQLITE_INTEGER:
		held->integer = sqlite3_value_int64(value);
		return true;
	case SQLITE_FLOAT:
		held->real = sqlite3_value_double(value);
		return true;
	case SQLITE_TEXT: {
		const void *text = sqlite3_value_text(value);

		return text && hold_bytes(held, text, (size_t)sqlite3_value_bytes(value));
	}
	case SQLITE_BLOB: {
		const void *blob = sqlite3_value_blob(value);

		return hold_bytes(held, blob, (size_t)sqlite3_value_bytes(value));
	}
	default:
		return true;
	}
}

void held_fini(struct held *held)
{
	free(held->bytes);
	*held = (struct held){ .type = 0 };
}

static int fail(struct capture *capture, sqlite3_context *context)
{
	capture->stopped = true;
	sqlite3_result_error(context, "stopped", -1);
	return -1;
}

static int take_value(struct capture *capture, size_t column, uint32_t row, sqlite3_value *value)
{
	struct batch *batch = capture->batch;
	uint64_t most = capture->limits->field;

	switch (sqlite3_value_type(value)) {
	case SQLITE_NULL:
		typed_null(batch, column, row);
		return 0;
	case SQLITE_INTEGER:
		if (batch->columns[column].field->type != VALUE_INTEGER)
			return cell_integer(batch, column, row, sqlite3_value_int64(value), capture->error);
		typed_integer(batch, column, row, sqlite3_value_int64(value));
		return 0;
	case SQLITE_FLOAT:
		return cell_real(batch, column, row, sqlite3_value_double(value), capture->error);
	case SQLITE_TEXT: {
		const char *text = (const char *)sqlite3_value_text(value);

		if (!text)
			return error_memory(capture->error, "a text of the database");
		return cell_text(batch, column, row, (struct text){ text, (size_t)sqlite3_value_bytes(value) }, most, capture->error);
	}
	default: {
		const char *blob = sqlite3_value_blob(value);

		return cell_blob(batch, column, row, (struct text){ blob ? blob : "", (size_t)sqlite3_value_bytes(value) }, most,
			capture->error);
	}
	}
}

static int check_size(struct capture *capture, uint32_t row, size_t used)
{
	if (capture->batch->arena.used - used <= capture->limits->record)
		return 0;
	return batch_fault(capture->batch, row, FAULT_RECORD, SCHEMA_NO_FIELD, capture->error,
		"the record has more bytes than limits.record (%" PRIu64 ")", capture->limits->record);
}

static int take_row(struct capture *capture, sqlite3_value **values)
{
	struct batch *batch = capture->batch;
	uint32_t row = batch_add_row(batch);
	size_t used = batch->arena.used;

	batch->origins[row].record_no = ++*capture->records;
	for (size_t i = 0; !capture->complete && i < batch->schema->field_count; i++)
		batch->columns[i].cells[row] = CELL_NULL;
	for (size_t i = 0; i < capture->count; i++)
		if (capture->fields[i] != SCHEMA_NO_FIELD && take_value(capture, capture->fields[i], row, values[i]))
			return -1;
	if (capture->ascending) {
		int64_t number = sqlite3_value_int64(values[capture->key[0]]);

		if (capture->last[0].type && number <= capture->last[0].integer)
			return error_set(capture->error, ERROR_SOURCE, NULL, "SQLite gave rows out of the order of their numbers");
		capture->last[0].type = SQLITE_INTEGER;
		capture->last[0].integer = number;
		return check_size(capture, row, used);
	}
	for (size_t i = 0; i < capture->key_count; i++)
		if (!hold(&capture->last[i], values[capture->key[i]]))
			return error_memory(capture->error, "a key");
	return check_size(capture, row, used);
}

static void step(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct capture *capture = sqlite3_user_data(context);

	/* Anybody could write the function's name into a query. */
	if (!capture->batch || (size_t)count != capture->count) {
		sqlite3_result_error(context, "this function is for reading tables alone", -1);
		return;
	}
	if (capture->stopped)
		return;
	if (batch_is_full(capture->batch)) {
		fail(capture, context);
		return;
	}
	if (capture->rows++ % CANCEL_ROWS == 0 && cancel_requested(capture->cancel)) {
		error_set(capture->error, ERROR_CANCELLED, NULL, "cancelled");
		fail(capture, context);
		return;
	}
	if (take_row(capture, values))
		fail(capture, context);
}

static void finish(sqlite3_context *context)
{
	sqlite3_result_int(context, 1);
}

static void row(sqlite3_context *context, int count, sqlite3_value **values)
{
	sqlite3_result_int(context, 1);
	step(context, count, values);
}

static void key(sqlite3_context *context, int count, sqlite3_value **values)
{
	const struct capture *capture = sqlite3_user_data(context);
	sqlite3_int64 index = sqlite3_value_int64(values[0]);
	const struct held *held;

	(void)count;
	if (!capture->batch || index < 0 || (size_t)index >= capture->key_count)
		return; /* null */
	held = &capture->from[index];
	switch (held->type) {
	case SQLITE_INTEGER:
		sqlite3_result_int64(context, held->integer);
		break;
	case SQLITE_FLOAT:
		sqlite3_result_double(context, held->real);
		break;
	case SQLITE_TEXT:
		sqlite3_result_text64(context, held->bytes, held->length, SQLITE_TRANSIENT, SQLITE_UTF8);
		break;
	case SQLITE_BLOB:
		if (held->length)
			sqlite3_result_blob64(context, held->bytes, held->length, SQLITE_TRANSIENT);
		else
			sqlite3_result_zeroblob(context, 0);
		break;
	default:
		break;
	}
}

static void value(sqlite3_context *context, int count, sqlite3_value **values)
{
	const struct capture *capture = sqlite3_user_data(context);
	sqlite3_int64 number = sqlite3_value_int64(values[0]);
	const struct option_parameter *parameter;

	(void)count;
	if (number < 1 || (uint64_t)number > capture->value_count) {
		sqlite3_result_error(context, "this function is for the parameters of a query alone", -1);
		return;
	}
	parameter = &capture->values[number - 1];
	switch (parameter->type) {
	case VALUE_INTEGER:
		sqlite3_result_int64(context, strtoll(parameter->value, NULL, 10));
		break;
	case VALUE_BOOLEAN:
		sqlite3_result_int(context, strcmp(parameter->value, "true") == 0);
		break;
	case VALUE_DOUBLE:
		sqlite3_result_double(context, strtod(parameter->value, NULL));
		break;
	default:
		/* Borrowed longer than the statement runs. */
		sqlite3_result_text64(context, parameter->value, strlen(parameter->value), SQLITE_STATIC, SQLITE_UTF8);
		break;
	}
}

static int on_connect(sqlite3 *db, const char **message, const struct sqlite3_api_routines *api)
{
	struct capture *capture = connecting;
	/* Their answers do not change while one statement runs. */
	const int constant = SQLITE_UTF8 | SQLITE_DETERMINISTIC;

	(void)message;
	(void)api;
	if (!capture)
		return SQLITE_OK;
	if (sqlite3_create_function_v2(db, "penstock_capture", -1, SQLITE_UTF8, capture, NULL, step, finish, NULL) == SQLITE_OK &&
	    sqlite3_create_function_v2(db, "penstock_row", -1, SQLITE_UTF8, capture, row, NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_create_function_v2(db, "penstock_key", 1, constant, capture, key, NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_create_function_v2(db, "penstock_value", 1, constant, capture, value, NULL, NULL, NULL) == SQLITE_OK)
		capture->db = db;
	return SQLITE_OK; /* without them rows come another way */
}

void capture_begin_connect(struct capture *capture)
{
	/* The library keeps a list without doubles, under its own lock. */
	union {
		int (*in)(sqlite3 *, const char **, const struct sqlite3_api_routines *);
		void (*out)(void);
	} entry = { .in = on_connect };

	connecting = sqlite3_auto_extension(entry.out) == SQLITE_OK ? capture : NULL;
}

void capture_end_connect(void)
{
	connecting = NULL;
}

size_t capture_arguments_max(const struct capture *capture)
{
	int most = capture->db ? sqlite3_limit(capture->db, SQLITE_LIMIT_FUNCTION_ARG, -1) : 0;

	return most > 0 ? (size_t)most : 0;
}

bool capture_is_binary(const struct capture *capture, const char *schema, const char *table, const char *column)
{
	const char *collation = NULL;

	return capture->db &&
		sqlite3_table_column_metadata(capture->db, schema, table, column, NULL, &collation, NULL, NULL, NULL) == SQLITE_OK &&
		collation && sqlite3_stricmp(collation, "BINARY") == 0;
}

void capture_turn(struct capture *capture)
{
	for (size_t i = 0; i < capture->key_count; i++) {
		struct held held = capture->from[i];

		capture->from[i] = capture->last[i];
		capture->last[i] = held;
	}
	capture->rows = 0;
	capture->stopped = false;
}

static int print_hexadecimal(const struct held *held, char letter, struct buffer *out, struct error *error)
{
	if (buffer_append(out, &letter, 1, error))
		return -1;
	for (size_t i = 0; i < held->length; i++)
		if (buffer_printf(out, error, "%02X", (unsigned)(unsigned char)held->bytes[i]))
			return -1;
	return 0;
}

int held_print(const struct held *held, struct buffer *out, struct error *error)
{
	switch (held->type) {
	case SQLITE_INTEGER:
		return buffer_printf(out, error, "i%" PRId64, held->integer);
	case SQLITE_FLOAT:
		return buffer_printf(out, error, "r%.17g", held->real);
	case SQLITE_TEXT:
		if (utf8_find_bad(held->bytes, held->length, 0) < held->length)
			return print_hexadecimal(held, 'x', out, error);
		return buffer_append(out, "t", 1, error) || buffer_append(out, held->bytes, held->length, error) ? -1 : 0;
	default:
		return print_hexadecimal(held, 'b', out, error);
	}
}

static bool parse_hexadecimal(struct held *held, const char *text, size_t length)
{
	if (length % 2 || !hold_bytes(held, text, length))
		return false;
	for (size_t i = 0; i < length; i += 2) {
		char pair[3] = { text[i], text[i + 1], '\0' }, *end;

		held->bytes[i / 2] = (char)strtoul(pair, &end, 16);
		if (*end)
			return false;
	}
	held->length = length / 2;
	held->bytes[held->length] = '\0';
	return true;
}

bool held_parse(struct held *held, const char *text, size_t length)
{
	char *end;

	if (!length)
		return false;
	switch (text[0]) {
	case 'i':
		held->type = SQLITE_INTEGER;
		errno = 0;
		held->integer = strtoll(text + 1, &end, 10);
		return !errno && end == text + length && length > 1;
	case 'r':
		held->type = SQLITE_FLOAT;
		held->real = strtod(text + 1, &end);
		return end == text + length && length > 1;
	case 't':
		held->type = SQLITE_TEXT;
		return hold_bytes(held, text + 1, length - 1);
	case 'x':
	case 'b':
		held->type = text[0] == 'x' ? SQLITE_TEXT : SQLITE_BLOB;
		return parse_hexadecimal(held, text + 1, length - 1);
	default:
		return false;
	}
}

/* cell.c - values into cells: a short way for each pair of types that is common, and one for all others.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/cell.h"

#include <math.h>

#include "engine/core/utf8.h"

void cell_writer_init(struct cell_writer *writer, const struct limits *limits)
{
	*writer = (struct cell_writer){ .field_limit = limits->field, .record_limit = limits->record, .long_column = SCHEMA_NO_FIELD };
	nested_init(&writer->nested, (size_t)limits->field);
	buffer_init(&writer->scratch, (size_t)limits->field + 1);
}

void cell_writer_fini(struct cell_writer *writer)
{
	nested_fini(&writer->nested);
	buffer_fini(&writer->scratch);
}

/* ---- what is wrong ---- */

/* True where the value may not be kept: the row will not be, either. */
static bool is_too_long(struct cell_writer *writer, size_t column, size_t length)
{
	if (length > writer->field_limit && writer->long_column == SCHEMA_NO_FIELD) {
		writer->long_column = column;
		writer->long_bytes = length;
	}
	writer->stored += length;
	return length > writer->field_limit || writer->stored > writer->record_limit;
}

static int bad_text(struct cell_writer *writer, size_t column, uint32_t row, const char *shown, struct error *error)
{
	return typed_bad(writer->batch, column, row, (struct text){ shown, strlen(shown) }, error);
}

static int bad_bytes(struct cell_writer *writer, size_t column, uint32_t row, struct text bytes, size_t at, struct error *error)
{
	struct column *to = &writer->batch->columns[column];
	to->cells[row] = CELL_BAD;
	/* For whoever reads the reject. */
	if (batch_store(writer->batch, bytes.data, bytes.length, &to->texts[row], error) < 0)
		return -1;
	if (bytes.data[at] == '\0')
		return batch_fault(writer->batch, row, FAULT_ENCODING, column, error, "a NUL at byte %zu of the value", at);
	return batch_fault(writer->batch, row, FAULT_ENCODING, column, error, "no UTF-8: 0x%02X at byte %zu of the value",
		(unsigned)(unsigned char)bytes.data[at], at);
}

/* ---- texts ---- */

static int put_string(struct cell_writer *writer, size_t column, uint32_t row, struct text text, struct error *error)
{
	if (is_too_long(writer, column, text.length))
		return 0;
	size_t at = utf8_find_bad(text.data, text.length, 0);
	return at < text.length ? bad_bytes(writer, column, row, text, at, error) : typed_bytes(writer->batch, column, row, text, error);
}

static int put_bytes(struct cell_writer *writer, size_t column, uint32_t row, struct text bytes, struct error *error)
{
	return is_too_long(writer, column, bytes.length) ? 0 : typed_bytes(writer->batch, column, row, bytes, error);
}

/* A text that must be one of a value of the column's type. */
static int put_text(struct cell_writer *writer, size_t column, uint32_t row, struct text text, struct error *error)
{
	bool valid = false;
	if (is_too_long(writer, column, text.length))
		return 0;
	size_t at = utf8_find_bad(text.data, text.length, 0);
	if (at < text.length)
		return bad_bytes(writer, column, row, text, at, error);
	buffer_clear(&writer->scratch);
	if (buffer_append(&writer->scratch, text.data, text.length, error) < 0 ||
	    typed_read(writer->batch, column, row, (struct text){ writer->scratch.data, text.length }, &valid, error) < 0)
		return -1;
	return valid ? 0 : typed_bad(writer->batch, column, row, text, error);
}

/* ---- the short ways ---- */

static int take_boolean(struct cell_writer *writer, const struct avro_type *type, size_t column, uint32_t row, struct error *error)
{
	int64_t value;
	(void)type;
	if (wire_boolean(&writer->wire, &value, error) < 0)
		return -1;
	typed_integer(writer->batch, column, row, value);
	return 0;
}

static int take_integer(struct cell_writer *writer, const struct avro_type *type, size_t column, uint32_t row, struct error *error)
{
	int64_t value;
	if ((type->kind == KIND_LONG ? wire_long(&writer->wire, &value, error) : wire_int(&writer->wire, &value, error)) < 0)
		return -1;
	typed_integer(writer->batch, column, row, value);
	return 0;
}

static int bad_number(struct cell_writer *writer, size_t column, uint32_t row, int64_t value, struct error *error)
{
	char text[VALUE_TEXT_MAX];
	value_format_integer(value, text);
	return bad_text(writer, column, row, text, error);
}

static int take_date(struct cell_writer *writer, const struct avro_type *type, size_t column, uint32_t row, struct error *error)
{
	int64_t days;
	(void)type;
	if (wire_int(&writer->wire, &days, error) < 0)
		return -1;
	if (!scalar_date(days))
		return bad_number(writer, column, row, days, error);
	typed_integer(writer->batch, column, row, days);
	return 0;
}

static int take_time(struct cell_writer *writer, const struct avro_type *type, size_t column, uint32_t row, struct error *error)
{
	int64_t value, micros;
	if ((type->kind == KIND_LONG ? wire_long(&writer->wire, &value, error) : wire_int(&writer->wire, &value, error)) < 0)
		return -1;
	if (!scalar_time(type->logical, value, &micros))
		return bad_number(writer, column, row, value, error);
	typed_integer(writer->batch, column, row, micros);
	return 0;
}

static int take_timestamp(struct cell_writer *writer, const struct avro_type *type, size_t column, uint32_t row, struct error *error)
{
	int64_t value, micros;
	if (wire_long(&writer->wire, &value, error) < 0)
		return -1;
	if (!scalar_timestamp(type->logical, value, &micros))
		return bad_number(writer, column, row, value, error);
	typed_integer(writer->batch, column, row, micros);
	return 0;
}

static int take_double(struct cell_writer *writer, const struct avro_type *type, size_t column, uint32_t row, struct error *error)
{
	double value;
	if ((type->kind == KIND_FLOAT ? wire_float(&writer->wire, &value, error) : wire_double(&writer->wire, &value, error)) < 0)
		return -1;
	if (!isfinite(value))
		return bad_text(writer, column, row, isnan(value) ? "NaN" : value < 0 ? "-INF" : "INF", error);
	writer->batch->columns[column].doubles[row] = value + 0.0; /* -0 is 0 */
	writer->batch->columns[column].cells[row] = CELL_VALUE;
	return 0;
}

static int take_string(struct cell_writer *writer, const struct avro_type *type, size_t column, uint32_t row, struct error *error)
{
	struct text text;
	(void)type;
	if (wire_bytes(&writer->wire, &text, error) < 0)
		return -1;
	return put_string(writer, column, row, text, error);
}

static int take_text(struct cell_writer *writer, const struct avro_type *type, size_t column, uint32_t row, struct error *error)
{
	struct text text;
	(void)type;
	if (wire_bytes(&writer->wire, &text, error) < 0)
		return -1;
	return put_text(writer, column, row, text, error);
}

static int take_bytes(struct cell_writer *writer, const struct avro_type *type, size_t column, uint32_t row, struct error *error)
{
	struct text bytes;
	if ((type->kind == KIND_FIXED ? wire_fixed(&writer->wire, type->size, &bytes, error) : wire_bytes(&writer->wire, &bytes, error)) < 0)
		return -1;
	return put_bytes(writer, column, row, bytes, error);
}

/* ---- the way for all ---- */

static int put_decimal(struct cell_writer *writer, const struct scalar *scalar, size_t column, uint32_t row, struct error *error)
{
	struct column *to = &writer->batch->columns[column];
	unsigned precision = to->field->type == VALUE_DECIMAL ? to->field->precision : DECIMAL_PRECISION_MAX;
	unsigned scale = to->field->type == VALUE_DECIMAL ? to->field->scale : 0;
	char out[SCALAR_TEXT_MAX];
	decimal_t value;
	bool fits = avro_decimal_read(scalar->bytes, &value) ? avro_decimal_rescale(value, scalar->type->scale, precision, scale, &value)
							     : false;
	struct text text = { out, 0 };
	if (!fits) {
		text = scalar_text(scalar, out);
		fits = text.length > 0 && value_parse_decimal(text.data, text.length, precision, scale, &value);
	}
	if (fits && to->field->type == VALUE_INTEGER) {
		fits = value >= INT64_MIN && value <= INT64_MAX;
		if (fits)
			typed_integer(writer->batch, column, row, (int64_t)value);
	} else if (fits) {
		to->decimals[row] = value;
		to->cells[row] = CELL_VALUE;
	}
	if (fits)
		return 0;
	text = scalar_text(scalar, out);
	return text.length > 0 ? typed_bad(writer->batch, column, row, text, error)
			       : bad_text(writer, column, row, "a decimal that is too long", error);
}

static int put_integer(struct cell_writer *writer, int64_t value, size_t column, uint32_t row, struct error *error)
{
	struct column *to = &writer->batch->columns[column];
	bool fits = true;
	if (to->field->type == VALUE_DOUBLE)
		fits = scalar_exact_double(value, &to->doubles[row]);
	else if (to->field->type == VALUE_DECIMAL)
		fits = avro_decimal_rescale(value, 0, to->field->precision, to->field->scale, &to->decimals[row]);
	else if (to->field->type == VALUE_BOOLEAN)
		fits = value == 0 || value == 1;
	else if (to->field->type == VALUE_YEAR)
		fits = value >= 1 && value <= 9999;
	if (!fits)
		return bad_number(writer, column, row, value, error);
	if (value_storage(to->field->type) == STORAGE_INTEGER)
		to->integers[row] = value;
	to->cells[row] = CELL_VALUE;
	return 0;
}

static int put_double(struct cell_writer *writer, const struct scalar *scalar, size_t column, uint32_t row, struct error *error)
{
	struct column *to = &writer->batch->columns[column];
	double value = scalar->number;
	char out[SCALAR_TEXT_MAX];
	if (to->field->type == VALUE_DOUBLE) {
		to->doubles[row] = value;
		to->cells[row] = CELL_VALUE;
		return 0;
	}
	if (to->field->type == VALUE_INTEGER) {
		if (value < -0x1p63 || value >= 0x1p63 || value != trunc(value))
			return typed_bad(writer->batch, column, row, scalar_text(scalar, out), error);
		typed_integer(writer->batch, column, row, (int64_t)value);
		return 0;
	}
	return put_text(writer, column, row, scalar_text(scalar, out), error);
}

/* A value of a class that fits the column's type. */
static int put_scalar(struct cell_writer *writer, const struct scalar *scalar, size_t column, uint32_t row, struct error *error)
{
	enum value_type type = writer->batch->columns[column].field->type;
	char out[SCALAR_TEXT_MAX];
	if (scalar->bad)
		return typed_bad(writer->batch, column, row, scalar_text(scalar, out), error);
	if (type == VALUE_BINARY)
		return put_bytes(writer, column, row, scalar->bytes, error);
	if (type == VALUE_STRING) {
		struct text text = scalar_text(scalar, out);
		if (scalar->class == CLASS_DECIMAL && text.length == 0)
			return bad_text(writer, column, row, "a decimal that is too long", error);
		return put_string(writer, column, row, text, error);
	}
	switch (scalar->class) {
	case CLASS_BOOLEAN:
	case CLASS_INTEGER:
		return put_integer(writer, scalar->integer, column, row, error);
	case CLASS_DATE:
	case CLASS_TIME:
	case CLASS_DATETIME:
		typed_integer(writer->batch, column, row, scalar->integer);
		return 0;
	case CLASS_DOUBLE:
		return put_double(writer, scalar, column, row, error);
	case CLASS_DECIMAL:
		if (type == VALUE_DECIMAL || type == VALUE_INTEGER)
			return put_decimal(writer, scalar, column, row, error);
		break;
	default:
		break;
	}
	return put_text(writer, column, row, scalar_text(scalar, out), error);
}

static int take_scalar(struct cell_writer *writer, const struct avro_type *type, size_t column, uint32_t row, struct error *error)
{
	struct scalar scalar;
	if (scalar_read(&writer->wire, type, &scalar, error) < 0)
		return -1;
	return put_scalar(writer, &scalar, column, row, error);
}

static int take_null(struct cell_writer *writer, const struct avro_type *type, size_t column, uint32_t row, struct error *error)
{
	(void)type;
	(void)error;
	typed_null(writer->batch, column, row);
	return 0;
}

/* Any value as JSON. */
static int take_json(struct cell_writer *writer, const struct avro_type *type, size_t column, uint32_t row, struct error *error)
{
	struct nested *nested = &writer->nested;
	struct text raw = { writer->wire.at, 0 };
	if (nested_json(nested, &writer->wire, type, error) < 0)
		return -1;
	raw.length = (size_t)(writer->wire.at - raw.data);
	if (nested->too_long) {
		if (!is_too_long(writer, column, raw.length) && writer->long_column == SCHEMA_NO_FIELD) {
			writer->long_column = column;
			writer->long_bytes = (size_t)writer->field_limit;
		}
		return 0;
	}
	struct text text = { nested->out.data, nested->out.length };
	if (nested->no_text) {
		writer->batch->columns[column].cells[row] = CELL_BAD;
		return batch_fault(writer->batch, row, FAULT_ENCODING, column, error, "a text in it is no UTF-8 or has a NUL");
	}
	if (nested->bad)
		return bad_text(writer, column, row, nested->shown, error);
	return put_bytes(writer, column, row, text, error);
}

/* The value of a wider union, of whichever branch it is. */
static int take_union(struct cell_writer *writer, const struct avro_type *type, size_t column, uint32_t row, struct error *error)
{
	size_t index;
	enum value_type to = writer->batch->columns[column].field->type;
	if (wire_index(&writer->wire, type->count, "branch", &index, error) < 0)
		return -1;
	const struct avro_type *branch = type->branches[index];
	if (branch->kind == KIND_NULL)
		return take_null(writer, branch, column, row, error);
	if (to == VALUE_JSON) /* a text among others is itself, not JSON */
		return take_json(writer, branch, column, row, error);
	if (scalar_fits(scalar_class_of(branch), to))
		return cell_taker_for(branch, to)(writer, branch, column, row, error);
	if (nested_skip(&writer->wire, branch, error) < 0)
		return -1;
	buffer_clear(&writer->scratch);
	if (avro_describe(branch, &writer->scratch, error) < 0)
		return -1;
	return typed_bad(writer->batch, column, row, (struct text){ writer->scratch.data, writer->scratch.length }, error);
}

cell_taker *cell_taker_for(const struct avro_type *type, enum value_type column)
{
	enum scalar_class class = scalar_class_of(type);
	if (type->kind == KIND_UNION)
		return take_union;
	if (class == CLASS_NULL)
		return take_null;
	if (class == CLASS_NESTED || (column == VALUE_JSON && (type->kind != KIND_STRING || class != CLASS_STRING)))
		return take_json;
	if (class == CLASS_BOOLEAN && column == VALUE_BOOLEAN)
		return take_boolean;
	if (class == CLASS_INTEGER && column == VALUE_INTEGER)
		return take_integer;
	if (class == CLASS_DOUBLE && column == VALUE_DOUBLE)
		return take_double;
	if (class == CLASS_DATE && column == VALUE_DATE)
		return take_date;
	if (class == CLASS_TIME && column == VALUE_TIME)
		return take_time;
	if (class == CLASS_DATETIME && column == VALUE_DATETIME)
		return take_timestamp;
	if (class == CLASS_BYTES && column == VALUE_BINARY)
		return take_bytes;
	if (type->kind == KIND_STRING && column == VALUE_STRING)
		return take_string;
	if (type->kind == KIND_STRING && column != VALUE_BINARY)
		return take_text;
	return take_scalar;
}

/* reject.c - from a row and its violations to what a person can read and a database can keep.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/reject.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/utf8.h"

static const char MASK[] = "***";
static const char WITHHELD[] = "was refused by the database (its words are withheld: the table has sensitive fields)";

/* Appends bytes as text that any database takes: what is no UTF-8, and NUL, as \xHH. */
static int append_text(struct buffer *out, const char *data, size_t length, struct error *error)
{
	size_t at = 0, begin = 0;
	while (at < length) {
		size_t size = data[at] == '\0' ? 0 : utf8_character(data + at, length - at);
		if (size > 0) {
			at += size;
			continue;
		}
		if (buffer_append(out, data + begin, at - begin, error) < 0 ||
			buffer_printf(out, error, "\\x%02X", (unsigned)(unsigned char)data[at]) < 0)
			return -1;
		begin = ++at;
	}
	return buffer_append(out, data + begin, at - begin, error);
}

static bool has_sensitive(const struct schema *schema)
{
	for (size_t i = 0; i < schema->field_count; i++)
		if (schema->fields[i].sensitive)
			return true;
	return false;
}

/* What the source had in a cell, or the canonical text of its value where the source has no texts. */
static struct text column_text(const struct batch *batch, const struct column *column, uint32_t row, char *out)
{
	struct span text = column->texts[row];
	if (text.length > 0 || column->cells[row] != CELL_VALUE)
		return (struct text){ text.length > 0 ? batch_bytes(batch, text) : "", text.length };
	return batch_column_text(batch, column, row, out);
}

static struct text cell_text(const struct batch *batch, size_t field, uint32_t row, char *out)
{
	return column_text(batch, &batch->columns[field], row, out);
}

/* A column of the source whose value must not be shown. Behind a transform nobody knows what becomes of a column, so that those are shown alone
 * that have the name of a field that is not sensitive. */
static bool is_hidden(const struct batch *batch, const struct field *column)
{
	if (!batch->given.schema)
		return column->sensitive;
	size_t field = schema_find(batch->schema, column->name);
	return column->sensitive || field == SCHEMA_NO_FIELD || batch->schema->fields[field].sensitive;
}

/* The cells again, as CSV, with the sensitive ones masked: for tables that have some, and sources without a text. */
static int append_cells(struct buffer *out, const struct batch *batch, const struct batch_side *record, uint32_t row, bool hide,
	struct error *error)
{
	const struct schema *schema = record->schema;
	for (size_t i = 0; i < schema->field_count; i++) {
		char typed[VALUE_TEXT_MAX];
		if (record->columns[i].cells[row] == CELL_ABSENT)
			break;
		struct text text = column_text(batch, &record->columns[i], row, typed);
		if (hide && is_hidden(batch, &schema->fields[i]) && text.length > 0)
			text = (struct text){ MASK, strlen(MASK) };
		bool quoted = memchr(text.data, ',', text.length) || memchr(text.data, '"', text.length) ||
			memchr(text.data, '\n', text.length) || memchr(text.data, '\r', text.length);
		if ((i > 0 && buffer_puts(out, ",", error) < 0) || (quoted && buffer_puts(out, "\"", error) < 0))
			return -1;
		for (size_t begin = 0; begin < text.length;) {
			const char *quote = memchr(text.data + begin, '"', text.length - begin);
			size_t end = quote ? (size_t)(quote - text.data) + 1 : text.length;
			if (append_text(out, text.data + begin, end - begin, error) < 0 || (quote && buffer_puts(out, "\"", error) < 0))
				return -1;
			begin = end;
		}
		if (quoted && buffer_puts(out, "\"", error) < 0)
			return -1;
	}
	return 0;
}

static int append_record(struct buffer *out, const struct batch *batch, uint32_t row, struct error *error)
{
	size_t begin = out->length;
	struct span text = batch->origins[row].text;
	const struct batch_side record = batch->given.schema ? batch->given : (struct batch_side){ batch->schema, batch->columns };
	if (has_sensitive(batch->schema)) {
		if (record.schema->field_count > 0 && record.columns[0].cells[row] == CELL_ABSENT)
			return buffer_puts(out, text.length > 0 ? MASK : "", error); /* cells unknown: nothing can be shown */
		if (append_cells(out, batch, &record, row, true, error) < 0)
			return -1;
	} else if (text.length > 0) {
		/* Each byte may become four, so that cutting first bounds the work. */
		size_t length = text.length < REJECT_RECORD_MAX ? text.length : REJECT_RECORD_MAX;
		if (append_text(out, batch_bytes(batch, text), length, error) < 0)
			return -1;
	} else if (append_cells(out, batch, &record, row, false, error) < 0) {
		return -1;
	}
	out->length = begin + utf8_cut(out->data + begin, out->length - begin, REJECT_RECORD_MAX);
	out->data[out->length] = '\0';
	return 0;
}

/* The value that a violation speaks of, capped; several as "a, b". */
static int append_value(struct buffer *out, const struct batch *batch, const struct violation *violation,
	const struct key *fields, bool *truncated, struct error *error)
{
	size_t begin = out->length;
	*truncated = false;
	for (size_t i = 0; i < fields->count; i++) {
		char typed[VALUE_TEXT_MAX];
		size_t field = fields->fields[i];
		if (i > 0 && buffer_puts(out, ", ", error) < 0)
			return -1;
		struct text text = cell_text(batch, field, violation->row, typed);
		if (batch->schema->fields[field].sensitive && text.length > 0)
			text = (struct text){ MASK, strlen(MASK) };
		size_t length = text.length < 2 * REJECT_VALUE_MAX ? text.length : 2 * REJECT_VALUE_MAX;
		if (append_text(out, text.data, length, error) < 0)
			return -1;
		*truncated = *truncated || length < text.length;
	}
	size_t length = out->length - begin;
	size_t kept = utf8_cut(out->data ? out->data + begin : "", length, REJECT_VALUE_MAX);
	if (kept < length) {
		*truncated = true;
		out->length = begin + kept;
		out->data[out->length] = '\0';
	}
	return 0;
}

/* Indexes of the fields "a+b" that a rule names; names with a plus in them are told apart by the schema. */
static int fields_of(const struct schema *schema, const struct rule *rule, struct key *out, struct error *error)
{
	*out = (struct key){ 0 };
	if (rule->first_field == SCHEMA_NO_FIELD)
		return 0;
	out->fields = malloc((schema->field_count ? schema->field_count : 1) * sizeof *out->fields);
	if (!out->fields)
		return error_memory(error, "a reject");
	if (rule->field != SCHEMA_NO_FIELD) {
		out->fields[out->count++] = rule->field;
		return 0;
	}
	const char *at = rule->fields;
	while (*at && out->count < schema->field_count) {
		size_t best = SCHEMA_NO_FIELD, best_length = 0;
		for (size_t i = 0; i < schema->field_count; i++) {
			size_t length = strlen(schema->fields[i].name);
			if (length >= best_length && strncmp(at, schema->fields[i].name, length) == 0 &&
				(at[length] == '+' || at[length] == '\0')) {
				best = i;
				best_length = length;
			}
		}
		if (best == SCHEMA_NO_FIELD)
			break;
		out->fields[out->count++] = best;
		at += best_length + (at[best_length] == '+');
	}
	return 0;
}

/* `name "abc" is longer than 50 characters`, `name is required` */
static int append_message(struct buffer *out, const struct batch *batch, const struct violation *violation,
	struct text value, bool truncated, struct error *error)
{
	const struct rule *rule = violation->rule;
	if (rule->fields[0] && buffer_printf(out, error, "%s ", rule->fields) < 0)
		return -1;
	if (value.length > 0 && buffer_printf(out, error, "\"%.*s%s\" ", (int)value.length, value.data, truncated ? "..." : "") < 0)
		return -1;
	if (violation->detail.length == 0)
		return buffer_puts(out, rule->text, error);
	if (rule->stage == STAGE_DATABASE && has_sensitive(batch->schema))
		return buffer_puts(out, WITHHELD, error);
	return append_text(out, batch_bytes(batch, violation->detail), violation->detail.length, error);
}

struct parts {
	size_t message, message_end; /* of the first violation */
};

static int add_violation(json_t *list, const struct batch *batch, const struct violation *violation,
	struct buffer *scratch, struct parts *parts, struct error *error)
{
	struct key fields;
	bool truncated = false;
	size_t value = scratch->length;
	if (fields_of(batch->schema, violation->rule, &fields, error) < 0)
		return -1;
	int failed = append_value(scratch, batch, violation, &fields, &truncated, error);
	free(fields.fields);
	size_t message = scratch->length;
	if (failed < 0 || buffer_reserve(scratch, REJECT_VALUE_MAX + 64 + strlen(violation->rule->fields), error) < 0)
		return -1;
	/* The value stands in the same buffer, which may move while the message grows behind it: a copy. */
	char copy[REJECT_VALUE_MAX + 1];
	struct text text = { copy, message - value };
	memcpy(copy, scratch->data + value, text.length);
	copy[text.length] = '\0';
	if (append_message(scratch, batch, violation, text, truncated, error) < 0)
		return -1;
	if (parts) {
		parts->message = message;
		parts->message_end = scratch->length;
	}
	json_t *item = json_pack("{s:s, s:s, s:s, s:s%, s:b, s:s%}", "field", violation->rule->fields, "code",
		code_name(violation->rule->code), "rule", violation->rule->id, "value", copy, text.length, "truncated", truncated,
		"message", scratch->data + message, scratch->length - message);
	if (!item || json_array_append_new(list, item) < 0)
		return error_memory(error, "the violations of a reject");
	return 0;
}

int reject_from_batch(struct reject *out, const struct batch *batch, size_t first, size_t count, const char *source,
	struct buffer *scratch, struct error *error)
{
	const struct violation *violations = &batch->violations[first];
	const struct rule *rule = violations[0].rule;
	const struct origin *origin = &batch->origins[violations[0].row];
	struct parts parts = { 0 };
	buffer_clear(scratch);
	json_t *list = json_array();
	if (!list)
		return error_memory(error, "the violations of a reject");
	int result = 0;
	for (size_t i = 0; i < count && i < REJECT_VIOLATIONS_MAX && result == 0; i++)
		result = add_violation(list, batch, &violations[i], scratch, i == 0 ? &parts : NULL, error);
	char *json = result == 0 ? json_dumps(list, JSON_COMPACT) : NULL;
	json_decref(list);
	if (result == 0 && !json)
		result = error_memory(error, "the violations of a reject");
	size_t json_at = scratch->length;
	if (result == 0)
		result = buffer_puts(scratch, json, error);
	free(json);
	size_t record_at = scratch->length;
	if (result == 0)
		result = append_record(scratch, batch, violations[0].row, error);
	if (result < 0)
		return -1;
	*out = (struct reject){
		.record_no = origin->record_no,
		.line_no = origin->line_no,
		.byte_offset = origin->byte_offset,
		.source = { source, strlen(source) },
		.field = { rule->fields, strlen(rule->fields) },
		.code = { code_name(rule->code), strlen(code_name(rule->code)) },
		.rule = { rule->id, strlen(rule->id) },
		.message = { scratch->data + parts.message, parts.message_end - parts.message },
		.violations = { scratch->data + json_at, record_at - json_at },
		.record = { scratch->data + record_at, scratch->length - record_at },
	};
	return 0;
}

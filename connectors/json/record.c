/* record.c - first the members of the record, strictly, then its cells.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/json/record.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/json/cell.h"
#include "connectors/json/string.h"
#include "connectors/json/walk.h"
#include "engine/core/diagnostics.h"
#include "engine/core/json_text.h"
#include "engine/core/plural.h"

enum { KEY_SHOWN_MAX = 64 };

struct json_label {
	const char *text;
	size_t length, field;
};

/* A value of the record and its key, by their place in its text. */
struct json_member {
	size_t key, key_length; /* between its quotes; of objects alone */
	size_t value, length;
	size_t field;           /* SCHEMA_NO_FIELD: none */
};

/* The text of the record that is being looked through. The arena may move, so that addresses are taken anew. */
struct look {
	struct json_record *record;
	struct batch *batch;
	struct span text;
	size_t at;
	uint32_t row;
	struct error *error;
};

/* --- labels ------------------------------------------------------------------------------------- */

static int order(const char *a, size_t a_length, const char *b, size_t b_length)
{
	int differs = memcmp(a, b, a_length < b_length ? a_length : b_length);

	return differs ? differs : (a_length > b_length) - (a_length < b_length);
}

static int by_text(const void *a, const void *b)
{
	const struct json_label *left = a, *right = b;

	return order(left->text, left->length, right->text, right->length);
}

static int check_labels(const struct option_map *labels, const struct schema *schema, const char *place, struct error *error)
{
	for (size_t i = 0; labels && i < labels->count; i++)
		if (schema_find(schema, labels->keys[i]) == SCHEMA_NO_FIELD)
			return error_set(error, ERROR_CONFIG, place, "rules: columns names a field \"%s\" that table %s does not have",
				labels->keys[i], schema->name);
	return 0;
}

int json_record_init(struct json_record *record, const struct schema *schema, const struct option_map *labels,
	const struct limits *limits, const char *place, struct error *error)
{
	size_t count = schema->field_count, room = count ? count : 1;

	*record = (struct json_record){ .schema = schema, .limits = limits };
	buffer_init(&record->work, UINT32_MAX);
	if (check_labels(labels, schema, place, error) < 0)
		return -1;
	record->labels = calloc(room, sizeof *record->labels);
	record->in_order = calloc(room, sizeof *record->in_order);
	record->seen = calloc(room, sizeof *record->seen);
	if (!record->labels || !record->in_order || !record->seen)
		return error_memory(error, "the fields of a table");
	for (size_t f = 0; f < count; f++) {
		const char *label = schema->fields[f].name;
		for (size_t i = 0; labels && i < labels->count; i++)
			if (strcmp(labels->keys[i], label) == 0) {
				label = labels->values[i];
				break;
			}
		record->labels[f] = (struct json_label){ label, strlen(label), f };
	}
	qsort(record->labels, count, sizeof *record->labels, by_text);
	for (size_t i = 0; i < count; i++) {
		const struct json_label *label = &record->labels[i];
		if (i > 0 && by_text(label - 1, label) == 0)
			return error_set(error, ERROR_CONFIG, place, "fields \"%s\" and \"%s\" would both come from the key \"%s\"; see columns of rules",
				schema->fields[label[-1].field].name, schema->fields[label->field].name, label->text);
		record->in_order[label->field] = i;
	}
	return 0;
}

void json_record_fini(struct json_record *record)
{
	free(record->labels);
	free(record->in_order);
	free(record->members);
	free(record->seen);
	buffer_fini(&record->work);
	*record = (struct json_record){ .schema = NULL };
}

/* The field of a key; guess is the one that would come next if keys stood in the order of the fields, as they mostly do. */
static size_t find_field(const struct json_record *record, const char *key, size_t length, size_t guess)
{
	size_t low = 0, high = record->schema->field_count;

	if (guess < high) {
		const struct json_label *label = &record->labels[record->in_order[guess]];
		if (label->length == length && memcmp(label->text, key, length) == 0)
			return guess;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct json_label *label = &record->labels[middle];
		int differs = order(key, length, label->text, label->length);
		if (differs == 0)
			return label->field;
		if (differs < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return SCHEMA_NO_FIELD;
}

/* --- members ------------------------------------------------------------------------------------ */

static const char *text_at(const struct look *look, size_t at)
{
	return batch_bytes(look->batch, look->text) + at;
}

static void skip_spaces(struct look *look)
{
	while (look->at < look->text.length && json_is_space(*text_at(look, look->at)))
		look->at++;
}

static bool take(struct look *look, char c)
{
	skip_spaces(look);
	if (look->at == look->text.length || *text_at(look, look->at) != c)
		return false;
	look->at++;
	return true;
}

/* 0 where the fault was recorded (the caller is to stop), -1 and error. */
static int no_json(struct look *look, const char *expected)
{
	uint64_t offset = look->batch->origins[look->row].byte_offset + look->at;

	if (look->at >= look->text.length)
		return batch_fault(look->batch, look->row, FAULT_RECORD, SCHEMA_NO_FIELD, look->error,
			"no JSON: it ends at byte %" PRIu64 " where %s should stand", offset, expected);
	unsigned char c = (unsigned char)*text_at(look, look->at);
	if (c > ' ' && c < 0x7F)
		return batch_fault(look->batch, look->row, FAULT_RECORD, SCHEMA_NO_FIELD, look->error,
			"no JSON: %s should stand at byte %" PRIu64 ", not %c", expected, offset, c);
	return batch_fault(look->batch, look->row, FAULT_RECORD, SCHEMA_NO_FIELD, look->error,
		"no JSON: %s should stand at byte %" PRIu64 ", not 0x%02X", expected, offset, c);
}

/* The value at hand, its place and length. 1; else as no_json. */
static int take_value(struct look *look, unsigned outside, size_t *value, size_t *length)
{
	struct json_walk walk = json_walk_from(outside);
	size_t used;

	skip_spaces(look);
	*value = look->at;
	enum json_walked walked = json_walk_on(&walk, text_at(look, look->at), look->text.length - look->at, &used);
	look->at += used;
	*length = used;
	if (walked == JSON_WALK_DONE || (walked == JSON_WALK_MORE && json_walk_finish(&walk)))
		return 1;
	return no_json(look, json_walk_expected(&walk));
}

/* As no_json. */
static int add_member(struct look *look, const struct json_member *member)
{
	struct json_record *record = look->record;

	if (record->count >= record->limits->columns)
		return batch_fault(look->batch, look->row, FAULT_RECORD, SCHEMA_NO_FIELD, look->error,
			"more than limits.columns (%" PRIu64 ") values", record->limits->columns);
	if (record->count == record->room) {
		size_t room = record->room ? 2 * record->room : 16;
		struct json_member *larger = realloc(record->members, room * sizeof *larger);
		if (!larger)
			return error_memory(look->error, "the members of a JSON record");
		record->members = larger;
		record->room = room;
	}
	record->members[record->count++] = *member;
	return 1;
}

/* A known key stands there for the second time. As no_json. */
static int key_twice(struct look *look, size_t field)
{
	return batch_fault(look->batch, look->row, FAULT_RECORD, SCHEMA_NO_FIELD, look->error,
		"the key of field %s stands twice in the object", look->record->schema->fields[field].name);
}

/* 1, or as no_json. */
static int find_member(struct look *look, struct json_member *member, size_t guess)
{
	struct json_record *record = look->record;
	const char *key = text_at(look, member->key);
	size_t length = member->key_length;

	if (memchr(key, '\\', length)) {
		buffer_clear(&record->work);
		if (buffer_reserve(&record->work, length, look->error) < 0)
			return -1;
		length = json_unescape(key, length, record->work.data);
		key = record->work.data;
	}
	member->field = find_field(record, key, length, guess);
	if (member->field == SCHEMA_NO_FIELD)
		return 1;
	if (record->seen[member->field] == record->stamp)
		return key_twice(look, member->field);
	record->seen[member->field] = record->stamp;
	return 1;
}

/* Behind { or [. 1, or as no_json. */
static int take_members(struct look *look, bool object)
{
	const char close = object ? '}' : ']';
	size_t guess = 0;

	look->record->count = 0;
	look->record->stamp++;
	if (take(look, close))
		return 1;
	do {
		struct json_member member = { .field = guess };
		int done;
		if (object) {
			skip_spaces(look);
			if (look->at == look->text.length || *text_at(look, look->at) != '"')
				return no_json(look, "a key in double quotes");
			done = take_value(look, 1, &member.key, &member.key_length);
			if (done <= 0)
				return done;
			member.key++;
			member.key_length -= 2;
			if (!take(look, ':'))
				return no_json(look, "a colon");
		}
		done = take_value(look, 1, &member.value, &member.length);
		if (done > 0 && object)
			done = find_member(look, &member, guess);
		if (done > 0)
			done = add_member(look, &member);
		if (done <= 0)
			return done;
		guess = member.field == SCHEMA_NO_FIELD ? guess : member.field + 1;
	} while (take(look, ','));
	return take(look, close) ? 1 : no_json(look, object ? "a comma or }" : "a comma or ]");
}

/* The whole text. 1 and whether it is an object, or as no_json. */
static int take_record(struct look *look, bool *object)
{
	size_t value, length;
	int done;

	skip_spaces(look);
	size_t begin = look->at;
	*object = take(look, '{');
	if (*object || take(look, '[')) {
		done = take_members(look, *object);
		if (done <= 0)
			return done;
		skip_spaces(look);
		return look->at == look->text.length ? 1 : no_json(look, "nothing");
	}
	look->at = begin;
	done = take_value(look, 0, &value, &length);
	if (done <= 0)
		return done;
	skip_spaces(look);
	if (look->at < look->text.length)
		return no_json(look, "nothing");
	return batch_fault(look->batch, look->row, FAULT_RECORD, SCHEMA_NO_FIELD, look->error,
		"neither an object nor an array");
}

/* --- cells -------------------------------------------------------------------------------------- */

static int bad_text(struct look *look, size_t field, size_t in_text, const struct json_trouble *trouble)
{
	uint64_t offset = look->batch->origins[look->row].byte_offset + in_text + trouble->at;

	switch (trouble->kind) {
	case JSON_TROUBLE_NUL:
		return batch_fault(look->batch, look->row, FAULT_ENCODING, field, look->error, "\\u0000 at byte %" PRIu64, offset);
	case JSON_TROUBLE_SURROGATE:
		return batch_fault(look->batch, look->row, FAULT_ENCODING, field, look->error,
			"half of a surrogate pair alone, at byte %" PRIu64, offset);
	default:
		if (look->record->encoding)
			return batch_fault(look->batch, look->row, FAULT_ENCODING, field, look->error,
				"no character of %s, at byte %" PRIu64 " of the file's text", look->record->encoding, offset);
		return batch_fault(look->batch, look->row, FAULT_ENCODING, field, look->error, "no UTF-8: 0x%02X at byte %" PRIu64,
			(unsigned)(unsigned char)*text_at(look, in_text + trouble->at), offset);
	}
}

/* The first member without a field. */
static int extra(struct look *look, bool object)
{
	const struct json_record *record = look->record;
	size_t unknown = 0, first = record->count;

	if (!object)
		return record->count <= record->schema->field_count ? 0 :
			batch_fault(look->batch, look->row, FAULT_EXTRA, SCHEMA_NO_FIELD, look->error, "%zu value%s expected, %zu found",
				record->schema->field_count, plural(record->schema->field_count, "", "s"), record->count);
	for (size_t i = record->count; i-- > 0;)
		if (record->members[i].field == SCHEMA_NO_FIELD) {
			unknown++;
			first = i;
		}
	if (unknown == 0)
		return 0;
	const struct json_member *member = &record->members[first];
	struct json_trouble trouble;
	bool shown = member->key_length <= KEY_SHOWN_MAX &&
		!json_find_trouble(text_at(look, member->key), member->key_length, &trouble);
	char key[KEY_SHOWN_MAX + 1] = "";
	const char *near = NULL;
	if (shown) {
		size_t length = json_unescape(text_at(look, member->key), member->key_length, key);
		const char **names = calloc(record->schema->field_count + 1, sizeof *names);
		key[length] = '\0';
		for (size_t f = 0; names && f < record->schema->field_count; f++)
			names[f] = record->labels[record->in_order[f]].text;
		near = names ? suggest(key, names) : NULL;
		free(names);
	}
	if (shown && near)
		return batch_fault(look->batch, look->row, FAULT_EXTRA, SCHEMA_NO_FIELD, look->error,
			"%zu unknown, the first is \"%s\" (did you mean \"%s\"?)", unknown, key, near);
	if (shown)
		return batch_fault(look->batch, look->row, FAULT_EXTRA, SCHEMA_NO_FIELD, look->error, "%zu unknown, the first is \"%s\"",
			unknown, key);
	return batch_fault(look->batch, look->row, FAULT_EXTRA, SCHEMA_NO_FIELD, look->error, "%zu unknown key%s", unknown, plural(unknown, "", "s"));
}

/* What is no text, in keys, in cells, and in values that are no field's. */
static int find_bad_texts(struct look *look)
{
	const struct json_record *record = look->record;
	struct json_trouble trouble;

	if (!json_find_trouble(text_at(look, 0), look->text.length, &trouble))
		return 0;
	for (size_t i = 0; i < record->count; i++) {
		const struct json_member *member = &record->members[i];
		struct span text = { look->text.offset + (uint32_t)member->value, (uint32_t)member->length };
		if (json_find_trouble(text_at(look, member->key), member->key_length, &trouble) &&
			bad_text(look, SCHEMA_NO_FIELD, member->key, &trouble) < 0)
			return -1;
		if (!json_find_trouble(text_at(look, member->value), member->length, &trouble))
			continue;
		bool known = member->field < record->schema->field_count;
		if (known) {
			look->batch->columns[member->field].cells[look->row] = CELL_BAD;
			look->batch->columns[member->field].texts[look->row] = text;
		}
		if (bad_text(look, known ? member->field : SCHEMA_NO_FIELD, member->value, &trouble) < 0)
			return -1;
	}
	return 0;
}

/* A value longer than limits.field. 1 where there is none, else as no_json. */
static int check_lengths(struct look *look)
{
	const struct json_record *record = look->record;

	for (size_t i = 0; i < record->count; i++) {
		const struct json_member *member = &record->members[i];
		if (member->length - (member->length > 1 && *text_at(look, member->value) == '"' ? 2 : 0) > record->limits->field)
			return batch_fault(look->batch, look->row, FAULT_RECORD, SCHEMA_NO_FIELD, look->error,
				"value %zu has %zu bytes, more than limits.field (%" PRIu64 ")", i + 1, member->length, record->limits->field);
	}
	return 1;
}

int json_record_fill(struct json_record *record, struct batch *batch, uint32_t row, struct error *error)
{
	struct look look = { .record = record, .batch = batch, .text = batch->origins[row].text, .row = row, .error = error };
	bool object;
	int done = take_record(&look, &object);

	if (done > 0)
		done = check_lengths(&look);
	if (done <= 0)
		return done;
	if (find_bad_texts(&look) < 0)
		return -1;
	size_t fields = record->schema->field_count;
	for (size_t i = 0; i < record->count; i++) {
		const struct json_member *member = &record->members[i];
		struct span text = { look.text.offset + (uint32_t)member->value, (uint32_t)member->length };
		if (member->field < fields && batch->columns[member->field].cells[row] != CELL_BAD &&
			json_cell_fill(batch, member->field, row, text, &record->work, error) < 0)
			return -1;
	}
	for (size_t f = 0; object && f < fields; f++)
		if (record->seen[f] != record->stamp)
			batch->columns[f].cells[row] = CELL_NULL;
	return extra(&look, object);
}

/* nested.c - values of any depth as canonical JSON.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/nested.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/core/json_text.h"
#include "engine/core/utf8.h"

enum { NESTED_KEY_SHOWN = 30 };

/* One value that is being read; nested is NULL where nothing is written. */
struct walk {
	struct nested *nested;
	struct wire *wire;
	struct error *error;
	unsigned depth;
};

static int walk_value(struct walk *walk, const struct avro_type *type);

void nested_init(struct nested *nested, size_t limit)
{
	*nested = (struct nested){ .limit = limit };
	/* The limit is checked before anything is appended; a number without its exponent has some hundred digits. */
	buffer_init(&nested->out, limit + 1);
	buffer_init(&nested->work, limit + 1024);
}

void nested_fini(struct nested *nested)
{
	buffer_fini(&nested->out);
	buffer_fini(&nested->work);
	free(nested->entries);
	nested->entries = NULL;
}

/* Whether it still matters what is written. */
static bool is_mute(const struct walk *walk)
{
	const struct nested *nested = walk->nested;
	return !nested || nested->too_long || nested->bad || nested->no_text;
}

static int put(struct walk *walk, const char *data, size_t length)
{
	struct nested *nested = walk->nested;
	if (is_mute(walk))
		return 0;
	if (length > nested->limit - nested->out.length) {
		nested->too_long = true;
		return 0;
	}
	return buffer_append(&nested->out, data, length, walk->error);
}

/* ---- texts ---- */

static int put_text(struct walk *walk, struct text text)
{
	size_t begin = 0;
	if (is_mute(walk))
		return 0;
	if (utf8_find_bad(text.data, text.length, 0) < text.length) {
		walk->nested->no_text = true;
		return 0;
	}
	if (put(walk, "\"", 1) < 0)
		return -1;
	for (size_t i = 0; i < text.length; i++) {
		static const char shorts[] = "\b\t\n\f\r", letters[] = "btnfr";
		unsigned char c = (unsigned char)text.data[i];
		char escape[8];
		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		const char *known = c >= 0x20 ? NULL : strchr(shorts, c);
		if (known)
			snprintf(escape, sizeof escape, "\\%c", letters[known - shorts]);
		else if (c >= 0x20)
			snprintf(escape, sizeof escape, "\\%c", (char)c);
		else
			snprintf(escape, sizeof escape, "\\u%04X", (unsigned)c);
		if (put(walk, text.data + begin, i - begin) < 0 || put(walk, escape, strlen(escape)) < 0)
			return -1;
		begin = i + 1;
	}
	return put(walk, text.data + begin, text.length - begin) < 0 ? -1 : put(walk, "\"", 1);
}

static int put_base64(struct walk *walk, struct text bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	if (put(walk, "\"", 1) < 0)
		return -1;
	for (size_t i = 0; i < bytes.length && !is_mute(walk); i += 3) {
		size_t count = bytes.length - i < 3 ? bytes.length - i : 3;
		uint32_t group = 0;
		char four[4] = { '=', '=', '=', '=' };
		for (size_t j = 0; j < 3; j++)
			group = group << 8 | (j < count ? (unsigned char)bytes.data[i + j] : 0u);
		for (size_t j = 0; j <= count; j++)
			four[j] = digits[group >> (18 - 6 * j) & 63];
		if (put(walk, four, sizeof four) < 0)
			return -1;
	}
	return put(walk, "\"", 1);
}

/* Without an exponent, as canonical JSON has it. */
static int put_double(struct walk *walk, struct text text)
{
	struct buffer *work = &walk->nested->work;
	if (!memchr(text.data, 'e', text.length))
		return put(walk, text.data, text.length);
	buffer_clear(work);
	if (json_canonical(text.data, text.length, work, NULL, walk->error) < 0)
		return -1;
	return put(walk, work->data, work->length);
}

static int walk_scalar(struct walk *walk, const struct avro_type *type)
{
	struct scalar scalar;
	char out[SCALAR_TEXT_MAX];
	if (scalar_read(walk->wire, type, &scalar, walk->error) < 0)
		return -1;
	if (is_mute(walk))
		return 0;
	if (scalar.class == CLASS_BYTES)
		return put_base64(walk, scalar.bytes);
	struct text text = scalar_text(&scalar, out);
	if (scalar.bad || (scalar.class == CLASS_DECIMAL && text.length == 0)) {
		walk->nested->bad = true;
		snprintf(walk->nested->shown, sizeof walk->nested->shown, "%s", scalar.bad ? text.data : "a decimal that is too long");
		return 0;
	}
	if (scalar.class == CLASS_DOUBLE)
		return put_double(walk, text);
	if (scalar.class == CLASS_NULL || scalar.class == CLASS_BOOLEAN || scalar.class == CLASS_INTEGER)
		return put(walk, text.data, text.length);
	return put_text(walk, text);
}

/* ---- objects ---- */

static int by_key(const void *left, const void *right)
{
	const struct nested_entry *a = left, *b = right;
	size_t length = a->key.length < b->key.length ? a->key.length : b->key.length;
	int order = length > 0 ? memcmp(a->key.data, b->key.data, length) : 0;
	if (order != 0)
		return order;
	if (a->key.length != b->key.length)
		return a->key.length < b->key.length ? -1 : 1;
	return a->begin < b->begin ? -1 : a->begin > b->begin;
}

static bool same_key(const struct nested_entry *a, const struct nested_entry *b)
{
	return a->key.length == b->key.length && memcmp(a->key.data, b->key.data, a->key.length) == 0;
}

/* One entry of an object: its value is read behind its key. */
static int walk_entry(struct walk *walk, size_t first, struct text key, const struct avro_type *type)
{
	struct nested *nested = walk->nested;
	if (is_mute(walk))
		return walk_value(walk, type);
	if (nested->count == nested->room) {
		size_t room = nested->room ? 2 * nested->room : 64;
		struct nested_entry *entries = realloc(nested->entries, room * sizeof *entries);
		if (!entries)
			return error_memory(walk->error, "a nested value");
		nested->entries = entries;
		nested->room = room;
	}
	size_t index = nested->count++;
	if (index > first && put(walk, ",", 1) < 0)
		return -1;
	nested->entries[index] = (struct nested_entry){ .key = key, .begin = nested->out.length };
	if (put_text(walk, key) < 0 || put(walk, ":", 1) < 0 || walk_value(walk, type) < 0)
		return -1;
	nested->entries[index].end = nested->out.length;
	return 0;
}

/* Brings the entries from first on into the order of their keys. Two with the same key, which a map of Avro may have, are no object. */
static int sort_entries(struct walk *walk, size_t first)
{
	struct nested *nested = walk->nested;
	size_t count = nested->count - first;
	bool sorted = true;
	if (count < 2)
		return 0;
	struct nested_entry *entries = nested->entries + first;
	for (size_t i = 1; sorted && i < count; i++)
		sorted = by_key(&entries[i - 1], &entries[i]) < 0 && !same_key(&entries[i - 1], &entries[i]);
	if (sorted)
		return 0;
	size_t begin = entries[0].begin;
	qsort(entries, count, sizeof *entries, by_key);
	buffer_clear(&nested->work);
	for (size_t i = 0; i < count; i++) {
		if (i + 1 < count && same_key(&entries[i], &entries[i + 1])) {
			nested->bad = true;
			snprintf(nested->shown, sizeof nested->shown, "an object with the key \"%.*s\" twice",
				(int)utf8_cut(entries[i].key.data, entries[i].key.length, NESTED_KEY_SHOWN), entries[i].key.data);
			return 0;
		}
		if ((nested->work.length > 0 && buffer_puts(&nested->work, ",", walk->error) < 0) ||
		    buffer_append(&nested->work, nested->out.data + entries[i].begin, entries[i].end - entries[i].begin, walk->error) < 0)
			return -1;
	}
	memcpy(nested->out.data + begin, nested->work.data, nested->work.length);
	nested->out.length = begin + nested->work.length;
	nested->out.data[nested->out.length] = '\0';
	return 0;
}

static int end_object(struct walk *walk, size_t first)
{
	if (is_mute(walk))
		return 0;
	if (sort_entries(walk, first) < 0)
		return -1;
	walk->nested->count = first;
	return put(walk, "}", 1);
}

static int walk_record(struct walk *walk, const struct avro_type *type)
{
	size_t first = walk->nested ? walk->nested->count : 0;
	if (put(walk, "{", 1) < 0)
		return -1;
	for (size_t i = 0; i < type->count; i++) {
		const char *label = avro_field_label(&type->fields[i]);
		if (walk_entry(walk, first, (struct text){ label, strlen(label) }, type->fields[i].type) < 0)
			return -1;
	}
	return end_object(walk, first);
}

static int walk_map(struct walk *walk, const struct avro_type *type)
{
	size_t first = walk->nested ? walk->nested->count : 0;
	uint64_t count;
	if (put(walk, "{", 1) < 0)
		return -1;
	do {
		if (wire_items(walk->wire, 1 + type->items->least, &count, walk->error) < 0)
			return -1;
		for (uint64_t i = 0; i < count; i++) {
			struct text key;
			if (wire_bytes(walk->wire, &key, walk->error) < 0 || walk_entry(walk, first, key, type->items) < 0)
				return -1;
		}
	} while (count > 0);
	return end_object(walk, first);
}

static int walk_array(struct walk *walk, const struct avro_type *type)
{
	uint64_t count;
	bool any = false;
	if (put(walk, "[", 1) < 0)
		return -1;
	do {
		if (wire_items(walk->wire, type->items->least, &count, walk->error) < 0)
			return -1;
		for (uint64_t i = 0; i < count; i++, any = true)
			if ((any && put(walk, ",", 1) < 0) || walk_value(walk, type->items) < 0)
				return -1;
	} while (count > 0);
	return put(walk, "]", 1);
}

static int walk_value(struct walk *walk, const struct avro_type *type)
{
	size_t branch;
	int result = -1;
	/* Only types that take no bytes can make more work than the block is long. */
	if (type->least == 0 && wire_spend(walk->wire, 1, walk->error) < 0)
		return -1;
	if (type->kind == KIND_RECORD || type->items) {
		if (walk->depth >= AVRO_NESTING_MAX)
			return error_set(walk->error, ERROR_SOURCE, NULL, "a value is nested more than %d deep", (int)AVRO_NESTING_MAX);
		walk->depth++;
	}
	switch (type->kind) {
	case KIND_RECORD:
		result = walk_record(walk, type);
		break;
	case KIND_ARRAY:
		result = walk_array(walk, type);
		break;
	case KIND_MAP:
		result = walk_map(walk, type);
		break;
	case KIND_UNION:
		if (wire_index(walk->wire, type->count, "branch", &branch, walk->error) < 0)
			return -1;
		if (type->branches[branch]->kind == KIND_NULL)
			return put(walk, "null", 4);
		return walk_value(walk, type->branches[branch]);
	default:
		return walk_scalar(walk, type);
	}
	walk->depth--;
	return result;
}

int nested_json(struct nested *nested, struct wire *wire, const struct avro_type *type, struct error *error)
{
	struct walk walk = { .nested = nested, .wire = wire, .error = error };
	nested->too_long = nested->bad = nested->no_text = false;
	nested->count = 0;
	buffer_clear(&nested->out);
	return walk_value(&walk, type);
}

int nested_skip(struct wire *wire, const struct avro_type *type, struct error *error)
{
	struct walk walk = { .wire = wire, .error = error };
	return walk_value(&walk, type);
}

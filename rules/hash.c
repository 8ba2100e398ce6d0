/* hash.c - what a table means, as one hash: the same for every way of writing the same rules.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/digest.h"
#include "rules/dictionary.h"
#include "rules/load.h"

/* Every piece goes in with a tag and its length, so that no two tables look alike. */
static void add(struct digest *digest, const char *tag, const void *data, size_t length)
{
	char size[32];
	digest_add(digest, tag, strlen(tag) + 1);
	digest_add(digest, size, (size_t)snprintf(size, sizeof size, "%zu:", length));
	digest_add(digest, data, length);
}

static void add_text(struct digest *digest, const char *tag, const char *text)
{
	add(digest, tag, text ? text : "", text ? strlen(text) : 0);
}

static void add_number(struct digest *digest, const char *tag, uint64_t number)
{
	unsigned char bytes[8];
	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(number >> (56 - 8 * i));
	add(digest, tag, bytes, sizeof bytes);
}

static int order_texts(const void *left, const void *right)
{
	return strcmp(((const struct text *)left)->data, ((const struct text *)right)->data);
}

/* The order of the words means nothing. */
static int add_words(struct digest *digest, const char *tag, const struct words *words, struct error *error)
{
	struct text *sorted = calloc(words->count ? words->count : 1, sizeof *sorted);
	if (!sorted)
		return error_memory(error, "the hash of a table");
	if (words->count > 0)
		memcpy(sorted, words->items, words->count * sizeof *sorted);
	qsort(sorted, words->count, sizeof *sorted, order_texts);
	add_number(digest, tag, words->count);
	for (size_t i = 0; i < words->count; i++)
		add(digest, "word", sorted[i].data, sorted[i].length);
	free(sorted);
	return 0;
}

static void add_constant(struct digest *digest, const char *tag, enum value_type type, const struct constant *constant)
{
	switch (value_storage(type)) {
	case STORAGE_INTEGER:
		add_number(digest, tag, (uint64_t)constant->integer);
		break;
	case STORAGE_DOUBLE:
		add(digest, tag, &constant->number, sizeof constant->number);
		break;
	case STORAGE_DECIMAL:
		add(digest, tag, &constant->decimal, sizeof constant->decimal);
		break;
	case STORAGE_SPAN:
		add(digest, tag, constant->bytes.data, constant->bytes.length);
		break;
	}
}

static int add_field(struct digest *digest, const struct field *field, const struct field_rules *rules,
		     struct error *error)
{
	static const char *const bounds[BOUNDS] = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"};
	add_text(digest, "field", field->name);
	add_number(digest, "type", field->type);
	add_number(digest, "precision", field->precision);
	add_number(digest, "scale", field->scale);
	add_number(digest, "required", field->required);
	add_number(digest, "sensitive", field->sensitive);
	add_number(digest, "string", rules->string_format);
	if (rules->json)
		add_number(digest, "json", rules->json);
	add_text(digest, "format", rules->format);
	add_text(digest, "timezone", rules->timezone);
	add(digest, "decimalChar", rules->number.decimal, rules->number.decimal_length);
	add(digest, "groupChar", rules->number.group, rules->number.group_length);
	add_number(digest, "bareNumber", rules->number.bare);
	if (rules->has_min_length)
		add_number(digest, "minLength", rules->min_length);
	if (rules->has_max_length)
		add_number(digest, "maxLength", rules->max_length);
	for (int i = 0; i < BOUNDS; i++)
		if (rules->has_bound[i])
			add_constant(digest, bounds[i], field->type, &rules->bounds[i]);
	add_text(digest, "pattern", rules->pattern_text);
	for (size_t i = 0; i < rules->enumeration_count; i++)
		add_constant(digest, "enum", field->type, &rules->enumeration[i]);
	if (add_words(digest, "missing", &rules->missing, error) < 0 ||
	    add_words(digest, "true", &rules->true_words, error) < 0)
		return -1;
	return add_words(digest, "false", &rules->false_words, error);
}

static void add_key(struct digest *digest, const char *tag, const struct key *key)
{
	add_number(digest, tag, key->count);
	for (size_t i = 0; i < key->count; i++)
		add_number(digest, "part", key->fields[i]);
}

int load_hash(struct table *table, struct error *error)
{
	const struct schema *schema = table->schema;
	struct digest *digest = digest_new(error);
	if (!digest)
		return -1;
	int result = 0;
	add_text(digest, "table", schema->name);
	for (size_t i = 0; i < schema->field_count && result == 0; i++)
		result = add_field(digest, &schema->fields[i], &table->fields[i], error);
	add_key(digest, "primary", &schema->primary);
	for (size_t i = 0; i < schema->unique_count; i++)
		add_key(digest, "unique", &schema->unique[i]);
	for (size_t i = 0; i < table->declared_unique_count; i++)
		add_key(digest, "unique", &table->declared_unique[i]);
	for (size_t i = 0; i < schema->foreign_count; i++) {
		add_key(digest, "foreign", &schema->foreign[i].key);
		add_text(digest, "resource", schema->foreign[i].resource);
		for (size_t j = 0; j < schema->foreign[i].key.count; j++)
			add_text(digest, "column", schema->foreign[i].columns[j]);
	}
	if (result == 0)
		digest_hex(digest, table->hash);
	digest_free(digest);
	return result;
}

void table_hash(const struct table *table, char out[65])
{
	memcpy(out, table->hash, sizeof table->hash);
}

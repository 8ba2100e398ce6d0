/* type.c - from the JSON of an Avro schema to a tree of types.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/type.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum {
	JSON_NESTING_MAX = 4 * AVRO_NESTING_MAX, /* a record in a record is three levels of JSON */
	NAME_MAX_BYTES = 1024,
	BRANCHES_MAX = 4096,
};

struct parser {
	struct avro_schema *schema;
	const char *place;
	json_t *names; /* full name -> index of its type */
	unsigned depth;
	struct error *error;
};

static const struct {
	const char *name;
	enum avro_kind kind;
	uint64_t least;
} primitives[] = {
	{ "null", KIND_NULL, 0 },     { "boolean", KIND_BOOLEAN, 1 }, { "int", KIND_INT, 1 },     { "long", KIND_LONG, 1 },
	{ "float", KIND_FLOAT, 4 },   { "double", KIND_DOUBLE, 8 },   { "bytes", KIND_BYTES, 1 }, { "string", KIND_STRING, 1 },
};

enum { PRIMITIVES = sizeof primitives / sizeof primitives[0] };

static const struct avro_type *parse_type(struct parser *parser, const json_t *node, const char *space);

/* Always NULL. */
static void *wrong(struct parser *parser, const char *what, const char *name)
{
	if (name)
		error_set(parser->error, ERROR_SOURCE, parser->place, "the Avro schema is not valid: %s (\"%.200s\")", what, name);
	else
		error_set(parser->error, ERROR_SOURCE, parser->place, "the Avro schema is not valid: %s", what);
	return NULL;
}

static void *no_memory(struct parser *parser)
{
	error_memory(parser->error, "an Avro schema");
	return NULL;
}

static struct avro_type *new_type(struct parser *parser, enum avro_kind kind)
{
	struct avro_schema *schema = parser->schema;
	if (schema->count >= AVRO_TYPES_MAX)
		return wrong(parser, "it has more than 65536 types", NULL);
	if (schema->count == schema->room) {
		size_t room = schema->room ? 2 * schema->room : 32;
		struct avro_type **types = realloc(schema->types, room * sizeof *types);
		if (!types)
			return no_memory(parser);
		schema->types = types;
		schema->room = room;
	}
	struct avro_type *type = calloc(1, sizeof *type);
	if (!type)
		return no_memory(parser);
	type->kind = kind;
	schema->types[schema->count++] = type;
	return type;
}

/* ---- names ---- */

/* Letters beyond ASCII are taken, as Avro 1.12 does. */
static bool is_name(const char *text, size_t length)
{
	if (length == 0 || length > NAME_MAX_BYTES || (text[0] >= '0' && text[0] <= '9'))
		return false;
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		if (!(c >= 0x80 || c == '_' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')))
			return false;
	}
	return true;
}

/* "a.b.C": names between dots. */
static bool is_full_name(const char *text)
{
	for (;;) {
		size_t length = strcspn(text, ".");
		if (!is_name(text, length))
			return false;
		if (!text[length])
			return true;
		text += length + 1;
	}
}

static char *join(struct parser *parser, const char *space, const char *name)
{
	size_t before = strlen(space), length = strlen(name);
	char *full = malloc(before + length + 2);
	if (!full)
		return no_memory(parser);
	memcpy(full, space, before);
	if (before > 0)
		full[before++] = '.';
	memcpy(full + before, name, length + 1);
	return full;
}

/* Gives a type that is being defined its full name, by which it is found from now on. */
static bool define(struct parser *parser, struct avro_type *type, const json_t *node, const char *space)
{
	const char *name = json_string_value(json_object_get(node, "name"));
	const json_t *own = json_object_get(node, "namespace");
	if (!name)
		return wrong(parser, "a record, enum or fixed has no name", NULL);
	if (!is_full_name(name))
		return wrong(parser, "this is no name", name);
	if (own && !json_is_null(own)) {
		const char *text = json_string_value(own);
		if (!text || (text[0] && !is_full_name(text)))
			return wrong(parser, "a namespace is no name, of", name);
		space = text;
	}
	type->name = join(parser, strchr(name, '.') ? "" : space, name);
	if (!type->name)
		return false;
	for (size_t i = 0; i < PRIMITIVES; i++)
		if (strcmp(type->name, primitives[i].name) == 0)
			return wrong(parser, "a type is defined by the name of a primitive one", name);
	if (json_object_get(parser->names, type->name))
		return wrong(parser, "a type is defined twice", type->name);
	if (json_object_set_new(parser->names, type->name, json_integer((json_int_t)parser->schema->count - 1)) < 0)
		return no_memory(parser);
	return true;
}

static const struct avro_type *refer(struct parser *parser, const char *name, const char *space)
{
	for (size_t i = 0; i < PRIMITIVES; i++)
		if (strcmp(name, primitives[i].name) == 0) {
			struct avro_type *type = new_type(parser, primitives[i].kind);
			if (type)
				type->least = primitives[i].least;
			return type;
		}
	const json_t *found = NULL;
	if (!strchr(name, '.')) {
		char *full = join(parser, space, name);
		if (!full)
			return NULL;
		found = json_object_get(parser->names, full);
		free(full);
	}
	if (!found)
		found = json_object_get(parser->names, name);
	if (!found)
		return wrong(parser, "a type is not defined", name);
	return parser->schema->types[json_integer_value(found)];
}

/* ---- logical types ---- */

/* Digits that a number of size bytes in two's complement can always have: floor(log10(2^(8 size - 1) - 1)). */
static uint64_t digits_of(uint32_t size)
{
	return size == 0 ? 0 : (uint64_t)((8.0 * size - 1) * 0.30102999566398119521);
}

static bool read_decimal(const json_t *node, struct avro_type *type)
{
	const json_t *precision = json_object_get(node, "precision"), *scale = json_object_get(node, "scale");
	json_int_t digits = json_integer_value(precision), fraction = json_integer_value(scale);
	if (!json_is_integer(precision) || digits < 1 || digits > INT32_MAX || (scale && !json_is_integer(scale)) || fraction < 0 ||
	    fraction > digits)
		return false;
	if (type->kind == KIND_FIXED && (uint64_t)digits > digits_of(type->size))
		return false;
	type->precision = (uint32_t)digits;
	type->scale = (uint32_t)fraction;
	return true;
}

static void read_logical(const json_t *node, struct avro_type *type)
{
	static const struct {
		const char *name;
		enum avro_logical logical;
		enum avro_kind kind;
		uint32_t size; /* of a fixed */
	} known[] = {
		{ "decimal", LOGICAL_DECIMAL, KIND_BYTES, 0 },
		{ "decimal", LOGICAL_DECIMAL, KIND_FIXED, 0 },
		{ "date", LOGICAL_DATE, KIND_INT, 0 },
		{ "time-millis", LOGICAL_TIME_MILLIS, KIND_INT, 0 },
		{ "time-micros", LOGICAL_TIME_MICROS, KIND_LONG, 0 },
		{ "time-nanos", LOGICAL_TIME_NANOS, KIND_LONG, 0 },
		{ "timestamp-millis", LOGICAL_TIMESTAMP_MILLIS, KIND_LONG, 0 },
		{ "timestamp-micros", LOGICAL_TIMESTAMP_MICROS, KIND_LONG, 0 },
		{ "timestamp-nanos", LOGICAL_TIMESTAMP_NANOS, KIND_LONG, 0 },
		{ "local-timestamp-millis", LOGICAL_LOCAL_MILLIS, KIND_LONG, 0 },
		{ "local-timestamp-micros", LOGICAL_LOCAL_MICROS, KIND_LONG, 0 },
		{ "local-timestamp-nanos", LOGICAL_LOCAL_NANOS, KIND_LONG, 0 },
		{ "uuid", LOGICAL_UUID, KIND_STRING, 0 },
		{ "uuid", LOGICAL_UUID, KIND_FIXED, 16 },
		{ "duration", LOGICAL_DURATION, KIND_FIXED, 12 },
	};
	const char *name = json_string_value(json_object_get(node, "logicalType"));
	for (size_t i = 0; name && i < sizeof known / sizeof known[0]; i++) {
		if (strcmp(name, known[i].name) != 0 || type->kind != known[i].kind || (known[i].size && type->size != known[i].size))
			continue;
		if (known[i].logical != LOGICAL_DECIMAL || read_decimal(node, type))
			type->logical = known[i].logical;
		return;
	}
}

/* ---- complex types ---- */

static uint64_t plus(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX / 2 - b ? UINT64_MAX / 2 : a + b;
}

static bool parse_texts(struct parser *parser, const json_t *list, char ***texts, size_t *count)
{
	size_t size = json_array_size(list);
	*texts = calloc(size ? size : 1, sizeof **texts);
	if (!*texts)
		return no_memory(parser);
	for (size_t i = 0; i < size; i++) {
		const char *text = json_string_value(json_array_get(list, i));
		if (!text)
			return wrong(parser, "a symbol or an alias is no text", NULL);
		(*texts)[i] = strdup(text);
		if (!(*texts)[i])
			return no_memory(parser);
		++*count;
	}
	return true;
}

static bool set_text(struct parser *parser, char **to, const char *text)
{
	*to = text ? strdup(text) : NULL;
	return !text || *to || no_memory(parser);
}

static bool parse_field(struct parser *parser, struct avro_type *record, json_t *seen, const json_t *node, const char *space)
{
	struct avro_field *field = &record->fields[record->count];
	const char *name = json_string_value(json_object_get(node, "name"));
	const json_t *type = json_object_get(node, "type"), *aliases = json_object_get(node, "aliases");
	if (!name)
		return wrong(parser, "a field has no name, in record", record->name);
	if (!is_name(name, strlen(name)))
		return wrong(parser, "this is no name of a field", name);
	if (!type)
		return wrong(parser, "a field has no type", name);
	if (json_object_get(seen, name))
		return wrong(parser, "a record has two fields of one name", name);
	if (json_object_set_new(seen, name, json_true()) < 0)
		return no_memory(parser);
	record->count++; /* what it has so far is freed with it */
	if (!set_text(parser, &field->name, name) ||
	    !set_text(parser, &field->original, json_string_value(json_object_get(node, "penstock.name"))) ||
	    !set_text(parser, &field->doc, json_string_value(json_object_get(node, "doc"))))
		return false;
	if (json_is_array(aliases) && !parse_texts(parser, aliases, &field->aliases, &field->alias_count))
		return false;
	field->type = parse_type(parser, type, space);
	return field->type != NULL;
}

/* The namespace of what is defined inside of a type, to be freed. */
static char *space_of(struct parser *parser, const struct avro_type *type)
{
	const char *dot = strrchr(type->name, '.');
	char *space = strndup(type->name, dot ? (size_t)(dot - type->name) : 0);
	return space ? space : no_memory(parser);
}

static const struct avro_type *parse_record(struct parser *parser, const json_t *node, const char *outer)
{
	struct avro_type *type = new_type(parser, KIND_RECORD);
	const json_t *fields = json_object_get(node, "fields");
	if (!type || !define(parser, type, node, outer))
		return NULL;
	if (!json_is_array(fields))
		return wrong(parser, "a record has no list of fields", type->name);
	size_t count = json_array_size(fields);
	type->fields = calloc(count ? count : 1, sizeof *type->fields);
	char *space = space_of(parser, type);
	json_t *seen = json_object();
	bool good = type->fields && space && seen;
	if (!good)
		no_memory(parser);
	uint64_t least = 0;
	for (size_t i = 0; good && i < count; i++) {
		good = parse_field(parser, type, seen, json_array_get(fields, i), space);
		if (good)
			least = plus(least, type->fields[i].type->least);
	}
	/* Within the record itself it counted as nothing, which is never too much. */
	type->least = least;
	free(space);
	json_decref(seen);
	return good ? type : NULL;
}

static const struct avro_type *parse_enum(struct parser *parser, const json_t *node, const char *space)
{
	struct avro_type *type = new_type(parser, KIND_ENUM);
	const json_t *symbols = json_object_get(node, "symbols");
	if (!type || !define(parser, type, node, space))
		return NULL;
	if (!json_is_array(symbols))
		return wrong(parser, "an enum has no list of symbols", type->name);
	if (!parse_texts(parser, symbols, &type->symbols, &type->count))
		return NULL;
	json_t *seen = json_object();
	bool good = seen != NULL || no_memory(parser);
	for (size_t i = 0; good && i < type->count; i++) {
		if (!is_name(type->symbols[i], strlen(type->symbols[i])))
			good = wrong(parser, "this is no name of a symbol", type->symbols[i]);
		else if (json_object_get(seen, type->symbols[i]))
			good = wrong(parser, "an enum has a symbol twice", type->symbols[i]);
		else if (json_object_set_new(seen, type->symbols[i], json_true()) < 0)
			good = no_memory(parser);
	}
	json_decref(seen);
	type->least = 1;
	return good ? type : NULL;
}

static const struct avro_type *parse_fixed(struct parser *parser, const json_t *node, const char *space)
{
	struct avro_type *type = new_type(parser, KIND_FIXED);
	const json_t *size = json_object_get(node, "size");
	if (!type || !define(parser, type, node, space))
		return NULL;
	if (!json_is_integer(size) || json_integer_value(size) < 0 || json_integer_value(size) > AVRO_FIXED_MAX)
		return wrong(parser, "a fixed has no size between 0 and 16 MiB", type->name);
	type->size = (uint32_t)json_integer_value(size);
	type->least = type->size;
	read_logical(node, type);
	return type;
}

static const struct avro_type *parse_items(struct parser *parser, enum avro_kind kind, const json_t *items, const char *space)
{
	struct avro_type *type = new_type(parser, kind);
	if (!type)
		return NULL;
	if (!items)
		return wrong(parser, kind == KIND_ARRAY ? "an array has no items" : "a map has no values", NULL);
	type->least = 1;
	type->items = parse_type(parser, items, space);
	return type->items ? type : NULL;
}

static const struct avro_type *parse_union(struct parser *parser, const json_t *node, const char *space)
{
	struct avro_type *type = new_type(parser, KIND_UNION);
	size_t count = json_array_size(node);
	unsigned kinds = 0;
	if (!type)
		return NULL;
	if (count == 0 || count > BRANCHES_MAX)
		return wrong(parser, count ? "a union has more than 4096 branches" : "a union has no branches", NULL);
	type->branches = calloc(count, sizeof *type->branches);
	if (!type->branches)
		return no_memory(parser);
	uint64_t least = UINT64_MAX / 4;
	for (size_t i = 0; i < count; i++) {
		const struct avro_type *branch = parse_type(parser, json_array_get(node, i), space);
		if (!branch)
			return NULL;
		if (branch->kind == KIND_UNION)
			return wrong(parser, "a union is a branch of a union", NULL);
		if (!branch->name && (kinds & 1u << branch->kind))
			return wrong(parser, "a union has two branches of one type", NULL);
		for (size_t j = 0; branch->name && j < i; j++)
			if (type->branches[j] == branch)
				return wrong(parser, "a union has a branch twice", branch->name);
		kinds |= branch->name ? 0 : 1u << branch->kind;
		type->branches[type->count++] = branch;
		/* One that is still being defined has no bound yet. */
		least = branch->least < least ? branch->least : least;
	}
	type->least = plus(1, least);
	return type;
}

static const struct avro_type *parse_object(struct parser *parser, const json_t *node, const char *space)
{
	const json_t *kind = json_object_get(node, "type");
	if (!kind)
		return wrong(parser, "a type has no \"type\"", NULL);
	if (!json_is_string(kind))
		return parse_type(parser, kind, space); /* {"type": {"type": ...}} */
	const char *name = json_string_value(kind);
	if (strcmp(name, "record") == 0 || strcmp(name, "error") == 0)
		return parse_record(parser, node, space);
	if (strcmp(name, "enum") == 0)
		return parse_enum(parser, node, space);
	if (strcmp(name, "fixed") == 0)
		return parse_fixed(parser, node, space);
	if (strcmp(name, "array") == 0)
		return parse_items(parser, KIND_ARRAY, json_object_get(node, "items"), space);
	if (strcmp(name, "map") == 0)
		return parse_items(parser, KIND_MAP, json_object_get(node, "values"), space);
	for (size_t i = 0; i < PRIMITIVES; i++)
		if (strcmp(name, primitives[i].name) == 0) {
			struct avro_type *type = new_type(parser, primitives[i].kind);
			if (!type)
				return NULL;
			type->least = primitives[i].least;
			read_logical(node, type);
			return type;
		}
	return refer(parser, name, space);
}

static const struct avro_type *parse_type(struct parser *parser, const json_t *node, const char *space)
{
	const struct avro_type *type;
	if (parser->depth >= AVRO_NESTING_MAX)
		return wrong(parser, "types are nested more than 64 deep", NULL);
	parser->depth++;
	if (json_is_string(node))
		type = refer(parser, json_string_value(node), space);
	else if (json_is_array(node))
		type = parse_union(parser, node, space);
	else if (json_is_object(node))
		type = parse_object(parser, node, space);
	else
		type = wrong(parser, "a type is neither a text, nor a list, nor an object", NULL);
	parser->depth--;
	return type;
}

/* jansson recurses: how deep is found out before it sees the text. */
static bool nested_too_deep(const char *json, size_t length)
{
	unsigned depth = 0;
	bool quoted = false;
	for (size_t i = 0; i < length; i++) {
		if (quoted && json[i] == '\\') {
			i++;
		} else if (quoted) {
			quoted = json[i] != '"';
		} else if (json[i] == '"') {
			quoted = true;
		} else if (json[i] == '[' || json[i] == '{') {
			if (++depth > JSON_NESTING_MAX)
				return true;
		} else if ((json[i] == ']' || json[i] == '}') && depth > 0) {
			depth--;
		}
	}
	return false;
}

struct avro_schema *avro_schema_parse(const char *json, size_t length, const char *place, struct error *error)
{
	json_error_t where;
	if (length > AVRO_SCHEMA_MAX || nested_too_deep(json, length)) {
		error_set(error, ERROR_SOURCE, place, "the Avro schema is %s",
			length > AVRO_SCHEMA_MAX ? "longer than 1 MiB" : "nested too deep");
		return NULL;
	}
	json_t *root = json_loadb(json, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
	if (!root) {
		error_set(error, ERROR_SOURCE, place, "the Avro schema is no JSON: line %d, column %d: %s", where.line, where.column,
			where.text);
		return NULL;
	}
	struct parser parser = { .place = place, .error = error, .names = json_object(), .schema = calloc(1, sizeof *parser.schema) };
	if (!parser.names || !parser.schema)
		no_memory(&parser);
	else
		parser.schema->root = parse_type(&parser, root, "");
	bool good = parser.schema && parser.schema->root;
	if (good) {
		const struct avro_type *type = parser.schema->root;
		parser.schema->only = (struct avro_field){ .name = parser.schema->only_name, .type = type };
		memcpy(parser.schema->only_name, AVRO_ONLY_FIELD, sizeof AVRO_ONLY_FIELD);
		parser.schema->fields = type->kind == KIND_RECORD ? type->fields : &parser.schema->only;
		parser.schema->field_count = type->kind == KIND_RECORD ? type->count : 1;
	}
	json_decref(parser.names);
	json_decref(root);
	if (!good) {
		avro_schema_close(parser.schema);
		return NULL;
	}
	return parser.schema;
}

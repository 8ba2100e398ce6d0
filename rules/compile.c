/* compile.c - from a table to the list of its rules, with the words for each of them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/compile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/plural.h"
#include "engine/core/utf8.h"

enum { PHRASE_MAX = 4096, SHOWN_MAX = 200 };

/* While a program is being made; the first failure stops it. */
struct compiler {
	struct program *program;
	struct rule_set ids; /* only for their ids */
	struct buffer text, demand;
	struct error *error;
	bool failed;
};

#define SAY(compiler, part, ...)                                                                                       \
	do {                                                                                                           \
		if (buffer_printf(&(compiler)->part, (compiler)->error, __VA_ARGS__) < 0)                              \
			(compiler)->failed = true;                                                                     \
	} while (0)

/* Takes what was said into a new draft; its index, or NO_RULE. */
static size_t add(struct compiler *compiler, enum code code, const char *name, const size_t *fields, size_t count)
{
	struct program *program = compiler->program;
	size_t index = NO_RULE;
	struct rule_draft *drafts = realloc(program->drafts, (program->draft_count + 1) * sizeof *drafts);
	if (drafts)
		program->drafts = drafts;
	const struct rule *rule =
		compiler->failed ? NULL : rule_set_get(&compiler->ids, code, name, fields, count, "", compiler->error);
	if (drafts && rule) {
		struct rule_draft *draft = &drafts[program->draft_count];
		*draft = (struct rule_draft){.code = code, .name = name, .field_count = count};
		draft->fields = calloc(count ? count : 1, sizeof *fields);
		draft->id = strdup(rule->id);
		draft->text = strdup(buffer_text(&compiler->text));
		draft->demand = strdup(buffer_text(&compiler->demand));
		index = program->draft_count++;
		if (!draft->fields || !draft->id || !draft->text || !draft->demand)
			index = NO_RULE;
		else if (count > 0)
			memcpy(draft->fields, fields, count * sizeof *fields);
	}
	if (index == NO_RULE) {
		compiler->failed = true;
		error_memory(compiler->error, "the rules of a table");
	}
	buffer_clear(&compiler->text);
	buffer_clear(&compiler->demand);
	return index;
}

static size_t add_record_rule(struct compiler *compiler, enum code code, const char *text, const char *demand)
{
	SAY(compiler, text, "%s", text);
	SAY(compiler, demand, "%s", demand);
	return add(compiler, code, NULL, NULL, 0);
}

/* A list of words for a person, cut. */
static void say_words(struct compiler *compiler, struct buffer *out, const struct words *words)
{
	size_t begin = out->length;
	for (size_t i = 0; i < words->count && !compiler->failed; i++) {
		if (out->length - begin > SHOWN_MAX) {
			compiler->failed = buffer_puts(out, ", ...", compiler->error) < 0;
			break;
		}
		compiler->failed = buffer_printf(out, compiler->error, "%s%.*s", i > 0 ? ", " : "",
						 (int)utf8_cut(words->items[i].data, words->items[i].length, SHOWN_MAX),
						 words->items[i].data) < 0;
	}
}

/* How numbers are spelled, where that is not as everywhere. */
static int say_style(struct buffer *out, const struct number_style *style, struct error *error)
{
	bool decimal = style->decimal_length != 1 || style->decimal[0] != '.', group = style->group_length > 0;
	if (!decimal && !group)
		return 0;
	if (buffer_puts(out, " (", error) < 0)
		return -1;
	if (decimal && buffer_printf(out, error, "decimalChar \"%.*s\"%s", (int)style->decimal_length, style->decimal, group ? ", " : "") < 0)
		return -1;
	if (group && buffer_printf(out, error, "groupChar \"%.*s\"", (int)style->group_length, style->group) < 0)
		return -1;
	return buffer_puts(out, ")", error);
}

/* "an integer (64 bit)" into out. */
static void say_type(struct compiler *compiler, struct buffer *out, const struct field *field,
		     const struct field_rules *rules)
{
	struct error *error = compiler->error;
	const char *zone = rules->timezone;
	int result = 0;
	switch (field->type) {
	case VALUE_STRING:
		result = buffer_puts(out,
				     rules->string_format == STRING_EMAIL ? "an e-mail address (name@example.org)"
									  : "a URI (https://example.org/)",
				     error);
		break;
	case VALUE_INTEGER:
		result = buffer_puts(out, "an integer (64 bit)", error) < 0 || say_style(out, &rules->number, error) < 0 ? -1 : 0;
		break;
	case VALUE_DOUBLE:
		result = buffer_puts(out, "a number", error) < 0 || say_style(out, &rules->number, error) < 0 ? -1 : 0;
		break;
	case VALUE_DECIMAL: {
		unsigned before = (unsigned)(field->precision - field->scale);
		result = buffer_printf(out, error, "a number with at most %u digit%s before and %u after the decimal point", before,
				       plural(before, "", "s"), (unsigned)field->scale) < 0 ||
			 say_style(out, &rules->number, error) < 0 ? -1 : 0;
		break;
	}
	case VALUE_BOOLEAN:
		result = buffer_puts(out, "a boolean (true is ", error);
		say_words(compiler, out, &rules->true_words);
		if (result == 0)
			result = buffer_puts(out, "; false is ", error);
		say_words(compiler, out, &rules->false_words);
		if (result == 0)
			result = buffer_puts(out, ")", error);
		break;
	case VALUE_DATE:
	case VALUE_TIME:
	case VALUE_DATETIME:
		if (rules->format)
			result = buffer_printf(out, error, "a %s of the form %s", value_type_name(field->type),
					       rules->format);
		else
			result = buffer_puts(out,
					     field->type == VALUE_DATE   ? "a date (2021-11-07)"
					     : field->type == VALUE_TIME ? "a time (02:48:42)"
									 : "a datetime (2021-11-07T02:48:42Z)",
					     error);
		if (result == 0 && zone)
			result = buffer_printf(out, error, " that happens once in %s", zone);
		break;
	case VALUE_YEAR:
		result = buffer_puts(out, "a year (2021)", error);
		break;
	case VALUE_YEARMONTH:
		result = buffer_puts(out, "a year and month (2021-11)", error);
		break;
	case VALUE_UUID:
		result = buffer_puts(out, "a UUID", error);
		break;
	case VALUE_BINARY:
		result = buffer_puts(out, "base64", error);
		break;
	case VALUE_DURATION:
		result = buffer_puts(out, "a duration (P1Y2M3DT4H5M6S)", error);
		break;
	case VALUE_JSON:
		result = buffer_puts(out, rules->json == JSON_OBJECT ? "a JSON object" : "a JSON array", error);
		break;
	}
	compiler->failed = compiler->failed || result < 0;
}

static void add_type(struct compiler *compiler, size_t index, const struct field *field,
		     const struct field_rules *rules)
{
	if ((field->type == VALUE_STRING && rules->string_format == STRING_ANY) || (field->type == VALUE_JSON && !rules->json))
		return; /* every text is one */
	SAY(compiler, text, "is not ");
	say_type(compiler, &compiler->text, field, rules);
	SAY(compiler, demand, "must be ");
	say_type(compiler, &compiler->demand, field, rules);
	compiler->program->fields[index][RULE_TYPE] = add(compiler, CODE_TYPE_ERROR, NULL, &index, 1);
}

static void add_constraint(struct compiler *compiler, size_t index, enum field_rule which)
{
	static const char *const names[FIELD_RULES] = {[RULE_REQUIRED] = "required",
						       [RULE_MIN_LENGTH] = "minLength",
						       [RULE_MAX_LENGTH] = "maxLength",
						       [RULE_MINIMUM] = "minimum",
						       [RULE_MAXIMUM] = "maximum",
						       [RULE_EXCLUSIVE_MINIMUM] = "exclusiveMinimum",
						       [RULE_EXCLUSIVE_MAXIMUM] = "exclusiveMaximum",
						       [RULE_PATTERN] = "pattern",
						       [RULE_ENUM] = "enum"};
	compiler->program->fields[index][which] = add(compiler, CODE_CONSTRAINT_ERROR, names[which], &index, 1);
}

static void add_bound(struct compiler *compiler, size_t index, const struct field_rules *rules, enum bound_kind kind)
{
	static const char *const texts[BOUNDS] = {"is below the minimum", "is above the maximum", "is not above",
						  "is not below"};
	static const char *const demands[BOUNDS] = {"must be at least", "must be at most", "must be above",
						    "must be below"};
	if (!rules->has_bound[kind])
		return;
	SAY(compiler, text, "%s %s", texts[kind], rules->bounds[kind].written);
	SAY(compiler, demand, "%s %s", demands[kind], rules->bounds[kind].written);
	add_constraint(compiler, index, (enum field_rule)(RULE_MINIMUM + (int)kind));
}

static void add_field(struct compiler *compiler, size_t index)
{
	const struct field *field = &compiler->program->table->schema->fields[index];
	const struct field_rules *rules = &compiler->program->table->fields[index];
	const char *unit = field->type == VALUE_BINARY	? "byte"
			   : rules->json == JSON_OBJECT ? "member"
			   : rules->json == JSON_ARRAY	? "element"
							: "character";
	const char *shorter = rules->json ? "has fewer" : "is shorter", *longer = rules->json ? "has more" : "is longer";
	add_type(compiler, index, field, rules);
	if (field->required) {
		SAY(compiler, text, "is required");
		SAY(compiler, demand, "must have a value");
		add_constraint(compiler, index, RULE_REQUIRED);
	}
	if (rules->has_min_length) {
		const char *plural = rules->min_length == 1 ? "" : "s";
		SAY(compiler, text, "%s than %" PRIu64 " %s%s", shorter, rules->min_length, unit, plural);
		SAY(compiler, demand, "must have at least %" PRIu64 " %s%s", rules->min_length, unit, plural);
		add_constraint(compiler, index, RULE_MIN_LENGTH);
	}
	if (rules->has_max_length) {
		const char *plural = rules->max_length == 1 ? "" : "s";
		SAY(compiler, text, "%s than %" PRIu64 " %s%s", longer, rules->max_length, unit, plural);
		SAY(compiler, demand, "must have at most %" PRIu64 " %s%s", rules->max_length, unit, plural);
		add_constraint(compiler, index, RULE_MAX_LENGTH);
	}
	for (int kind = 0; kind < BOUNDS; kind++)
		add_bound(compiler, index, rules, (enum bound_kind)kind);
	if (rules->pattern) {
		int shown = (int)utf8_cut(rules->pattern_text, strlen(rules->pattern_text), SHOWN_MAX);
		const char *more = rules->pattern_text[shown] ? "..." : "";
		SAY(compiler, text, "does not match the pattern %.*s%s", shown, rules->pattern_text, more);
		SAY(compiler, demand, "must match the pattern %.*s%s", shown, rules->pattern_text, more);
		add_constraint(compiler, index, RULE_PATTERN);
		compiler->program->has_pattern = true;
	}
	if (rules->enumeration_count > 0) {
		SAY(compiler, text, "is not one of %s", rules->enumeration_text);
		SAY(compiler, demand, "must be one of %s", rules->enumeration_text);
		add_constraint(compiler, index, RULE_ENUM);
	}
}

static void add_missing_cell(struct compiler *compiler, size_t index)
{
	SAY(compiler, text, "is missing: the record has too few cells");
	SAY(compiler, demand, "must have a cell in every record");
	compiler->program->fields[index][RULE_MISSING_CELL] = add(compiler, CODE_MISSING_CELL, NULL, &index, 1);
}

static struct key_draft *add_key(struct compiler *compiler, const struct key *key)
{
	struct key_draft *draft = &compiler->program->keys[compiler->program->key_count++];
	*draft = (struct key_draft){.key = *key, .also = NO_RULE, .resource = compiler->program->table->schema->name};
	return draft;
}

static size_t add_unique_rule(struct compiler *compiler, const struct key *key)
{
	SAY(compiler, text, "is taken: another record, of the source or of the target, has %s",
	    key->count == 1 ? "this value" : "these values");
	SAY(compiler, demand, "must be unique");
	return add(compiler, CODE_UNIQUE_ERROR, NULL, key->fields, key->count);
}

static void add_identity(struct compiler *compiler, const struct key *key, bool primary)
{
	const struct table *table = compiler->program->table;
	struct key_draft *draft = add_key(compiler, key);
	if (key_shape_init(&draft->shape, table->schema, key->fields, key->fields, key->count, compiler->error) < 0)
		compiler->failed = true;
	draft->kind = primary ? KEY_PRIMARY : KEY_UNIQUE;
	if (!primary) {
		draft->rule = add_unique_rule(compiler, key);
		return;
	}
	SAY(compiler, text, "is taken: another record, of the source or of the target, has this primary key");
	SAY(compiler, demand, "must be unique, as the primary key");
	draft->rule = add(compiler, CODE_PRIMARY_KEY, NULL, key->fields, key->count);
	for (size_t i = 0; i < table->declared_unique_count; i++)
		draft->also = add_unique_rule(compiler, &table->declared_unique[i]);
}

static void add_reference(struct compiler *compiler, const struct foreign_key *foreign, const struct key_shape *shape)
{
	struct key_draft *draft = add_key(compiler, &foreign->key);
	draft->kind = KEY_REFERENCE;
	draft->shape = *shape;
	draft->resource = foreign->resource;
	SAY(compiler, text, "is not in %s(", foreign->resource);
	SAY(compiler, demand, "must be in %s(", foreign->resource);
	for (size_t i = 0; i < foreign->key.count; i++) {
		SAY(compiler, text, "%s%s", i > 0 ? ", " : "", foreign->columns[i]);
		SAY(compiler, demand, "%s%s", i > 0 ? ", " : "", foreign->columns[i]);
	}
	SAY(compiler, text, ")");
	SAY(compiler, demand, ")");
	draft->rule = add(compiler, CODE_FOREIGN_KEY, NULL, foreign->key.fields, foreign->key.count);
}

static void compile(struct compiler *compiler)
{
	struct program *program = compiler->program;
	const struct schema *schema = program->table->schema;
	program->encoding = add_record_rule(compiler, CODE_ENCODING_ERROR, "the record is not valid UTF-8",
					    "records must be valid UTF-8");
	program->record =
		add_record_rule(compiler, CODE_RECORD_ERROR, "the record cannot be read", "records must be readable");
	for (size_t i = 0; i < schema->field_count && !compiler->failed; i++)
		add_missing_cell(compiler, i);
	program->extra =
		add_record_rule(compiler, CODE_EXTRA_CELL, "the record has more cells than the table has fields",
				"records must have no more cells than the table has fields");
	for (size_t i = 0; i < schema->field_count && !compiler->failed; i++)
		add_field(compiler, i);
	if (schema->primary.count > 0 && !compiler->failed)
		add_identity(compiler, &schema->primary, true);
	for (size_t i = 0; i < schema->unique_count && !compiler->failed; i++)
		add_identity(compiler, &schema->unique[i], false);
	for (size_t i = 0; i < schema->foreign_count && !compiler->failed; i++)
		add_reference(compiler, &schema->foreign[i], &program->table->references[i]);
}

struct program *program_compile(const struct table *table, struct error *error)
{
	const struct schema *schema = table->schema;
	struct program *program = calloc(1, sizeof *program);
	if (!program) {
		error_memory(error, "the rules of a table");
		return NULL;
	}
	program->table = table;
	program->fields = calloc(schema->field_count ? schema->field_count : 1, sizeof *program->fields);
	program->keys = calloc(1 + schema->unique_count + schema->foreign_count, sizeof *program->keys);
	if (!program->fields || !program->keys) {
		program_free(program);
		error_memory(error, "the rules of a table");
		return NULL;
	}
	for (size_t i = 0; i < schema->field_count; i++)
		for (size_t j = 0; j < FIELD_RULES; j++)
			program->fields[i][j] = NO_RULE;
	struct compiler compiler = {.program = program, .error = error};
	rule_set_init(&compiler.ids, schema);
	buffer_init(&compiler.text, PHRASE_MAX * 16);
	buffer_init(&compiler.demand, PHRASE_MAX * 16);
	compile(&compiler);
	rule_set_fini(&compiler.ids);
	buffer_fini(&compiler.text);
	buffer_fini(&compiler.demand);
	if (!compiler.failed)
		return program;
	program_free(program);
	return NULL;
}

void program_free(struct program *program)
{
	if (!program)
		return;
	for (size_t i = 0; i < program->draft_count; i++) {
		free(program->drafts[i].fields);
		free(program->drafts[i].id);
		free(program->drafts[i].text);
		free(program->drafts[i].demand);
	}
	free(program->drafts);
	free(program->fields);
	for (size_t i = 0; i < program->key_count; i++)
		if (program->keys[i].kind != KEY_REFERENCE)
			key_shape_fini(&program->keys[i].shape);
	free(program->keys);
	free(program);
}

/* One rule stays one line, whatever stands in names and patterns. */
static int print_line(const char *text, struct buffer *out, struct error *error)
{
	for (; *text; text++) {
		char c = (unsigned char)*text < ' ' || *text == 0x7F ? '?' : *text;
		if (buffer_append(out, &c, 1, error) < 0)
			return -1;
	}
	return 0;
}

int program_print(const struct program *program, struct buffer *out, struct error *error)
{
	size_t width = 0;
	for (size_t i = 0; i < program->draft_count; i++) {
		size_t length = strlen(program->drafts[i].id);
		width = length > width && length <= 48 ? length : width;
	}
	for (size_t i = 0; i < program->draft_count; i++) {
		size_t begin = out->length;
		if (print_line(program->drafts[i].id, out, error) < 0)
			return -1;
		do {
			if (buffer_append(out, " ", 1, error) < 0)
				return -1;
		} while (out->length - begin < width + 2);
		if (print_line(program->drafts[i].demand, out, error) < 0 || buffer_append(out, "\n", 1, error) < 0)
			return -1;
	}
	return 0;
}

int program_each(const struct program *program,
	int (*each)(void *arg, const char *id, const char *demand, const size_t *fields, size_t field_count), void *arg)
{
	for (size_t i = 0; i < program->draft_count; i++) {
		const struct rule_draft *draft = &program->drafts[i];
		int result = each(arg, draft->id, draft->demand, draft->fields, draft->field_count);

		if (result)
			return result;
	}
	return 0;
}

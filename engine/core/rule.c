/* rule.c - rule ids and the set that interns them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/rule.h"

#include <stdlib.h>
#include <string.h>

#include "engine/core/buffer.h"

enum { RULE_ID_MAX = 64 * 1024 };

static const struct {
	const char *name;
	const char *rule; /* RULE of the id where it is not the code's name */
	enum stage stage;
} codes[] = {
	[CODE_TYPE_ERROR] = { "type-error", "type", STAGE_CELL },
	[CODE_CONSTRAINT_ERROR] = { "constraint-error", NULL, STAGE_CELL },
	[CODE_PRIMARY_KEY] = { "primary-key", NULL, STAGE_PRIMARY_KEY },
	[CODE_UNIQUE_ERROR] = { "unique-error", "unique", STAGE_UNIQUE },
	[CODE_FOREIGN_KEY] = { "foreign-key", NULL, STAGE_FOREIGN_KEY },
	[CODE_MISSING_CELL] = { "missing-cell", NULL, STAGE_MISSING },
	[CODE_EXTRA_CELL] = { "extra-cell", NULL, STAGE_EXTRA },
	[CODE_ENCODING_ERROR] = { "encoding-error", NULL, STAGE_ENCODING },
	[CODE_RECORD_ERROR] = { "record-error", NULL, STAGE_RECORD },
	[CODE_DATABASE_ERROR] = { "database-error", NULL, STAGE_DATABASE },
};

const char *code_name(enum code code)
{
	return codes[code].name;
}

void rule_set_init(struct rule_set *set, const struct schema *schema)
{
	*set = (struct rule_set){ .schema = schema };
}

static void rule_free(struct rule *rule)
{
	if (!rule)
		return;
	free(rule->id);
	free(rule->fields);
	free(rule->text);
	free(rule);
}

void rule_set_fini(struct rule_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		rule_free(set->rules[i]);
	free(set->rules);
	*set = (struct rule_set){ .schema = set->schema };
}

/* "id" or "region+id" */
static int names_of(const struct schema *schema, const size_t *fields, size_t count, struct buffer *out,
	struct error *error)
{
	for (size_t i = 0; i < count; i++)
		if ((i > 0 && buffer_puts(out, "+", error) < 0) || buffer_puts(out, schema->fields[fields[i]].name, error) < 0)
			return -1;
	return buffer_puts(out, "", error);
}

static int id_of(const struct schema *schema, const char *rule, const char *names, size_t count, struct buffer *out,
	struct error *error)
{
	if (count == 0)
		return buffer_printf(out, error, "%s.%s", schema->name, rule);
	if (count == 1)
		return buffer_printf(out, error, "%s.%s.%s", schema->name, names, rule);
	return buffer_printf(out, error, "%s.%s(%s)", schema->name, rule, names);
}

static const struct rule *add(struct rule_set *set, enum code code, const char *id, const char *names,
	const size_t *fields, size_t count, const char *text, struct error *error)
{
	struct rule *rule = calloc(1, sizeof *rule);
	struct rule **rules = realloc(set->rules, (set->count + 1) * sizeof *rules);
	if (rules)
		set->rules = rules;
	if (rule) {
		*rule = (struct rule){ .code = code, .stage = codes[code].stage, .index = set->count };
		rule->field = count == 1 ? fields[0] : SCHEMA_NO_FIELD;
		rule->first_field = count > 0 ? fields[0] : SCHEMA_NO_FIELD;
		rule->id = strdup(id);
		rule->fields = strdup(names);
		rule->text = strdup(text ? text : "");
	}
	if (!rule || !rules || !rule->id || !rule->fields || !rule->text) {
		rule_free(rule);
		error_memory(error, "a rule");
		return NULL;
	}
	set->rules[set->count++] = rule;
	return rule;
}

const struct rule *rule_set_get(struct rule_set *set, enum code code, const char *name, const size_t *fields,
	size_t field_count, const char *text, struct error *error)
{
	const char *rule_name = name ? name : codes[code].rule ? codes[code].rule : codes[code].name;
	const struct rule *found = NULL;
	struct buffer names, id;
	buffer_init(&names, RULE_ID_MAX);
	buffer_init(&id, RULE_ID_MAX);
	if (names_of(set->schema, fields, field_count, &names, error) == 0 &&
		id_of(set->schema, rule_name, buffer_text(&names), field_count, &id, error) == 0) {
		for (size_t i = 0; i < set->count && !found; i++)
			if (strcmp(set->rules[i]->id, id.data) == 0)
				found = set->rules[i];
		if (!found)
			found = add(set, code, id.data, names.data, fields, field_count, text, error);
	}
	buffer_fini(&names);
	buffer_fini(&id);
	return found;
}

/* candidates.c - values made to break a rule of a field, or to keep it by a hair.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/candidates.h"

#include <string.h>

static struct sample *next(struct candidates *candidates)
{
	return candidates->count < CANDIDATES_MAX ? &candidates->items[candidates->count++] : &candidates->items[CANDIDATES_MAX - 1];
}

static void add_text(struct candidates *candidates, enum sample_kind kind, const char *text)
{
	if (candidates->count < CANDIDATES_MAX && sample_text(&candidates->items[candidates->count], kind, text, strlen(text)))
		candidates->count++;
}

static void add_beside(struct candidates *candidates, const struct field *field, const struct constant *bound, int steps)
{
	if (candidates->count < CANDIDATES_MAX && sample_beside(field, bound, steps, &candidates->items[candidates->count]))
		candidates->count++;
}

static void add_length(struct candidates *candidates, const struct field *field, const struct field_rules *rules, uint64_t length)
{
	for (unsigned k = 0; k < 4 && candidates->count < CANDIDATES_MAX; k++)
		if (sample_length(field, rules, k, length, &candidates->items[candidates->count]))
			candidates->count++;
}

static void add_outsiders(struct candidates *candidates, const struct field *field, const struct field_rules *rules)
{
	struct field_rules open = *rules;

	open.enumeration_count = 0;
	for (unsigned k = 0; k < CANDIDATES_MAX / 2 && candidates->count < CANDIDATES_MAX; k++)
		if (sample_good(field, &open, k * 3, &candidates->items[candidates->count]))
			candidates->count++;
}

/* Changes of a good text by which it may no longer match. */
static void add_mismatches(struct candidates *candidates, const struct sample *good)
{
	static const char strange[] = "~#A0 z\"";

	for (size_t i = 0; good->text && good->length > 0 && strange[i]; i++) {
		struct sample *out = &candidates->items[candidates->count];

		if (candidates->count == CANDIDATES_MAX || !sample_text(out, SAMPLE_VALUE, good->text, good->length))
			return;
		out->text[i % 2 ? out->length - 1 : 0] = strange[i];
		candidates->count++;
	}
	add_text(candidates, SAMPLE_VALUE, "~~~~~~~~");
	add_text(candidates, SAMPLE_VALUE, "");
}

static void add_no_values(struct candidates *candidates, const struct field *field)
{
	static const char *const texts[] = {"not a value", "~", "{", "9x", "2021-13-45", "9999999999999999999999999999999999999999", "[1,"};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		add_text(candidates, SAMPLE_TEXT, texts[i]);
	if (field->type == VALUE_JSON) {
		add_text(candidates, SAMPLE_TEXT, "[]");
		add_text(candidates, SAMPLE_TEXT, "{}");
	}
}

bool candidate_keeping(enum field_rule kind, const struct field *field, const struct field_rules *rules, struct sample *out)
{
	switch (kind) {
	case RULE_MIN_LENGTH:
		return sample_length(field, rules, 0, rules->min_length, out);
	case RULE_MAX_LENGTH:
		return sample_length(field, rules, 0, rules->max_length, out);
	case RULE_MINIMUM:
	case RULE_MAXIMUM:
		return sample_beside(field, &rules->bounds[kind - RULE_MINIMUM], 0, out);
	case RULE_EXCLUSIVE_MINIMUM:
		return sample_beside(field, &rules->bounds[BOUND_EXCLUSIVE_MINIMUM], 1, out);
	case RULE_EXCLUSIVE_MAXIMUM:
		return sample_beside(field, &rules->bounds[BOUND_EXCLUSIVE_MAXIMUM], -1, out);
	default:
		return false;
	}
}

void candidates_breaking(enum field_rule kind, const struct field *field, const struct field_rules *rules, const struct sample *good,
	struct candidates *out)
{
	*out = (struct candidates){.sure = true};
	switch (kind) {
	case RULE_MISSING_CELL:
		next(out)->kind = SAMPLE_ABSENT;
		break;
	case RULE_REQUIRED:
		next(out)->kind = SAMPLE_NULL;
		break;
	case RULE_TYPE:
		out->sure = false;
		add_no_values(out, field);
		break;
	case RULE_MIN_LENGTH:
		add_length(out, field, rules, rules->min_length - 1);
		break;
	case RULE_MAX_LENGTH:
		add_length(out, field, rules, rules->max_length + 1);
		break;
	case RULE_MINIMUM:
	case RULE_EXCLUSIVE_MAXIMUM:
		add_beside(out, field, &rules->bounds[kind - RULE_MINIMUM], kind == RULE_MINIMUM ? -1 : 0);
		break;
	case RULE_MAXIMUM:
	case RULE_EXCLUSIVE_MINIMUM:
		add_beside(out, field, &rules->bounds[kind - RULE_MINIMUM], kind == RULE_MAXIMUM ? 1 : 0);
		break;
	case RULE_PATTERN:
		out->sure = false;
		add_mismatches(out, good);
		break;
	case RULE_ENUM:
		out->sure = false;
		add_outsiders(out, field, rules);
		if (good->text)
			add_mismatches(out, good);
		break;
	default:
		break;
	}
}

void candidates_fini(struct candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++)
		sample_fini(&candidates->items[i]);
	candidates->count = 0;
}

/* params.c - what a pipeline lets its caller choose, and what the caller chose.
 * SPDX-License-Identifier: Apache-2.0
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "engine/config/params.h"

#include <pcre2.h>
#include <string.h>

#include "engine/config/declared.h"
#include "engine/config/interpolate.h"
#include "engine/config/keys.h"
#include "engine/config/options.h"
#include "engine/config/tree.h"

struct loading {
	struct params *params;
	const struct scope *scope;
	struct stash *stash;
	struct diagnostics *diagnostics;
};

struct param *params_find(const struct params *params, const char *name)
{
	for (size_t i = 0; i < params->count; i++)
		if (strcmp(params->items[i].name, name) == 0)
			return &params->items[i];
	return NULL;
}

void params_report_unused(const struct params *params, struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < params->count; i++)
		if (!params->items[i].used)
			diagnostics_warning(diagnostics, params->items[i].place, "param \"%s\" is not used; it would be ${params.%s}",
				params->items[i].name, params->items[i].name);
}

/* True when the whole value matches. A pattern that does not compile is reported at place. */
static bool matches(const struct loading *loading, const char *pattern, const char *value, const struct node *place,
	bool *compiled)
{
	int number;
	PCRE2_SIZE offset;
	PCRE2_UCHAR reason[128];
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
		PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_BACKSLASH_C, &number, &offset, NULL);
	pcre2_match_data *data = code ? pcre2_match_data_create(1, NULL) : NULL;
	pcre2_match_context *context = code ? pcre2_match_context_create(NULL) : NULL;
	bool result = false;

	*compiled = code != NULL;
	if (!code) {
		pcre2_get_error_message(number, reason, sizeof(reason));
		diagnostics_error(loading->diagnostics, place, "this pattern is not a regular expression: %s (at character %zu)",
			(const char *)reason, (size_t)offset + 1);
	} else if (!data || !context) {
		diagnostics_memory(loading->diagnostics);
	} else if (value) {
		pcre2_set_match_limit(context, 1000000);
		result = pcre2_match(code, (PCRE2_SPTR)value, PCRE2_ZERO_TERMINATED, 0, 0, data, context) >= 0;
	}
	pcre2_match_context_free(context);
	pcre2_match_data_free(data);
	pcre2_code_free(code);
	return result;
}

static int check_type(const struct loading *loading, struct param *param, int type)
{
	struct error error = ERROR_INIT;
	char canonical[VALUE_TEXT_MAX];
	int result;

	if (!param->value || param->type == VALUE_STRING)
		return 0;
	result = declared_read(param->type, param->value, canonical, &error);
	if (result > 0)
		param->canonical = stash_text(loading->stash, canonical);
	else if (result == 0)
		diagnostics_error(loading->diagnostics, param->place, "the value of param \"%s\" is not of its type, %s%s",
			param->name, declared_names[type], param->type == VALUE_DATE ? " (2021-11-07)" :
			param->type == VALUE_DATETIME ? " (2021-11-07T02:48:42Z)" : "");
	diagnostics_take(loading->diagnostics, &error);
	return param->canonical ? 0 : -1;
}

static int check_value(const struct loading *loading, const struct param *param, const struct node *entry)
{
	const struct node *place = node_find(entry, "pattern");
	bool compiled = true;

	if (param->pattern) {
		bool match = matches(loading, param->pattern, param->value, place, &compiled);

		if (compiled && param->value && !match)
			diagnostics_error(loading->diagnostics, param->place,
				"the value of param \"%s\" does not match its pattern %.128s", param->name, param->pattern);
		if (!compiled || (param->value && !match))
			return -1;
	}
	if (param->values.count > 0 && param->value) {
		char guess[256];

		for (size_t i = 0; i < param->values.count; i++)
			if (strcmp(param->values.items[i], param->value) == 0)
				return 0;
		/* items has a NULL behind its end */
		diagnostics_error(loading->diagnostics, param->place, "the value of param \"%s\" is not in its enum%s",
			param->name, options_guess(param->secret ? "" : param->value, param->values.items, guess, sizeof(guess)));
		return -1;
	}
	return 0;
}

static int take_default(const struct loading *loading, struct param *param, const struct node *entry, bool definition,
	const char **out)
{
	const struct node *written = node_find(entry, "default");
	struct scope scope = *loading->scope;
	struct node *copy;
	int result;

	if (!written)
		return 0;
	copy = tree_copy(written);
	if (!copy) {
		diagnostics_memory(loading->diagnostics);
		return -1;
	}
	scope.params = NULL;
	scope.definition = definition;
	result = interpolate(copy, &scope, false);
	if (result == 0) {
		param->secret = param->secret || copy->secret;
		*out = stash_text(loading->stash, copy->text);
	}
	node_free(copy);
	return *out ? result : -1;
}

static int load_one(const struct loading *loading, struct param *param, const struct node *key, const struct node *entry)
{
	const struct binder binder = {.owner = "a param", .stash = loading->stash, .diagnostics = loading->diagnostics};
	struct param_keys keys = {.request = false};
	int result;

	param->place = key;
	if (strspn(key->text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != strlen(key->text) ||
		!key->text[0]) {
		diagnostics_error(loading->diagnostics, key, "the name of a param is made of letters, digits and _");
		return -1;
	}
	if (entry->kind != NODE_MAP) {
		diagnostics_error(loading->diagnostics, entry, "a param is a map such as { default: ..., description: ... }");
		return -1;
	}
	result = options_check_keys(&binder, entry, (const struct option *const[]){keys_of_param, NULL});
	if (options_bind(&binder, entry, keys_of_param, &keys) < 0)
		return -1;
	param->description = keys.description;
	param->values = keys.values;
	param->pattern = keys.pattern;
	param->type = declared_type(keys.type);
	param->request = keys.request;
	param->upload = keys.upload;
	if (param->requested && !keys.request) {
		diagnostics_error(loading->diagnostics, key, "param \"%s\" may not be set by a request", param->name);
		result = -1;
	}
	if (keys.request && !keys.pattern && keys.values.count == 0) {
		diagnostics_error(loading->diagnostics, key,
			"param \"%s\" may be set by a request, so it needs an enum or a pattern", param->name);
		result = -1;
	}
	if (!param->value && (take_default(loading, param, entry, false, &param->value) < 0 ||
		take_default(loading, param, entry, true, &param->definition) < 0))
		return -1;
	if (check_type(loading, param, keys.type) < 0)
		return -1;
	return check_value(loading, param, entry) < 0 ? -1 : result;
}

static int take_set(const struct loading *loading, const char *set, bool request)
{
	const char *equals = strchr(set, '=');
	char name[128];
	struct param *param;

	if (!equals || equals == set || (size_t)(equals - set) >= sizeof(name)) {
		diagnostics_error(loading->diagnostics, NULL, "--set takes NAME=VALUE");
		return -1;
	}
	memcpy(name, set, (size_t)(equals - set));
	name[equals - set] = '\0';
	param = params_find(loading->params, name);
	if (!param) {
		struct names names = {.count = 0};
		char guess[256];

		for (size_t i = 0; i < loading->params->count; i++)
			names_add(&names, loading->params->items[i].name);
		diagnostics_error(loading->diagnostics, NULL, "--set %s=...: unknown param \"%s\"%s", name, name,
			names.count == 0 ? "; this pipeline has none" : options_guess(name, names.list, guess, sizeof(guess)));
		return -1;
	}
	param->requested = request;
	param->value = param->definition = stash_text(loading->stash, equals + 1);
	return param->value ? 0 : -1;
}

int params_load(struct params *params, const struct node *map, const struct load_options *options,
	const struct scope *scope, struct stash *stash, struct diagnostics *diagnostics)
{
	const struct loading loading = {params, scope, stash, diagnostics};
	int result = 0;

	*params = (struct params){.count = 0};
	if (map && map->kind != NODE_MAP) {
		diagnostics_error(diagnostics, map, "params is a map such as { data: { default: ... } }");
		return -1;
	}
	if (map && map->count > PARAMS_MAX) {
		diagnostics_error(diagnostics, map, "a pipeline has at most %d params", PARAMS_MAX);
		return -1;
	}
	params->count = map ? map->count : 0;
	params->items = stash_array(stash, params->count + 1, sizeof(*params->items));
	if (!params->items) {
		params->count = 0;
		return -1;
	}
	for (size_t i = 0; i < params->count; i++) {
		params->items[i].name = stash_text(stash, map->keys[i]->text);
		if (!params->items[i].name) {
			params->count = 0;
			return -1;
		}
	}
	for (size_t i = 0; options && i < options->set_count; i++)
		if (take_set(&loading, options->sets[i], options->request) < 0)
			result = -1;
	for (size_t i = 0; i < params->count; i++)
		if (load_one(&loading, &params->items[i], map->keys[i], map->items[i]) < 0) {
			params->items[i].broken = true;
			result = -1;
		}
	return result;
}

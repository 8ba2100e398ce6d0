/* dictionary.c - /v1/pipelines/{pipeline}/dictionary: the tables of a pipeline, their fields, keys and rules.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Written from what was loaded when the service began: no file is read for it.
 */
#include <string.h>

#include "engine/http/json_put.h"
#include "engine/http/request_load.h"
#include "rules/program.h"

enum { TABLE_TEXT_MAX = 16 << 20 };

/* The descriptor of a table as JSON that is parsed; NULL and error. */
static json_t *descriptor_of(const struct table *table, struct error *error)
{
	struct buffer text;
	json_t *descriptor = NULL;

	buffer_init(&text, TABLE_TEXT_MAX);
	if (table_json(table, &text, error) == 0) {
		descriptor = json_loadb(buffer_text(&text), text.length, JSON_ALLOW_NUL, NULL);
		if (!descriptor)
			error_memory(error, "a table of the dictionary");
	}
	buffer_fini(&text);
	return descriptor;
}

struct adding {
	json_t *fields; /* objects of the answer, in the order of the schema */
	json_t *rules;  /* those of no field, or of several */
};

static int add_rule(void *arg, const char *id, const char *demand, const size_t *fields, size_t field_count)
{
	const struct adding *adding = arg;
	json_t *rule = json_object(), *list = adding->rules;
	int failed = put_string(rule, "id", id);

	failed |= put_string(rule, "text", demand);
	if (field_count == 1)
		list = json_object_get(json_array_get(adding->fields, fields[0]), "rules");
	return json_array_append_new(list, rule) | failed;
}

/* description: NULL: none. */
static json_t *field_object(const json_t *given, const char *description)
{
	static const char *const members[] = {"name", "type", "format", "constraints", "precision", "scale", "timezone", "sensitive"};
	json_t *field = json_object();
	int failed = field ? 0 : -1;

	for (size_t i = 0; i < sizeof members / sizeof members[0] && !failed; i++)
		if (json_object_get(given, members[i]))
			failed |= json_object_set(field, members[i], json_object_get(given, members[i]));
	if (description && description[0])
		failed |= put_string(field, "description", description);
	failed |= json_object_set_new(field, "rules", json_array());
	if (!failed)
		return field;
	json_decref(field);
	return NULL;
}

/* A member of the schema under a name of ours; null where it is not there. */
static int take(json_t *object, const char *name, const json_t *schema, const char *member)
{
	json_t *value = json_object_get(schema, member);

	return json_object_set_new(object, name, value ? json_incref(value) : json_null());
}

static json_t *table_object(const struct table *table, struct error *error)
{
	json_t *descriptor = descriptor_of(table, error), *object, *given;
	struct program *program = descriptor ? program_compile(table, error) : NULL;
	const json_t *schema = json_object_get(descriptor, "schema");
	const struct schema *described = table_schema(table);
	struct adding adding = {json_array(), json_array()};
	size_t index;
	int failed;

	object = program ? json_object() : NULL;
	failed = json_object_set(object, "name", json_object_get(descriptor, "name"));
	json_array_foreach(json_object_get(schema, "fields"), index, given)
		failed |= json_array_append_new(adding.fields, field_object(given, index < described->field_count ? described->fields[index].description : NULL));
	if (!failed)
		failed |= program_each(program, add_rule, &adding);
	failed |= put_string(object, "description", described->description);
	failed |= json_object_set_new(object, "fields", adding.fields);
	failed |= take(object, "primary_key", schema, "primaryKey");
	failed |= take(object, "unique_keys", schema, "uniqueKeys");
	failed |= take(object, "foreign_keys", schema, "foreignKeys");
	failed |= json_object_set_new(object, "rules", adding.rules);
	json_decref(descriptor);
	program_free(program);
	if (!failed)
		return object;
	json_decref(object);
	if (!error_is_set(error))
		error_memory(error, "a table of the dictionary");
	return NULL;
}

static int get_dictionary(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	static const char *const none[] = {NULL};
	size_t index = service_find_pipeline(service, request->values[0]);
	const struct dictionary *dictionary;
	json_t *object, *list;
	int failed = 0;

	if (!query_only(request, none, answer))
		return 0;
	if (index == SIZE_MAX) {
		answer_problem(answer, 404, "there is no pipeline \"%.64s\" here", request->values[0]);
		return 0;
	}
	dictionary = pipeline_dictionary(service_pipeline(service, index));
	object = json_object();
	list = json_array();
	for (size_t i = 0; dictionary && i < dictionary_count(dictionary) && !failed; i++)
		failed |= json_array_append_new(list, table_object(dictionary_at(dictionary, i), error));
	failed |= json_object_set_new(object, "tables", list);
	if (failed && error_is_set(error)) {
		json_decref(object);
		return -1;
	}
	return answer_json(answer, 200, object, failed, error);
}

const struct route routes_of_dictionary[] = {
	{"GET", "/v1/pipelines/{pipeline}/dictionary", VERB_READ, BODY_NONE, "The tables of a pipeline's dictionary, with their rules.", get_dictionary},
	{NULL, NULL, VERB_NONE, BODY_NONE, NULL, NULL},
};

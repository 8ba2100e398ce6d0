/* openapi.c - the description of the service.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each route of the table is a path; what a key may see is decided when it asks, not here.
 */
#include "engine/http/openapi.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

#include "engine/core/ingest.h"
#include "engine/core/version.h"
#include "engine/http/openapi_answers.h"
#include "engine/http/parts.h"
#include "rules/jsonschema.h"

enum { ROW_SCHEMA_MAX = 64 << 20, COMPONENT_NAME_MAX = 512, COMPONENT_NUMBER_MAX = 16 };

/* Where memory runs out, jansson gives NULL and refuses it further up: the document is then incomplete, which put() remembers. */
struct writing {
	const struct service *service;
	bool takes_rows; /* a pipeline does: components have Batch and Rows */
	bool failed;
};

static void put(struct writing *writing, json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value) < 0)
		writing->failed = true;
}

static void push(struct writing *writing, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) < 0)
		writing->failed = true;
}

static json_t *reference(const char *kind, const char *name)
{
	return json_pack("{s:o}", "$ref", json_sprintf("#/components/%s/%s", kind, name));
}

/* --- tables --- */

/* What a transform makes rows of: only their columns are known. */
static json_t *given_schema(struct writing *writing, const struct schema *source)
{
	json_t *row = json_pack("{s:s,s:b}", "type", "object", "additionalProperties", 0);
	json_t *properties = json_object();

	for (size_t i = 0; i < source->field_count; i++)
		put(writing, properties, source->fields[i].name, json_object());
	put(writing, row, "properties", properties);
	return row;
}

static json_t *row_schema(struct writing *writing, const struct table *table)
{
	struct error error = ERROR_INIT;
	struct buffer text;
	struct jw writer = {.out = &text, .error = &error};
	json_t *row = NULL;

	buffer_init(&text, ROW_SCHEMA_MAX);
	jw_open(&writer, "{");
	if (table)
		table_json_schema(table, &writer);
	jw_close(&writer, "}");
	if (!writer.failed)
		row = json_loadb(buffer_text(&text), text.length, 0, NULL);
	buffer_fini(&text);
	writing->failed = writing->failed || !row;
	return row;
}

/* Names of components have letters, digits, dots, dashes and underscores; where two tables would have one, those behind the first get a number. */
static void component_name(const json_t *schemas, const char *pipeline, const char *table, char out[COMPONENT_NAME_MAX])
{
	size_t end;

	snprintf(out, COMPONENT_NAME_MAX - COMPONENT_NUMBER_MAX, "%s.%s", pipeline, table);
	end = strlen(out);
	for (char *c = out; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			*c = '_';
	for (unsigned number = 2; json_object_get(schemas, out); number++)
		snprintf(out + end, COMPONENT_NUMBER_MAX, "-%u", number);
}

/* The body of an ingest pipeline: an array of rows for each of its tables. */
static json_t *body_schema(struct writing *writing, const struct pipeline *pipeline, json_t *schemas)
{
	const struct plan *plan = pipeline_plan(pipeline);
	json_t *body = json_pack("{s:s,s:b,s:i}", "type", "object", "additionalProperties", 0, "minProperties", 1);
	json_t *properties = json_object();

	for (size_t i = 0; i < plan->step_count; i++) {
		const struct plan_step *step = &plan->steps[i];
		char name[COMPONENT_NAME_MAX];

		if (!plan_takes_requests(step))
			continue;
		component_name(schemas, plan->name, step->table, name);
		put(writing, schemas, name, step->transform ? given_schema(writing, step->source_schema) :
			row_schema(writing, dictionary_find(pipeline_dictionary(pipeline), step->table)));
		put(writing, properties, step->table, json_pack("{s:s,s:o,s:i}", "type", "array", "items",
			json_pack("{s:[o,o]}", "anyOf", reference("schemas", name), json_pack("{s:s}", "type", "array")), "maxItems", INGEST_ROWS_MAX));
	}
	put(writing, body, "properties", properties);
	return body;
}

static bool has_ingest(const struct plan *plan)
{
	for (size_t i = 0; i < plan->step_count; i++)
		if (plan_takes_requests(&plan->steps[i]))
			return true;
	return false;
}

static json_t *schemas_of_all(struct writing *writing)
{
	json_t *schemas = openapi_answer_schemas();
	json_t *bodies = json_array();

	for (size_t i = 0; i < service_pipeline_count(writing->service); i++) {
		const struct pipeline *pipeline = service_pipeline(writing->service, i);

		if (has_ingest(pipeline_plan(pipeline)))
			push(writing, bodies, body_schema(writing, pipeline, schemas));
	}
	writing->takes_rows = json_array_size(bodies) > 0;
	if (writing->takes_rows) {
		put(writing, schemas, "Batch", json_pack("{s:O}", "anyOf", bodies));
		put(writing, schemas, "Rows", json_pack("{s:s,s:{s:[s,s]},s:i,s:i}", "type", "array", "items", "type", "object", "array", "minItems", 1,
			"maxItems", INGEST_ROWS_MAX));
	}
	json_decref(bodies);
	return schemas;
}

/* --- routes --- */

static json_t *names_of_pipelines(struct writing *writing)
{
	json_t *names = json_array();

	for (size_t i = 0; i < service_pipeline_count(writing->service); i++)
		push(writing, names, json_string(pipeline_plan(service_pipeline(writing->service, i))->name));
	return names;
}

static json_t *parameters_of(struct writing *writing, const struct route *route)
{
	const char *pattern = route->pattern;
	json_t *parameters = json_array();

	while ((pattern = strchr(pattern, '{'))) {
		size_t length = strcspn(++pattern, "}");
		json_t *schema = length == 8 && memcmp(pattern, "pipeline", 8) == 0 ?
			json_pack("{s:s,s:o}", "type", "string", "enum", names_of_pipelines(writing)) : json_pack("{s:s}", "type", "string");

		push(writing, parameters, json_pack("{s:s%,s:s,s:b,s:o}", "name", pattern, length, "in", "path", "required", 1, "schema", schema));
	}
	if (openapi_add_parameters(route, parameters) < 0)
		writing->failed = true;
	return parameters;
}

static json_t *body_of(const struct writing *writing, const struct route *route)
{
	if (route->verb != VERB_INGEST)
		return reference("schemas", strstr(route->pattern, "/verify") ? "Verify" : strstr(route->pattern, "/replay") ? "Replay" : "Start");
	if (!writing->takes_rows)
		return json_object();
	return reference("schemas", strstr(route->pattern, "{table}") ? "Rows" : "Batch");
}

static json_t *operation_of(struct writing *writing, const struct route *route)
{
	json_t *operation = json_pack("{s:s,s:o}", "summary", route->summary ? route->summary : "", "parameters",
		parameters_of(writing, route));
	if (route->body == BODY_JSON)
		put(writing, operation, "requestBody", json_pack("{s:b,s:{s:{s:o}}}", "required", route->verb == VERB_INGEST, "content",
			"application/json", "schema", body_of(writing, route)));
	if (route->body == BODY_JSON_OR_UPLOAD)
		put(writing, operation, "requestBody", json_pack("{s:b,s:{s:{s:o},s:{}}}", "required", 0, "content", "application/json", "schema",
			body_of(writing, route), "text/csv"));
	if (route->body == BODY_UPLOAD)
		put(writing, operation, "requestBody", json_pack("{s:b,s:{s:{}}}", "required", 1, "content", "text/csv"));
	put(writing, operation, "responses", openapi_responses(route));
	if (route->verb == VERB_NONE)
		put(writing, operation, "security", json_array());
	return operation;
}

static json_t *paths_of_all(struct writing *writing)
{
	json_t *paths = json_object();

	for (const struct route *const *table = routes_of_all; *table; table++)
		for (const struct route *route = *table; route->method; route++) {
			json_t *path = json_object_get(paths, route->pattern);
			char method[16] = "";

			for (size_t i = 0; route->method[i] && i + 1 < sizeof(method); i++)
				method[i] = (char)tolower((unsigned char)route->method[i]);
			if (!path) {
				path = json_object();
				put(writing, paths, route->pattern, path);
			}
			put(writing, path, method, operation_of(writing, route));
		}
	return paths;
}

static int append(const char *text, size_t length, void *arg)
{
	struct error error = ERROR_INIT;

	return buffer_append(arg, text, length, &error);
}

int openapi_write(const struct service *service, struct buffer *out, struct error *error)
{
	struct writing writing = {.service = service};
	json_t *schemas = schemas_of_all(&writing);
	json_t *document = json_pack("{s:s,s:{s:s,s:s},s:o,s:{s:o,s:{s:{s:s,s:s},s:{s:s,s:s,s:s}}}}", "openapi", "3.1.0", "info", "title",
		"penstock", "version", PENSTOCK_VERSION, "paths", paths_of_all(&writing), "components", "schemas", schemas, "securitySchemes",
		"bearer", "type", "http", "scheme", "bearer", "header", "type", "apiKey", "in", "header", "name", "X-API-Key");
	int result = document && !writing.failed ? 0 : -1;

	if (result == 0 && service->file->key_count > 0)
		result = json_object_set_new(document, "security", json_pack("[{s:[]},{s:[]}]", "bearer", "header"));
	if (result == 0)
		result = json_dump_callback(document, append, out, JSON_COMPACT);
	json_decref(document);
	return result < 0 ? error_memory(error, "the description of the service") : buffer_puts(out, "\n", error);
}

/* pipeline_schema.c - pipeline files as JSON Schema: sections, steps, connectors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A key that is new in a pipeline file gets a line in `sections`; whatever has an option table needs no more.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "connectors/registry.h"
#include "engine/config/file_schema.h"
#include "engine/config/keys.h"
#include "engine/config/params.h"
#include "engine/core/json_write.h"
#include "engine/core/store.h"

/* --- maps whose keys the file chooses ------------------------------------------------------------- */

static void put_param(struct jw *writer)
{
	jw_open(writer, "{");
	schema_options(writer, keys_of_param, NULL, true);
	/* What a request may set is limited. */
	jw_key(writer, "if");
	jw_raw(writer, "{\"properties\": {\"request\": {\"enum\": [true, \"true\"]}}, \"required\": [\"request\"]}");
	jw_key(writer, "then");
	jw_raw(writer, "{\"anyOf\": [{\"required\": [\"pattern\"]}, {\"required\": [\"enum\"]}]}");
	jw_close(writer, "}");
}

static void put_params(struct jw *writer)
{
	jw_open(writer, "{");
	jw_text(writer, "description", "What the caller may choose: ${params.NAME} in the file, --set NAME=VALUE on the command line.");
	jw_text(writer, "type", "object");
	jw_number(writer, "maxProperties", PARAMS_MAX);
	jw_key(writer, "propertyNames");
	jw_raw(writer, "{\"pattern\": \"^[A-Za-z0-9_]+$\"}");
	jw_key(writer, "additionalProperties");
	put_param(writer);
	jw_close(writer, "}");
}

static void put_connection(struct jw *writer)
{
	jw_open(writer, "{");
	jw_text(writer, "type", "object");
	jw_key(writer, "properties");
	jw_open(writer, "{");
	for (const struct option *option = keys_of_connection; option->name; option++) {
		if (strcmp(option->name, "type") != 0) {
			schema_option(writer, option, false);
			continue;
		}
		jw_key(writer, "type");
		jw_raw(writer, "{\"description\": \"The kind of connection.\", \"anyOf\": [{\"const\": \"odbc\"}, {\"$ref\": \"#/definitions/expression\"}]}");
	}
	jw_key(writer, key_state->name);
	jw_open(writer, "{");
	jw_text(writer, "description", key_state->help);
	schema_options(writer, keys_of_state, NULL, false);
	jw_close(writer, "}");
	jw_close(writer, "}");
	schema_required(writer, keys_of_connection, NULL);
	jw_close(writer, "}");
}

static void put_connections(struct jw *writer)
{
	jw_open(writer, "{");
	jw_text(writer, "description", "Databases by the names that the rest of the file uses.");
	jw_text(writer, "type", "object");
	jw_key(writer, "propertyNames");
	jw_raw(writer, "{\"pattern\": \"^[^:]+$\"}");
	jw_key(writer, "additionalProperties");
	put_connection(writer);
	jw_close(writer, "}");
}

/* --- sections with options ------------------------------------------------------------------------ */

static void put_limits(struct jw *writer)
{
	jw_open(writer, "{");
	jw_text(writer, "description", "How large things may become.");
	schema_options(writer, keys_of_limits, NULL, false);
	jw_close(writer, "}");
}

static void put_schedule(struct jw *writer)
{
	jw_open(writer, "{");
	jw_text(writer, "description", "When penstock serve runs the pipeline by itself.");
	schema_options(writer, keys_of_schedule, NULL, false);
	jw_close(writer, "}");
}

static void put_failure(struct jw *writer)
{
	jw_open(writer, "{");
	jw_text(writer, "description", "Who gets the summary of a run that fails.");
	schema_options(writer, keys_of_failure, NULL, false);
	jw_key(writer, "anyOf");
	jw_raw(writer, "[{\"required\": [\"command\"]}, {\"required\": [\"url\"]}]");
	jw_close(writer, "}");
}

static void put_rules(struct jw *writer)
{
	jw_open(writer, "{");
	jw_text(writer, "description", "Which rules the records must keep, and what happens to those that do not.");
	jw_text(writer, "type", "object");
	jw_key(writer, "properties");
	jw_open(writer, "{");
	for (const struct option *option = keys_of_rules; option->name; option++) {
		if (strcmp(option->name, "max_rejects") != 0) {
			schema_option(writer, option, false);
			continue;
		}
		jw_key(writer, option->name);
		jw_open(writer, "{");
		jw_text(writer, "description", option->help);
		jw_key(writer, "anyOf");
		jw_raw(writer, "[{\"type\": [\"integer\", \"string\"], \"minimum\": 0, \"pattern\": "
			       "\"^(-?0|[1-9][0-9]*|(100(\\\\.0+)?|[1-9]?[0-9](\\\\.[0-9]+)?)%)$\"}, {\"$ref\": \"#/definitions/expression\"}]");
		jw_close(writer, "}");
	}
	jw_close(writer, "}");
	schema_required(writer, keys_of_rules, NULL);
	jw_close(writer, "}");
}

static void put_transform(struct jw *writer)
{
	jw_open(writer, "{");
	jw_text(writer, "description", "A SELECT between source and rules, run on one record at a time.");
	jw_text(writer, "type", "object");
	jw_key(writer, "properties");
	jw_open(writer, "{");
	for (const struct option *option = keys_of_transform; option->name; option++) {
		jw_key(writer, option->name);
		jw_open(writer, "{");
		jw_text(writer, "description", option->help);
		if (option->kind == OPTION_SQL) {
			jw_text(writer, "type", "string");
			jw_text(writer, "pattern", "[^ \t\r\n;]");
		} else {
			jw_key(writer, "anyOf");
			jw_raw(writer, "[{\"type\": \"array\", \"minItems\": 1, \"uniqueItems\": true, \"items\": {\"$ref\": \"#/definitions/filled\"}}, "
				       "{\"type\": \"object\", \"minProperties\": 1, \"additionalProperties\": {\"anyOf\": [{\"enum\": [\"string\", \"integer\", "
				       "\"number\", \"boolean\", \"date\", \"time\", \"datetime\", \"year\", \"yearmonth\", \"duration\", \"uuid\", \"binary\", \"any\", "
				       "\"object\", \"array\"]}, {\"type\": \"string\", \"pattern\": \"^number[(][0-9]+, *[0-9]+[)]$\"}, "
				       "{\"$ref\": \"#/definitions/expression\"}]}}]");
		}
		jw_close(writer, "}");
	}
	jw_close(writer, "}");
	schema_required(writer, keys_of_transform, NULL);
	jw_close(writer, "}");
}

static void put_rejects(struct jw *writer)
{
	jw_open(writer, "{");
	jw_text(writer, "description", "Where rejected records are kept; by default beside the rows.");
	jw_text(writer, "type", "object");
	jw_key(writer, "properties");
	jw_open(writer, "{");
	for (const struct option *option = keys_of_rejects; option->name; option++) {
		struct option known = *option;

		if (strcmp(option->name, "type") == 0) {
			known.kind = OPTION_ENUM;
			known.values = rejects_types;
		}
		schema_option(writer, &known, false);
	}
	jw_close(writer, "}");
	schema_required(writer, keys_of_rejects, NULL);
	jw_key(writer, "allOf");
	jw_raw(writer, "[{\"if\": {\"properties\": {\"type\": {\"const\": \"odbc\"}}}, \"then\": {\"properties\": {\"path\": false}}}, "
		       "{\"if\": {\"properties\": {\"type\": {\"const\": \"jsonl\"}}}, \"then\": {\"properties\": {\"connection\": false}}}]");
	jw_close(writer, "}");
}

static void put_for_each(struct jw *writer)
{
	jw_raw(writer, "{\"description\": \"The step for each of these tables, parents before children; ${table} is its name.\", "
		       "\"type\": \"object\", \"properties\": {\"table\": {\"description\": \"One table, a list of them, or \\\"*\\\" for every "
		       "table of the dictionary.\", \"anyOf\": [{\"$ref\": \"#/definitions/texts\"}], \"minItems\": 1, \"uniqueItems\": true}}, \"required\": [\"table\"], "
		       "\"additionalProperties\": false}");
}

/* --- connectors ----------------------------------------------------------------------------------- */

struct connector {
	const char *name, *summary;
	const struct option *options;
};

/* An object whose "type" names one of them, with the options of that one. */
static void put_connectors(struct jw *writer, const char *description, const struct connector *connectors, size_t count)
{
	jw_open(writer, "{");
	jw_text(writer, "description", description);
	jw_text(writer, "type", "object");
	jw_key(writer, "required");
	jw_raw(writer, "[\"type\"]");
	jw_key(writer, "properties");
	jw_open(writer, "{");
	jw_key(writer, "type");
	jw_open(writer, "{");
	jw_text(writer, "description", key_type->help);
	jw_key(writer, "anyOf");
	jw_open(writer, "[");
	for (size_t i = 0; i < count; i++) {
		jw_item(writer);
		jw_open(writer, "{");
		jw_text(writer, "const", connectors[i].name);
		jw_text(writer, "description", connectors[i].summary ? connectors[i].summary : "");
		jw_close(writer, "}");
	}
	jw_item(writer);
	jw_raw(writer, "{\"$ref\": \"#/definitions/expression\"}");
	jw_close(writer, "]");
	jw_close(writer, "}");
	jw_close(writer, "}");
	jw_key(writer, "allOf");
	jw_open(writer, "[");
	for (size_t i = 0; i < count; i++) {
		jw_item(writer);
		jw_open(writer, "{");
		jw_key(writer, "if");
		jw_open(writer, "{");
		jw_key(writer, "properties");
		jw_open(writer, "{");
		jw_key(writer, "type");
		jw_open(writer, "{");
		jw_text(writer, "const", connectors[i].name);
		jw_close(writer, "}");
		jw_close(writer, "}");
		jw_key(writer, "required");
		jw_raw(writer, "[\"type\"]");
		jw_close(writer, "}");
		jw_key(writer, "then");
		jw_open(writer, "{");
		schema_options(writer, connectors[i].options, connectors[i].name, false);
		jw_close(writer, "}");
		jw_close(writer, "}");
	}
	jw_close(writer, "]");
	jw_close(writer, "}");
}

enum { CONNECTORS_MAX = 64 };

static void put_source(struct jw *writer)
{
	struct connector list[CONNECTORS_MAX];
	size_t count = 0;

	for (const struct source_ops *const *all = connector_sources(); *all && count < CONNECTORS_MAX; all++)
		list[count++] = (struct connector){(*all)->name, (*all)->summary, (*all)->options};
	put_connectors(writer, "Where the records come from.", list, count);
}

static void put_sink(struct jw *writer)
{
	struct connector list[CONNECTORS_MAX];
	size_t count = 0;

	for (const struct sink_ops *const *all = connector_sinks(); *all && count < CONNECTORS_MAX; all++)
		list[count++] = (struct connector){(*all)->name, (*all)->summary, (*all)->options};
	put_connectors(writer, "Where the rows go.", list, count);
}

/* --- the file ------------------------------------------------------------------------------------- */

static void put_version(struct jw *writer)
{
	jw_raw(writer, "{\"description\": \"Of the format of this file.\", \"enum\": [1, \"1\"]}");
}

static void put_name(struct jw *writer)
{
	jw_open(writer, "{");
	jw_text(writer, "description", "What checkpoints, rejects and runs go by; of a pipeline by default the name of the file, of a step its table.");
	jw_text(writer, "$comment", "Its length is limited in bytes.");
	jw_key(writer, "type");
	jw_raw(writer, "[\"string\", \"number\", \"boolean\"]");
	jw_number(writer, "minLength", 1);
	jw_number(writer, "maxLength", NAME_MAX_BYTES - 1);
	jw_close(writer, "}");
}

static void put_description(struct jw *writer)
{
	jw_raw(writer, "{\"description\": \"For people.\", \"anyOf\": [{\"$ref\": \"#/definitions/text\"}]}");
}

static void put_dictionary(struct jw *writer)
{
	jw_raw(writer, "{\"description\": \"The data dictionary, relative to this file.\", \"anyOf\": [{\"$ref\": \"#/definitions/filled\"}]}");
}

static void put_state(struct jw *writer)
{
	jw_raw(writer, "{\"description\": \"The connection that keeps the history where no sink has one.\", \"anyOf\": [{\"$ref\": \"#/definitions/filled\"}]}");
}

static void put_steps(struct jw *writer)
{
	jw_raw(writer, "{\"description\": \"One after the other; the first that fails ends the run.\", \"type\": \"array\", \"minItems\": 1, "
		       "\"items\": {\"$ref\": \"#/definitions/step\"}}");
}

static void put_tests(struct jw *writer)
{
	jw_raw(writer, "{\"description\": \"Cases for penstock test: records in, rows and rejects expected.\", \"type\": \"array\", \"maxItems\": 10000, \"items\": {"
		       "\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"name\", \"expect\"], \"properties\": {"
		       "\"name\": {\"description\": \"For people, and for --filter.\", \"anyOf\": [{\"$ref\": \"#/definitions/filled\"}]}, "
		       "\"step\": {\"description\": \"The step; may be left out where there is one.\", \"anyOf\": [{\"$ref\": \"#/definitions/text\"}]}, "
		       "\"table\": {\"description\": \"Its table, where for_each gives several steps one name.\", \"anyOf\": [{\"$ref\": \"#/definitions/text\"}]}, "
		       "\"params\": {\"description\": \"Values of params for this case.\", \"anyOf\": [{\"$ref\": \"#/definitions/map\"}]}, "
		       "\"given\": {\"description\": \"Rows that tables hold before; every other table is empty.\", \"type\": \"object\", "
		       "\"additionalProperties\": {\"$ref\": \"#/definitions/rows\"}}, "
		       "\"rows\": {\"description\": \"Records, by the columns of the source.\", \"anyOf\": [{\"$ref\": \"#/definitions/rows\"}]}, "
		       "\"csv\": {\"description\": \"Records as a CSV file holds them, in the place of rows.\", \"anyOf\": [{\"$ref\": \"#/definitions/text\"}]}, "
		       "\"text\": {\"description\": \"Records as a file of the source holds them, in the place of rows.\", \"anyOf\": [{\"$ref\": \"#/definitions/text\"}]}, "
		       "\"expect\": {\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"
		       "\"rows\": {\"description\": \"Rows that are written, in their order; a map names the fields that are compared.\", \"anyOf\": "
		       "[{\"$ref\": \"#/definitions/rows\"}]}, "
		       "\"rejects\": {\"description\": \"Records that are rejected; none where it is left out.\", \"type\": \"array\", \"items\": {\"type\": \"object\", "
		       "\"additionalProperties\": false, \"required\": [\"row\"], \"properties\": {\"row\": {\"type\": [\"integer\", \"string\"], \"minimum\": 1, "
		       "\"pattern\": \"(^[1-9][0-9]*$)|[$][{]\"}, \"rule\": {\"description\": \"Of its first violation.\", \"anyOf\": [{\"$ref\": "
		       "\"#/definitions/text\"}]}, \"rules\": {\"description\": \"Of all its violations.\", \"type\": \"array\", \"items\": {\"$ref\": "
		       "\"#/definitions/text\"}}}}}, "
		       "\"filtered\": {\"description\": \"How many records the transform leaves out.\", \"type\": [\"integer\", \"string\"], \"minimum\": 0, "
		       "\"pattern\": \"(^(0|[1-9][0-9]*)$)|[$][{]\"}}}}}}");
}

static const struct section {
	const char *key;
	void (*put)(struct jw *writer);
} sections[] = {
	{"version", put_version},
	{"name", put_name},
	{"description", put_description},
	{"dictionary", put_dictionary},
	{"params", put_params},
	{"connections", put_connections},
	{"state", put_state},
	{"limits", put_limits},
	{"schedule", put_schedule},
	{"on_failure", put_failure},
	{"steps", put_steps},
	{"tests", put_tests},
	{"for_each", put_for_each},
	{"source", put_source},
	{"transform", put_transform},
	{"rules", put_rules},
	{"sink", put_sink},
	{"rejects", put_rejects},
};

enum { SECTIONS = sizeof sections / sizeof sections[0] };

static bool stands_in(const char *const *keys, const char *key)
{
	for (; *keys; keys++)
		if (strcmp(*keys, key) == 0)
			return true;
	return false;
}

/* Parts of a step are written once, as definitions that the step and the top of the file refer to. */
static void put_properties(struct jw *writer, const char *const *keys)
{
	jw_key(writer, "properties");
	jw_open(writer, "{");
	for (size_t i = 0; i < SECTIONS; i++) {
		if (!stands_in(keys, sections[i].key))
			continue;
		if (stands_in(keys_of_step, sections[i].key)) {
			schema_reference(writer, sections[i].key, sections[i].key, NULL);
			continue;
		}
		jw_key(writer, sections[i].key);
		sections[i].put(writer);
	}
	jw_close(writer, "}");
	jw_flag(writer, "additionalProperties", false);
}

static void put_step(struct jw *writer)
{
	jw_key(writer, "step");
	jw_open(writer, "{");
	jw_text(writer, "type", "object");
	jw_key(writer, "required");
	jw_raw(writer, "[\"source\", \"sink\"]");
	put_properties(writer, keys_of_step);
	jw_close(writer, "}");
}

int pipeline_schema(struct buffer *out, struct error *error)
{
	struct jw writer = {.out = out, .error = error, .indent = 1};

	jw_open(&writer, "{");
	jw_text(&writer, "$schema", "http://json-schema.org/draft-07/schema#");
	jw_text(&writer, "title", "penstock pipeline");
	jw_text(&writer, "description", "From a source through the rules of a data dictionary into a sink.");
	jw_text(&writer, "type", "object");
	jw_key(&writer, "required");
	jw_raw(&writer, "[\"version\", \"dictionary\"]");
	put_properties(&writer, keys_of_pipeline);
	/* Either steps, or one step at the top. */
	jw_key(&writer, "if");
	jw_raw(&writer, "{\"required\": [\"steps\"]}");
	jw_key(&writer, "then");
	jw_raw(&writer, "{\"properties\": {\"source\": false, \"transform\": false, \"rules\": false, \"sink\": false, \"for_each\": false}}");
	jw_key(&writer, "else");
	jw_raw(&writer, "{\"required\": [\"source\", \"sink\"]}");
	schema_definitions(&writer);
	for (size_t i = 0; i < SECTIONS; i++) {
		if (!stands_in(keys_of_step, sections[i].key))
			continue;
		jw_key(&writer, sections[i].key);
		sections[i].put(&writer);
	}
	put_step(&writer);
	jw_close(&writer, "}");
	jw_close(&writer, "}");
	jw_raw(&writer, "\n");
	return writer.failed ? -1 : 0;
}

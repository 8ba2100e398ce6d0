/* serve_schema.c - serve files described as JSON Schema.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/config/file_schema.h"
#include "engine/config/serve.h"
#include "engine/config/serve_keys.h"
#include "engine/core/json_write.h"

static void put_map(struct jw *writer, const char *key, const char *description, const struct option *table)
{
	jw_key(writer, key);
	jw_open(writer, "{");
	jw_text(writer, "description", description);
	schema_options(writer, table, NULL, false);
	jw_close(writer, "}");
}

static void put_list(struct jw *writer, const char *key, const char *description, long least, long most)
{
	jw_key(writer, key);
	jw_open(writer, "{");
	jw_text(writer, "description", description);
	jw_text(writer, "type", "array");
	if (least > 0)
		jw_number(writer, "minItems", least);
	jw_number(writer, "maxItems", most);
}

static void put_members(struct jw *writer)
{
	jw_key(writer, "properties");
	jw_open(writer, "{");
	jw_key(writer, "version");
	jw_raw(writer, "{\"description\": \"Of this format.\", \"enum\": [1, \"1\"]}");
	for (const struct option *option = keys_of_serve; option->name; option++)
		schema_option(writer, option, false);
	put_list(writer, "pipelines", "Pipeline files, relative to this one.", 1, SERVE_PIPELINES_MAX);
	jw_key(writer, "items");
	jw_raw(writer, "{\"$ref\": \"#/definitions/text\"}");
	jw_close(writer, "}");
	put_list(writer, "keys", "Who may do what.", 0, SERVE_KEYS_MAX);
	jw_key(writer, "items");
	jw_open(writer, "{");
	schema_options(writer, keys_of_key, NULL, false);
	jw_close(writer, "}");
	jw_close(writer, "}");
	put_map(writer, "limits", "How large things may become, and how long they may take.", keys_of_service_limits);
	put_map(writer, "rates", "How often who may ask.", keys_of_rates);
	put_map(writer, "lineage", "Where OpenLineage events of runs go.", keys_of_lineage);
	jw_close(writer, "}");
}

int serve_schema(struct buffer *out, struct error *error)
{
	struct jw writer = {.out = out, .error = error, .indent = 1};

	jw_open(&writer, "{");
	jw_text(&writer, "$schema", "http://json-schema.org/draft-07/schema#");
	jw_text(&writer, "title", "penstock serve file");
	jw_text(&writer, "description", "What penstock serve offers, to whom, and where.");
	jw_text(&writer, "type", "object");
	jw_key(&writer, "required");
	jw_raw(&writer, "[\"version\", \"pipelines\"]");
	put_members(&writer);
	jw_flag(&writer, "additionalProperties", false);
	schema_definitions(&writer);
	jw_close(&writer, "}");
	jw_close(&writer, "}");
	jw_raw(&writer, "\n");
	return writer.failed ? -1 : 0;
}

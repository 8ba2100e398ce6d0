/* schema_json.c - penstock schema jsonschema, openapi and pipeline.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>

#include "engine/cli/log.h"
#include "engine/cli/pipeline_file.h"
#include "engine/cli/schema_parts.h"
#include "engine/config/file_schema.h"
#include "engine/config/serve.h"
#include "engine/http/openapi.h"
#include "engine/http/server.h"
#include "rules/jsonschema.h"

enum { TEXT_MAX = 64 << 20 };

/* A reference to the record of a table among "$defs": a JSON pointer within a URI. */
static void put_reference(struct jw *writer, const char *name)
{
	struct buffer text;
	buffer_init(&text, TEXT_MAX);
	bool good = buffer_puts(&text, "#/$defs/", writer->error) == 0;
	for (const char *c = name; *c && good; c++) {
		bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '-' || *c == '_' || *c == '.';
		if (*c == '~' || *c == '/')
			good = buffer_puts(&text, *c == '~' ? "~0" : "~1", writer->error) == 0;
		else if (plain)
			good = buffer_append(&text, c, 1, writer->error) == 0;
		else
			good = buffer_printf(&text, writer->error, "%%%02X", (unsigned)(unsigned char)*c) == 0;
	}
	writer->failed = writer->failed || !good;
	jw_text(writer, "$ref", buffer_text(&text));
	buffer_fini(&text);
}

/* One table: its record. All of them: an object with an array of rows for each, as a request to the service has it. */
static void put_tables(struct jw *writer, const struct dictionary *dictionary)
{
	jw_text(writer, "type", "object");
	jw_key(writer, "properties");
	jw_open(writer, "{");
	for (size_t i = 0; i < dictionary_count(dictionary); i++) {
		const char *name = table_schema(dictionary_at(dictionary, i))->name;
		jw_key(writer, name);
		jw_open(writer, "{");
		jw_text(writer, "type", "array");
		jw_key(writer, "items");
		jw_open(writer, "{");
		put_reference(writer, name);
		jw_close(writer, "}");
		jw_close(writer, "}");
	}
	jw_close(writer, "}");
	jw_flag(writer, "additionalProperties", false);
	jw_key(writer, "$defs");
	jw_open(writer, "{");
	for (size_t i = 0; i < dictionary_count(dictionary); i++) {
		const struct table *table = dictionary_at(dictionary, i);
		jw_key(writer, table_schema(table)->name);
		jw_open(writer, "{");
		table_json_schema(table, writer);
		jw_close(writer, "}");
	}
	jw_close(writer, "}");
}

static int print_json_schema(const struct dictionary *dictionary, const struct arguments *arguments, struct error *error)
{
	const struct table *table = NULL;
	struct buffer text;
	struct jw writer = {.out = &text, .error = error, .indent = 2};
	if (arguments->count > 1) {
		table = dictionary_file_table(dictionary, arguments->items[0], arguments->items[1], error);
		if (!table)
			return -1;
	}
	buffer_init(&text, TEXT_MAX);
	jw_open(&writer, "{");
	jw_text(&writer, "$schema", JSON_SCHEMA_DRAFT);
	if (table)
		table_json_schema(table, &writer);
	else
		put_tables(&writer, dictionary);
	jw_close(&writer, "}");
	jw_raw(&writer, "\n");
	if (!writer.failed)
		fwrite(buffer_text(&text), 1, text.length, stdout);
	buffer_fini(&text);
	return writer.failed ? -1 : 0;
}

static int jsonschema_main(const void *bound, const struct arguments *arguments)
{
	(void)bound;
	return print_of_dictionary(arguments, print_json_schema);
}

static const char *const jsonschema_examples[] = {
	"penstock schema jsonschema datapackage.yaml jobs >jobs.schema.json",
	NULL,
};

const struct command command_schema_jsonschema = {
	.name = "jsonschema",
	.arguments = "DICTIONARY [TABLE]",
	.least = 1,
	.most = 2,
	.summary = "records as JSON Schema",
	.description =
		"Prints what the rules of a table ask of one record, as JSON Schema (draft 2020-12): types, formats, enum, pattern, bounds, "
		"lengths, what is required and what may be null. Without TABLE it describes an object with an array of records for each "
		"table, as the body of an ingest request. Keys and references, which need other records, are not in it; what JSON Schema "
		"has no word for, such as the first of several dates, stands in \"description\".",
	.exits = EXITS(0) | EXITS(1) | EXITS(2),
	.examples = jsonschema_examples,
	.run = jsonschema_main,
};

/* Nothing is opened: neither a port nor a database. */
static int print_openapi(struct log *log, const char *path, struct error *error)
{
	struct diagnostics diagnostics;
	struct buffer text;
	struct service *service = NULL;
	diagnostics_init(&diagnostics);
	buffer_init(&text, TEXT_MAX);
	const struct serve_file *file = serve_file_load(path, &diagnostics);
	if (file)
		service = service_new(file, &diagnostics);
	int code = log_diagnostics(log, &diagnostics);
	if (service && openapi_write(service, &text, error) == 0) {
		fwrite(buffer_text(&text), 1, text.length, stdout);
		putchar('\n');
		code = 0;
	}
	service_free(service);
	serve_file_free(file);
	buffer_fini(&text);
	diagnostics_fini(&diagnostics);
	return code;
}

static int openapi_main(const void *bound, const struct arguments *arguments)
{
	struct error error = ERROR_INIT;
	struct log log;
	(void)bound;
	log_init(&log, LOG_TEXT, false, false);
	int code = print_openapi(&log, arguments->items[0], &error);
	if (error_is_set(&error))
		code = log_error(&log, NULL, &error);
	log_fini(&log);
	return code;
}

static const char *const openapi_examples[] = {
	"penstock schema openapi examples/serve/serve.yaml >openapi.json",
	NULL,
};

const struct command command_schema_openapi = {
	.name = "openapi",
	.arguments = "SERVE_FILE",
	.least = 1,
	.most = 1,
	.summary = "a service as OpenAPI",
	.description =
		"Prints what the service of a serve file would answer to GET /openapi.json (OpenAPI 3.1): its routes, and the rows that its "
		"pipelines take, from their dictionaries. Nothing is opened, neither a port nor a database.",
	.exits = EXITS(0) | EXITS(1) | EXITS(2),
	.examples = openapi_examples,
	.run = openapi_main,
};

static int print_schema(int (*schema)(struct buffer *out, struct error *error))
{
	struct error error = ERROR_INIT;
	struct buffer text;
	struct log log;
	int code = 0;
	log_init(&log, LOG_TEXT, false, false);
	buffer_init(&text, TEXT_MAX);
	if (schema(&text, &error) < 0)
		code = log_error(&log, NULL, &error);
	else
		fwrite(buffer_text(&text), 1, text.length, stdout);
	buffer_fini(&text);
	log_fini(&log);
	return code;
}

static int pipeline_main(const void *bound, const struct arguments *arguments)
{
	(void)bound;
	(void)arguments;
	return print_schema(pipeline_schema);
}

static int serve_main(const void *bound, const struct arguments *arguments)
{
	(void)bound;
	(void)arguments;
	return print_schema(serve_schema);
}

static const char *const serve_examples[] = {
	"penstock schema serve >serve.schema.json",
	NULL,
};

const struct command command_schema_serve = {
	.name = "serve",
	.summary = "serve files as JSON Schema",
	.description = "Prints the JSON Schema (draft-07) of the files that \"penstock serve\" reads, made from the tables that parse them, for editors.",
	.exits = EXITS(0) | EXITS(1),
	.examples = serve_examples,
	.run = serve_main,
};

static const char *const pipeline_examples[] = {
	"penstock schema pipeline >pipeline.schema.json",
	NULL,
};

const struct command command_schema_pipeline = {
	.name = "pipeline",
	.summary = "pipeline files as JSON Schema",
	.description =
		"Prints the JSON Schema (draft-07) of pipeline files, made from the tables that parse them: every connector with its options, "
		"their defaults and what they are for. An editor that finds it named in the first line of a file (\"# "
		"yaml-language-server: $schema=pipeline.schema.json\") completes keys and marks mistakes while they are made.",
	.exits = EXITS(0) | EXITS(1),
	.examples = pipeline_examples,
	.run = pipeline_main,
};

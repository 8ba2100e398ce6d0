/* openapi_answers.c - what the routes answer, and what they take beside their paths.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each answer of a route is a line of a table, each shape a JSON Schema (2020-12) by its name; a test holds real answers against them.
 */
#include "engine/http/openapi_answers.h"

#include <string.h>

#define TEXT "{\"type\":\"string\"}"
#define TEXT_OR_NULL "{\"type\":[\"string\",\"null\"]}"
#define FLAG "{\"type\":\"boolean\"}"
#define COUNT "{\"type\":\"integer\",\"minimum\":0}"
#define COUNT_OR_NULL "{\"type\":[\"integer\",\"null\"],\"minimum\":0}"
#define OBJECT(properties, required) "{\"type\":\"object\",\"properties\":{" properties "},\"required\":[" required "]}"
#define CLOSED(properties, required) "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{" properties "},\"required\":[" required "]}"
#define LIST(of) "{\"type\":\"array\",\"items\":" of "}"
#define MAP(of) "{\"type\":\"object\",\"additionalProperties\":" of "}"
#define TO(name) "{\"$ref\":\"#/components/schemas/" name "\"}"
#define ID "{\"type\":\"string\",\"pattern\":\"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$\"}"
#define CODE "{\"type\":\"string\",\"enum\":[\"type-error\",\"constraint-error\",\"primary-key\",\"unique-error\",\"foreign-key\",\"missing-cell\",\"extra-cell\"," \
	"\"encoding-error\",\"record-error\",\"database-error\"]}"
#define STATUS "{\"type\":\"string\",\"enum\":[\"running\",\"succeeded\",\"failed\",\"rejected\",\"cancelled\",\"interrupted\"]}"
#define BOOKS "\"read\":" COUNT ",\"written\":" COUNT ",\"rejected\":" COUNT ",\"skipped\":" COUNT
#define BOOKS_NAMES "\"read\",\"written\",\"rejected\",\"skipped\""
#define VERDICT "\"received\":" COUNT ",\"written\":" COUNT ",\"rejected\":" COUNT
#define VERDICT_NAMES "\"received\",\"written\",\"rejected\""
#define ENTRY "\"run_id\":" ID ",\"kind\":" TEXT ",\"pipeline\":" TEXT ",\"status\":" STATUS ",\"started_at\":" TEXT_OR_NULL \
	",\"finished_at\":" TEXT_OR_NULL ",\"exit_code\":{\"type\":[\"integer\",\"null\"]},\"queued\":" FLAG ",\"duration_s\":{\"type\":\"number\"}," BOOKS
#define ENTRY_NAMES "\"run_id\",\"kind\",\"pipeline\",\"status\",\"started_at\",\"finished_at\",\"exit_code\"," BOOKS_NAMES

static const struct {
	const char *name, *schema;
} schemas[] = {
	{"Problem", CLOSED("\"type\":" TEXT ",\"title\":" TEXT ",\"status\":{\"type\":\"integer\"},\"detail\":" TEXT,
		"\"type\",\"title\",\"status\",\"detail\"")},
	{"State", CLOSED("\"status\":{\"type\":\"string\",\"enum\":[\"ok\",\"ready\"]}", "\"status\"")},
	{"Violation", OBJECT("\"field\":" TEXT_OR_NULL ",\"code\":" CODE ",\"rule\":" TEXT ",\"value\":" TEXT ",\"truncated\":" FLAG ",\"message\":" TEXT,
		"\"field\",\"code\",\"rule\",\"message\"")},
	{"Verdict", CLOSED("\"run_id\":" ID "," VERDICT ",\"skipped\":" COUNT ",\"tables\":" MAP(CLOSED(VERDICT, VERDICT_NAMES)) ",\"rejects\":"
		LIST(CLOSED("\"table\":" TEXT ",\"index\":" COUNT ",\"field\":" TEXT_OR_NULL ",\"code\":" CODE ",\"rule\":" TEXT ",\"message\":" TEXT
			",\"violations\":" LIST(TO("Violation")) ",\"reject_id\":" COUNT,
			"\"table\",\"index\",\"field\",\"code\",\"rule\",\"message\",\"violations\",\"reject_id\"")),
		"\"run_id\"," VERDICT_NAMES ",\"skipped\",\"tables\",\"rejects\"")},
	{"Run", OBJECT(ENTRY ",\"skipped_by_reason\":" MAP(COUNT) ",\"note\":" TEXT ",\"error\":" MAP("{}")
		",\"steps\":" LIST(OBJECT("\"name\":" TEXT ",\"table\":" TEXT ",\"status\":" STATUS "," BOOKS ",\"skipped_by_reason\":" MAP(COUNT)
			",\"rejects_by_rule\":" MAP(COUNT) ",\"bytes_read\":" COUNT ",\"duration_s\":{\"type\":\"number\"}",
			"\"name\",\"table\",\"status\"," BOOKS_NAMES)), ENTRY_NAMES)},
	{"Runs", CLOSED("\"runs\":" LIST(CLOSED(ENTRY, ENTRY_NAMES)), "\"runs\"")},
	{"Rejects", CLOSED("\"next\":{\"type\":[\"integer\",\"null\"]},\"rejects\":" LIST(OBJECT("\"reject_id\":" COUNT ",\"run_id\":" ID
		",\"step\":" TEXT ",\"table_name\":" TEXT ",\"source\":" TEXT_OR_NULL ",\"record_no\":" COUNT ",\"line_no\":" COUNT ",\"byte_offset\":" COUNT
		",\"field\":" TEXT_OR_NULL ",\"code\":" CODE ",\"rule\":" TEXT ",\"message\":" TEXT ",\"violations\":" LIST(TO("Violation"))
		",\"record\":" TEXT_OR_NULL ",\"published\":" FLAG ",\"attempts\":" COUNT ",\"rejected_at\":" TEXT ",\"resolved_run_id\":" TEXT_OR_NULL,
		"\"reject_id\",\"run_id\",\"table_name\",\"record_no\",\"code\",\"rule\",\"message\",\"violations\"")), "\"next\",\"rejects\"")},
	{"Pipelines", CLOSED("\"pipelines\":" LIST(CLOSED("\"name\":" TEXT ",\"description\":" TEXT_OR_NULL
		",\"kind\":{\"type\":\"string\",\"enum\":[\"run\",\"report\",\"ingest\"]},\"params\":" LIST(CLOSED("\"name\":" TEXT
			",\"description\":" TEXT_OR_NULL ",\"type\":" TEXT ",\"default\":" TEXT_OR_NULL ",\"enum\":" LIST(TEXT) ",\"pattern\":" TEXT
			",\"request\":" FLAG ",\"upload\":" FLAG, "\"name\",\"type\",\"request\",\"upload\""))
		",\"may\":" LIST(TEXT) ",\"tables\":" LIST(TEXT) ",\"backups\":" FLAG ",\"replaces\":" FLAG
		",\"last_run\":{\"type\":[\"object\",\"null\"],\"properties\":{\"run_id\":" ID ",\"kind\":" TEXT ",\"status\":" STATUS
			",\"started_at\":" TEXT_OR_NULL ",\"finished_at\":" TEXT_OR_NULL ",\"duration_s\":{\"type\":\"number\"}," BOOKS
			"},\"required\":[\"run_id\",\"status\",\"finished_at\"]}"
		",\"schedule\":{\"type\":[\"object\",\"null\"],\"additionalProperties\":false,\"properties\":{\"cron\":" TEXT ",\"timezone\":" TEXT
			",\"next_run_at\":" TEXT_OR_NULL "},\"required\":[\"cron\",\"timezone\",\"next_run_at\"]}",
		"\"name\",\"description\",\"kind\",\"params\",\"schedule\",\"may\",\"tables\",\"backups\",\"replaces\",\"last_run\"")), "\"pipelines\"")},
	{"Upload", CLOSED("\"pipeline\":" TEXT ",\"param\":" TEXT ",\"bytes\":" COUNT ",\"sha256\":{\"type\":\"string\",\"pattern\":\"^[0-9a-f]{64}$\"}",
		"\"pipeline\",\"param\",\"bytes\",\"sha256\"")},
	{"RejectsSummary", CLOSED("\"exact\":" FLAG ",\"rules\":" LIST(CLOSED("\"rule\":" TEXT ",\"table\":" TEXT_OR_NULL ",\"field\":" TEXT_OR_NULL
		",\"code\":" CODE ",\"count\":" COUNT ",\"example_message\":" TEXT_OR_NULL,
		"\"rule\",\"table\",\"field\",\"code\",\"count\",\"example_message\"")), "\"exact\",\"rules\"")},
	{"Dictionary", CLOSED("\"tables\":" LIST(CLOSED("\"name\":" TEXT ",\"description\":" TEXT_OR_NULL ",\"fields\":" LIST(OBJECT("\"name\":" TEXT ",\"type\":" TEXT
		",\"description\":" TEXT
		",\"rules\":" LIST(CLOSED("\"id\":" TEXT ",\"text\":" TEXT, "\"id\",\"text\"")), "\"name\",\"rules\""))
		",\"primary_key\":{},\"unique_keys\":{},\"foreign_keys\":{},\"rules\":" LIST(CLOSED("\"id\":" TEXT ",\"text\":" TEXT, "\"id\",\"text\"")),
		"\"name\",\"description\",\"fields\",\"primary_key\",\"unique_keys\",\"foreign_keys\",\"rules\"")), "\"tables\"")},
	{"Backups", CLOSED("\"folder\":" TEXT ",\"more\":" FLAG ",\"backups\":" LIST(CLOSED("\"run_id\":" ID ",\"created_at\":" TEXT_OR_NULL
		",\"tables\":" COUNT_OR_NULL ",\"rows\":" COUNT_OR_NULL ",\"rejected\":" COUNT_OR_NULL
		",\"bytes\":" COUNT_OR_NULL ",\"complete\":" FLAG ",\"problem\":" TEXT
		",\"proven\":{\"type\":[\"object\",\"null\"]}",
		"\"run_id\",\"created_at\",\"tables\",\"rows\",\"rejected\",\"bytes\",\"complete\",\"proven\"")), "\"folder\",\"more\",\"backups\"")},
	{"Verification", OBJECT("\"verified\":" FLAG ",\"exit_code\":" COUNT ",\"tables\":" LIST("{\"type\":\"object\"}") ",\"restored\":" FLAG,
		"\"verified\",\"exit_code\",\"tables\"")},
	{"Plan", CLOSED("\"text\":" TEXT ",\"exit_code\":" COUNT ",\"problem\":" TEXT_OR_NULL, "\"text\",\"exit_code\",\"problem\"")},
	{"Verify", "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"restore\":" FLAG "}}"},
	{"Replay", "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"rule\":" TEXT ",\"table\":" TEXT ",\"step\":" TEXT "}}"},
	{"Report", LIST("{\"type\":\"object\"}")},
	{"Description", "{\"type\":\"object\"}"},
	{"Start", "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"params\":" MAP("{\"type\":[\"string\",\"integer\",\"boolean\"]}") "}}"},
};

/* Beside these each route answers with a problem. */
static const struct {
	const char *method, *pattern, *status, *type, *schema, *description;
} answers[] = {
	{"GET", "/healthz", "200", "application/json", "State", "It lives"},
	{"GET", "/readyz", "200", "application/json", "State", "It can do its work"},
	{"GET", "/", "200", "text/html", NULL, "Its first page"},
	{"GET", "/console/{file}", "200", "text/javascript", NULL, "The file, of the type that it is of"},
	{"GET", "/console/{file}", "200", "text/css", NULL, NULL},
	{"GET", "/console/{file}", "200", "text/html", NULL, NULL},
	{"GET", "/console/{file}", "200", "image/svg+xml", NULL, NULL},
	{"GET", "/metrics", "200", "text/plain", NULL, "Counters, as Prometheus reads them"},
	{"GET", "/openapi.json", "200", "application/json", "Description", "This description"},
	{"POST", "/v1/ingest/{pipeline}", "200", "application/json", "Verdict", "At least one row was written; those that were rejected are named"},
	{"POST", "/v1/ingest/{pipeline}", "422", "application/json", "Verdict", "No row was written, or the request was refused as a whole (a problem)"},
	{"POST", "/v1/ingest/{pipeline}/{table}", "200", "application/json", "Verdict", "At least one row was written; those that were rejected are named"},
	{"POST", "/v1/ingest/{pipeline}/{table}", "422", "application/json", "Verdict", "No row was written, or the request was refused as a whole (a problem)"},
	{"GET", "/v1/pipelines", "200", "application/json", "Pipelines", "The pipelines that the key may use"},
	{"POST", "/v1/pipelines/{pipeline}/runs", "202", "application/json", "Run", "It is started, or waits; Location says where it is followed"},
	{"PUT", "/v1/pipelines/{pipeline}/files/{param}", "200", "application/json", "Upload", "The file is in its place"},
	{"GET", "/v1/runs", "200", "application/json", "Runs", "Runs, newest first"},
	{"GET", "/v1/runs/{run}", "200", "application/json", "Run", "The run as it is now"},
	{"GET", "/v1/runs/{run}/rejects", "200", "application/json", "Rejects", "Rejected records by their ids"},
	{"GET", "/v1/runs/{run}/rejects/export", "200", "text/csv", NULL, "As penstock rejects export writes them"},
	{"GET", "/v1/pipelines/{pipeline}/plan", "200", "application/json", "Plan", "As penstock plan prints it"},
	{"GET", "/v1/runs/{run}/events", "200", "text/event-stream", NULL, "Events `run`, each with the run as it is then"},
	{"GET", "/v1/runs/{run}/rejects/summary", "200", "application/json", "RejectsSummary", "Rules by how many records broke them first"},
	{"GET", "/v1/pipelines/{pipeline}/dictionary", "200", "application/json", "Dictionary", "Tables, fields, keys and rules"},
	{"GET", "/v1/pipelines/{pipeline}/backups", "200", "application/json", "Backups", "At most 1000, newest first"},
	{"POST", "/v1/pipelines/{pipeline}/backups/{run}/verify", "200", "application/json", "Verification", "What was found, as penstock verify --json prints it"},
	{"POST", "/v1/runs/{run}/cancel", "202", "application/json", "Run", "It was told to stop"},
	{"POST", "/v1/runs/{run}/replay", "202", "application/json", "Run", "It is started, or waits; Location says where it is followed"},
	{"GET", "/v1/reports/{pipeline}", "200", "application/json", "Report", "The rows, as JSON or as CSV"},
	{"GET", "/v1/reports/{pipeline}", "200", "text/csv", NULL, NULL},
};

static const struct {
	const char *method, *pattern, *name, *in, *schema, *description;
} parameters_of_routes[] = {
	{"POST", "/v1/ingest/{pipeline}", "atomic", "query", FLAG, "All rows, or none"},
	{"POST", "/v1/ingest/{pipeline}", "Idempotency-Key", "header", "{\"type\":\"string\",\"minLength\":1,\"maxLength\":255}", "Same key and body, same answer"},
	{"POST", "/v1/ingest/{pipeline}/{table}", "atomic", "query", FLAG, "All rows, or none"},
	{"POST", "/v1/ingest/{pipeline}/{table}", "Idempotency-Key", "header", "{\"type\":\"string\",\"minLength\":1,\"maxLength\":255}", "Same key and body, same answer"},
	{"GET", "/v1/runs", "pipeline", "query", TEXT, "Those of this pipeline alone"},
	{"GET", "/v1/runs", "before", "query", ID, "Those that are older than this run"},
	{"GET", "/v1/runs", "limit", "query", "{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000,\"default\":50}", "How many"},
	{"GET", "/v1/runs/{run}/rejects", "limit", "query", "{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000,\"default\":100}", "How many"},
	{"GET", "/v1/runs/{run}/rejects", "after", "query", COUNT, "Those behind this reject_id: `next` of the answer before"},
	{"GET", "/v1/runs/{run}/rejects", "rule", "query", TEXT, "Those whose first violation is of this rule"},
	{"GET", "/v1/runs/{run}/rejects", "table", "query", TEXT, "Those that were meant for this table"},
	{"GET", "/v1/runs/{run}/rejects", "field", "query", TEXT, "Those whose first violation is of this field"},
	{"GET", "/v1/runs/{run}/rejects/export", "rule", "query", TEXT, "Those whose first violation is of this rule"},
	{"GET", "/v1/runs/{run}/rejects/export", "table", "query", TEXT, "Those that were meant for this table"},
	{"POST", "/v1/runs/{run}/replay", "step", "query", TEXT, "With mended rows: those of this step alone"},
	{"GET", "/v1/pipelines/{pipeline}/plan", "params", "query", MAP(TEXT), "Params of the pipeline by their names"},
	{"GET", "/v1/reports/{pipeline}", "format", "query", "{\"type\":\"string\",\"enum\":[\"json\",\"csv\"],\"default\":\"json\"}", "How the rows are written"},
	{"GET", "/v1/reports/{pipeline}", "params", "query", MAP(TEXT), "Params of the pipeline by their names"},
};

static bool is_of(const struct route *route, const char *method, const char *pattern)
{
	return strcmp(route->method, method) == 0 && strcmp(route->pattern, pattern) == 0;
}

json_t *openapi_answer_schemas(void)
{
	json_t *object = json_object();

	for (size_t i = 0; i < sizeof schemas / sizeof schemas[0] && object; i++)
		if (json_object_set_new(object, schemas[i].name, json_loads(schemas[i].schema, 0, NULL)) < 0) {
			json_decref(object);
			object = NULL;
		}
	return object;
}

int openapi_add_parameters(const struct route *route, json_t *parameters)
{
	for (size_t i = 0; i < sizeof parameters_of_routes / sizeof parameters_of_routes[0]; i++)
		if (is_of(route, parameters_of_routes[i].method, parameters_of_routes[i].pattern) &&
			json_array_append_new(parameters, json_pack("{s:s,s:s,s:s,s:o}", "name", parameters_of_routes[i].name, "in",
				parameters_of_routes[i].in, "description", parameters_of_routes[i].description, "schema",
				json_loads(parameters_of_routes[i].schema, 0, NULL))) < 0)
			return -1;
	return 0;
}

/* {"schema": {"$ref": ...}}, or {} */
static json_t *media(const char *schema)
{
	return schema ? json_pack("{s:{s:o}}", "schema", "$ref", json_sprintf("#/components/schemas/%s", schema)) : json_object();
}

json_t *openapi_responses(const struct route *route)
{
	json_t *responses = json_pack("{s:{s:s,s:{s:o}}}", "default", "description", "What went wrong", "content", "application/problem+json",
		media("Problem"));
	int failed = responses ? 0 : -1;

	for (size_t i = 0; i < sizeof answers / sizeof answers[0] && !failed; i++) {
		if (!is_of(route, answers[i].method, answers[i].pattern))
			continue;
		json_t *response = json_object_get(responses, answers[i].status);

		if (!response) {
			response = json_pack("{s:s,s:{}}", "description", answers[i].description, "content");
			failed |= json_object_set_new(responses, answers[i].status, response);
		}
		json_t *content = json_object_get(response, "content");
		failed |= json_object_set_new(content, answers[i].type, media(answers[i].schema));
		if (answers[i].status[0] == '4')
			failed |= json_object_set_new(content, "application/problem+json", media("Problem"));
	}
	if (!failed && json_object_size(responses) == 1)
		failed |= json_object_set_new(responses, "200", json_pack("{s:s}", "description", "Done"));
	if (!failed)
		return responses;
	json_decref(responses);
	return NULL;
}

/* test_http_runs.c - pipelines, runs, uploads and reports asked for over HTTP: the handlers, in a service of the test.
 * SPDX-License-Identifier: Apache-2.0
 *
 * SQLite always, PostgreSQL where PENSTOCK_TEST_PG holds a connection string. Expected counts are those of examples/hr/data/expected.txt, which
 * the generator of that data wrote.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/http/parts.h"
#include "tests/support/store_place.h"

enum { PIPELINES_MAX = 16, WAIT_MS = 30000, WAIT_STEP_MS = 10 };

#define UNKNOWN_RUN "0192f000-0000-7000-8000-0000000000ff"

/* --- a service of the test --- */

struct world {
	struct service service; /* the one of service.h, which the test fills itself */
	struct pipeline *loaded[PIPELINES_MAX];
	struct runs_room *room;
	char folder[64];
	struct http_answer answer;
	json_t *json;           /* of the answer, where it is JSON */
};

/* What may be done: NULL all, else a list of "verb:pipeline" with spaces around each. */
static const char *scopes;

bool service_may(const struct service *service, const struct http_request *request, enum verb verb, const char *pipeline)
{
	static const char *const verbs[] = {[VERB_INGEST] = "ingest", [VERB_RUN] = "run", [VERB_READ] = "read", [VERB_REPORT] = "report",
		[VERB_UPLOAD] = "upload", [VERB_CANCEL] = "cancel"};
	char scope[300];

	(void)service, (void)request;
	snprintf(scope, sizeof scope, " %s:%s ", verbs[verb], pipeline);
	return !scopes || strstr(scopes, scope);
}

size_t service_pipeline_count(const struct service *service)
{
	return service->pipeline_count;
}

const struct pipeline *service_pipeline(const struct service *service, size_t index)
{
	return service->pipelines[index];
}

size_t service_find_pipeline(const struct service *service, const char *name)
{
	for (size_t i = 0; i < service->pipeline_count; i++)
		if (strcmp(pipeline_plan(service->pipelines[i])->name, name) == 0)
			return i;
	return SIZE_MAX;
}

struct runs_room *service_runs(const struct service *service)
{
	return service->runs;
}

struct metrics *service_metrics(const struct service *service)
{
	(void)service;
	return NULL;
}

int64_t service_next_run(const struct service *service, size_t pipeline)
{
	(void)service;
	(void)pipeline;
	return 0;
}

/* Lineage is not wanted. */
const struct serve_file *service_file(const struct service *service)
{
	static const struct serve_file nothing;

	(void)service;
	return &nothing;
}

const struct service_limits *service_limits(const struct service *service)
{
	return &service->limits;
}

static void write_file(const char *folder, const char *name, const char *format, ...)
{
	char path[512];
	va_list arguments;
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	va_start(arguments, format);
	vfprintf(file, format, arguments);
	va_end(arguments);
	assert_int_equal(fclose(file), 0);
}

#define TOP_OF "connections:\n  db: { type: odbc, connect: \"${PENSTOCK_HTTP_DB}\" }\n"
#define HR "dictionary: ${TOP}/examples/hr/datapackage.yaml\n"

/* load takes a folder below examples/hr, slow reads a pipe, echo is a report without a table, empty is one without a database. */
static void write_pipelines(const char *folder)
{
	write_file(folder, "load.yaml", "version: 1\nname: load\ndescription: Loads the sample.\n" HR
		"params:\n  folder: { default: data, request: true, pattern: \"[a-z./]*\" }\n"
		"  most: { default: \"100%%\", request: true, type: string, enum: [\"100%%\", \"1\"] }\n  hidden: { default: secret }\n" TOP_OF
		"steps:\n"
		"  - name: \"${table}\"\n    for_each: { table: \"*\" }\n"
		"    source: { type: csv, path: \"${TOP}/examples/hr/${params.folder}/${table}.csv\", header: false }\n"
		"    rules: { table: \"${table}\", max_rejects: \"${params.most}\", columns: {} }\n"
		"    sink: { type: odbc, connection: db, table: \"${table}\", create: true }\n");
	write_file(folder, "slow.yaml", "version: 1\nname: slow\n" HR TOP_OF
		"source: { type: csv, path: \"%s/pipe\", header: false }\nsink: { type: odbc, connection: db, table: departments, create: true }\n", folder);
	write_file(folder, "again.yaml", "version: 1\nname: again\n" HR
		"params:\n  file: { default: %s/in/departments.csv, upload: true }\n  other: { default: x.csv }\n" TOP_OF
		"source: { type: csv, path: \"${params.file}\", header: false }\n"
		"rules: { columns: {} }\n"
		"sink: { type: odbc, connection: db, table: departments, mode: replace, create: true }\n", folder);
	write_file(folder, "short.json", "{\"resources\": [{\"name\": \"echo\", \"schema\": {\"fields\": [{\"name\": \"word\", \"type\": \"string\","
		" \"constraints\": {\"maxLength\": 5}}, {\"name\": \"n\", \"type\": \"integer\"}]}}]}");
	write_file(folder, "echo.yaml", "version: 1\nname: echo\ndictionary: short.json\n"
		"params:\n  word: { default: one, request: true, pattern: \".*\" }\n  n: { default: 7, type: integer, request: true, pattern: \"-?[0-9]+\" }\n"
		TOP_OF "state: db\nsource: { type: odbc, connection: db, query: \"SELECT CAST(${params.word} AS TEXT) AS word, "
		"CAST(${params.n} AS INTEGER) AS n\" }\n"
		"rules: { table: echo, max_rejects: 0 }\nsink: { type: response }\n");
	write_file(folder, "lax.yaml", "version: 1\nname: lax\ndictionary: short.json\n" TOP_OF
		"source: { type: odbc, connection: db, query: \"SELECT 'much too long' AS word, 1 AS n UNION ALL SELECT 'short', 2\" }\n"
		"rules: { table: echo }\nsink: { type: response }\n");
	write_file(folder, "nowhere.yaml", "version: 1\nname: nowhere\ndictionary: short.json\n" TOP_OF
		"source: { type: odbc, connection: db, query: \"SELECT word, n FROM not_there\" }\nrules: { table: echo }\nsink: { type: response }\n");
	write_file(folder, "away.yaml", "version: 1\nname: away\ndictionary: short.json\n"
		"connections:\n  db: { type: odbc, connect: \"Driver=PostgreSQL Unicode;Servername=127.0.0.1;Port=1;Database=x;Uid=x\" }\n"
		"source: { type: odbc, connection: db, query: \"SELECT word, n FROM t\" }\nrules: { table: echo }\nsink: { type: response }\n");
}

static void add_pipeline(struct world *world, const char *path)
{
	struct diagnostics diagnostics;

	diagnostics_init(&diagnostics);
	world->loaded[world->service.pipeline_count] = pipeline_load(path, NULL, &diagnostics);
	if (!world->loaded[world->service.pipeline_count++])
		fail_msg("%s", diagnostics.items[0].text);
	diagnostics_fini(&diagnostics);
}

static void open_world(struct world *world, const struct store_place *place)
{
	static const char *const own[] = {"load", "slow", "again", "echo", "lax", "nowhere", "away"};
	static const char *const shipped[] = {"hires-by-quarter", "departments-above-mean"};
	struct error error = ERROR_INIT;
	char path[4096];

	*world = (struct world){.service = {.limits = {.runs = 1, .run_queue = 1}}};
	world->service.pipelines = world->loaded;
	scopes = NULL;
	assert_non_null(getenv("TOP"));
	setenv("PENSTOCK_HTTP_DB", place->connect, 1);
	setenv("PENSTOCK_DB", place->connect, 1);
	snprintf(world->folder, sizeof world->folder, "/tmp/penstock-http-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	assert_int_equal(chdir(world->folder), 0);
	write_pipelines(world->folder);
	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		snprintf(path, sizeof path, "%s/%s.yaml", world->folder, own[i]);
		add_pipeline(world, path);
	}
	for (size_t i = 0; i < sizeof shipped / sizeof *shipped; i++) {
		snprintf(path, sizeof path, "%s/pipelines/reports/%s.yaml", getenv("TOP"), shipped[i]);
		add_pipeline(world, path);
	}
	answer_init(&world->answer);
	if (runs_room_open(&world->service, &world->room, &error) < 0)
		fail_msg("%s", error.message);
	world->service.runs = world->room;
}

static void close_world(struct world *world)
{
	char command[128];

	runs_room_close(world->room);
	for (size_t i = 0; i < world->service.pipeline_count; i++)
		pipeline_free(world->loaded[i]);
	answer_fini(&world->answer);
	json_decref(world->json);
	snprintf(command, sizeof command, "rm -rf %s", world->folder);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(system(command), 0);
}

/* --- requests --- */

struct ask {
	const char *method, *path, *query, *body, *key;
	int upload; /* 0: none */
};

static struct cancel stop;

/* The handler that the route table has for it; the status. */
static int handle(struct world *world, const struct ask *ask, int *result, struct error *error)
{
	static const struct route *const tables[] = {routes_of_runs, routes_of_reports};
	/* Scopes are those of a key. */
	const char *key = ask->key ? ask->key : scopes ? "somebody" : NULL;
	struct http_request request = {.method = ask->method, .path = ask->path, .key_name = key, .body = ask->body ? ask->body : "",
		.body_length = ask->body ? strlen(ask->body) : 0, .upload = ask->upload ? ask->upload : -1, .cancel = &stop};
	char path[512], query[2048] = "", *save = NULL;
	const struct route *found = NULL;

	answer_fini(&world->answer);
	answer_init(&world->answer);
	json_decref(world->json);
	world->json = NULL;
	snprintf(query, sizeof query, "%s", ask->query ? ask->query : "");
	for (char *pair = strtok_r(query, "&", &save); pair; pair = strtok_r(NULL, "&", &save)) {
		char *equals = strchr(pair, '=');

		*equals = '\0';
		request.query[request.query_count++] = (struct http_pair){pair, equals + 1};
	}
	for (size_t t = 0; t < 2 && !found; t++)
		for (const struct route *route = tables[t]; route->method && !found; route++) {
			const char *pattern = route->pattern;
			char *at = path;
			size_t values = 0;

			snprintf(path, sizeof path, "%s", ask->path);
			while (*pattern && *at) {
				if (*pattern == '{') {
					request.values[values++] = at;
					at += strcspn(at, "/");
					pattern = strchr(pattern, '}') + 1;
				} else if (*pattern++ != *at++) {
					break;
				}
			}
			if (!*pattern && !*at && pattern[-1] != '/' && strcmp(route->method, ask->method) == 0 &&
				strncmp(route->pattern, ask->path, strcspn(route->pattern, "{")) == 0)
				found = route;
		}
	assert_non_null(found);
	for (size_t i = 0; i < HTTP_VALUES_MAX && request.values[i]; i++)
		((char *)(uintptr_t)request.values[i])[strcspn(request.values[i], "/")] = '\0';
	*result = found->handle(&world->service, &request, &world->answer, error);
	if (*result == 0 && strstr(world->answer.content_type, "json"))
		world->json = json_loads(buffer_text(&world->answer.body), JSON_DECODE_ANY, NULL);
	return world->answer.status;
}

static int ask_for(struct world *world, const struct ask *ask)
{
	struct error error = ERROR_INIT;
	int result, status = handle(world, ask, &result, &error);

	if (result < 0)
		fail_msg("%s %s: %s: %s", ask->method, ask->path, error.place, error.message);
	assert_false(error_is_set(&error));
	return status;
}

#define GET(...) ask_for(world, &(struct ask){.method = "GET", .path = __VA_ARGS__})
#define POST(...) ask_for(world, &(struct ask){.method = "POST", .path = __VA_ARGS__})

static const char *text_in(const struct world *world, const char *member)
{
	const char *text = json_string_value(json_object_get(world->json, member));

	return text ? text : "";
}

static long long number_in(const struct world *world, const char *member)
{
	const json_t *value = json_object_get(world->json, member);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

static const char *header_of(const struct world *world, const char *name)
{
	for (size_t i = 0; i < world->answer.header_count; i++)
		if (strcmp(world->answer.headers[i].name, name) == 0)
			return world->answer.headers[i].value;
	return "";
}

static void said(const struct world *world, const char *words)
{
	if (!strstr(text_in(world, "detail"), words))
		fail_msg("\"%s\" does not say: %s", buffer_text(&world->answer.body), words);
}

static void pause_a_moment(void)
{
	const struct timespec moment = {.tv_nsec = WAIT_STEP_MS * 1000000L};

	nanosleep(&moment, NULL);
}

/* Follows a run until its status is another than running. */
static void follow(struct world *world, const char *path)
{
	for (int waited = 0; waited < WAIT_MS; waited += WAIT_STEP_MS) {
		assert_int_equal(GET(path), 200);
		if (strcmp(text_in(world, "status"), "running") != 0)
			return;
		assert_true(json_is_null(json_object_get(world->json, "exit_code")));
		pause_a_moment();
	}
	fail_msg("%s goes on and on: %s", path, buffer_text(&world->answer.body));
}

/* Starts one; path becomes that of the run. */
static void begin(struct world *world, const char *pipeline, const char *body, char *path)
{
	char url[128];

	snprintf(url, sizeof url, "/v1/pipelines/%s/runs", pipeline);
	if (POST(url, .body = body, .key = "ci") != 202)
		fail_msg("%s: %s", pipeline, buffer_text(&world->answer.body));
	snprintf(path, 128, "%s", header_of(world, "Location"));
	assert_int_equal(strncmp(path, "/v1/runs/", 9), 0);
	assert_string_equal(path + 9, text_in(world, "run_id"));
	assert_string_equal(text_in(world, "status"), "running");
	assert_true(json_is_null(json_object_get(world->json, "exit_code")));
}

/* --- tests --- */

static void runs_are_started_followed_and_listed(void **state)
{
	struct store_place *place = place_of(state);
	struct world opened, *world = &opened;
	char first[128], second[128];

	open_world(world, place);
	assert_int_equal(GET("/v1/runs"), 200);
	assert_int_equal(json_array_size(json_object_get(world->json, "runs")), 0);
	begin(world, "load", NULL, first);
	follow(world, first);
	assert_string_equal(text_in(world, "status"), "succeeded");
	assert_string_equal(text_in(world, "pipeline"), "load");
	assert_string_equal(text_in(world, "kind"), "run");
	assert_int_equal(number_in(world, "exit_code"), 0);
	assert_int_equal(number_in(world, "read"), 8 + 40 + 500);
	assert_int_equal(number_in(world, "written"), 8 + 40 + 461);
	assert_int_equal(number_in(world, "rejected"), 39);
	assert_int_equal(json_array_size(json_object_get(world->json, "steps")), 3);
	assert_string_equal(sql_ask(place, "SELECT COUNT(*) FROM hired_employees"), "461");

	/* The same again, with a param: each run has its own plan. */
	begin(world, "load", "{\"params\": {\"folder\": \"./data\", \"most\": \"1\"}}", second);
	assert_string_not_equal(first, second);
	follow(world, second);
	assert_int_equal(GET("/v1/runs", .query = "limit=1"), 200);
	const json_t *list = json_object_get(world->json, "runs");
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "run_id")), second + 9);
	assert_int_equal(GET("/v1/runs", .query = "pipeline=load"), 200);
	list = json_object_get(world->json, "runs");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "run_id")), first + 9);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 1), "written")), 509);
	assert_int_equal(GET("/v1/runs", .query = "pipeline=slow"), 200);
	assert_int_equal(json_array_size(json_object_get(world->json, "runs")), 0);
	close_world(world);

	/* Another service on the same database knows them from the history. */
	open_world(world, place);
	assert_int_equal(GET(first), 200);
	assert_string_equal(text_in(world, "status"), "succeeded");
	assert_int_equal(number_in(world, "written"), 509);
	assert_int_equal(json_array_size(json_object_get(world->json, "steps")), 3);
	assert_int_equal(GET("/v1/runs"), 200);
	assert_int_equal(json_array_size(json_object_get(world->json, "runs")), 2);
	strcat(first, "/cancel");
	assert_int_equal(POST(first), 409);
	close_world(world);
}

static void rejects_are_read_in_pages(void **state)
{
	struct store_place *place = place_of(state);
	struct world opened, *world = &opened;
	char path[128], rejects[160], query[64];
	size_t seen = 0, pages = 0;
	long long next = 0;

	open_world(world, place);
	begin(world, "load", "{}", path);
	follow(world, path);
	snprintf(rejects, sizeof rejects, "%s/rejects", path);
	while (next >= 0) {
		long long before = next;

		snprintf(query, sizeof query, "limit=10&after=%lld", next);
		assert_int_equal(GET(rejects, .query = query), 200);
		const json_t *list = json_object_get(world->json, "rejects");
		for (size_t i = 0; i < json_array_size(list); i++) {
			const json_t *reject = json_array_get(list, i);
			long long id = json_integer_value(json_object_get(reject, "reject_id"));

			assert_true(id > before);
			before = id;
			assert_string_equal(json_string_value(json_object_get(reject, "run_id")), path + 9);
			assert_string_equal(json_string_value(json_object_get(reject, "table_name")), "hired_employees");
			assert_true(json_is_array(json_object_get(reject, "violations")));
		}
		seen += json_array_size(list);
		pages++;
		next = number_in(world, "next");
		assert_true(next < 0 || next == before);
	}
	assert_int_equal(seen, 39);
	assert_int_equal(pages, 4);
	assert_int_equal(GET(rejects, .query = "limit=39"), 200);
	assert_true(json_is_null(json_object_get(world->json, "next")));
	assert_int_equal(GET(rejects, .query = "limit=0"), 422);
	assert_int_equal(GET(rejects, .query = "limit=1001"), 422);
	assert_int_equal(GET(rejects, .query = "after=-1"), 422);
	assert_int_equal(GET(rejects, .query = "before=1"), 422);
	said(world, "before");
	assert_int_equal(GET("/v1/runs/" UNKNOWN_RUN "/rejects"), 404);
	close_world(world);
}

static void wrong_requests_are_told_why(void **state)
{
	static const struct {
		int status;
		const char *body, *words;
	} wrong[] = {
		{400, "{", "no JSON"}, {400, "{\"params\": {\"folder\": \"a\", \"folder\": \"b\"}}", "no JSON"},
		{422, "[]", "object"}, {422, "{\"params\": []}", "object"}, {422, "{\"parms\": {}}", "\"parms\""},
		{422, "{\"params\": {\"foldr\": \"x\"}}", "unknown param \"foldr\"; these may be set: folder, most"},
		{422, "{\"params\": {\"hidden\": \"x\"}}", "param \"hidden\" may not be set by a request"},
		{422, "{\"params\": {\"folder\": \"UP\"}}", "the value of param \"folder\" does not match its pattern"},
		{422, "{\"params\": {\"folder\": \"..\"}}", "param \"folder\" leads out of the folder"},
		{422, "{\"params\": {\"folder\": \"data/../..\"}}", "param \"folder\" leads out of the folder"},
		{422, "{\"params\": {\"most\": \"2\"}}", "the value of param \"most\" is not in its enum"},
		{422, "{\"params\": {\"folder\": \"a\\u0000b\"}}", "\"folder\""}, {422, "{\"params\": {\"folder\": null}}", "\"folder\""},
		{422, "{\"params\": {\"folder\": [\"a\"]}}", "\"folder\""}, {422, "{\"params\": {\"most\": 1.0}}", "\"most\""},
	};
	struct store_place *place = place_of(state);
	struct world opened, *world = &opened;
	char deep[600] = "{\"params\":";

	open_world(world, place);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (POST("/v1/pipelines/load/runs", .body = wrong[i].body) != wrong[i].status)
			fail_msg("%s: %s", wrong[i].body, buffer_text(&world->answer.body));
		said(world, wrong[i].words);
		assert_string_equal(world->answer.content_type, "application/problem+json");
		assert_null(strstr(buffer_text(&world->answer.body), world->folder)); /* no path of the server */
	}
	memset(deep + strlen(deep), '[', 500);
	assert_int_equal(POST("/v1/pipelines/load/runs", .body = deep), 400);
	assert_int_equal(POST("/v1/pipelines/lod/runs"), 404);
	assert_int_equal(GET("/v1/runs/" UNKNOWN_RUN), 404);
	assert_int_equal(GET("/v1/runs/latest"), 404);
	assert_int_equal(GET("/v1/runs/0192f000"), 404);
	assert_int_equal(GET("/v1/runs/%25"), 404);
	assert_int_equal(POST("/v1/runs/" UNKNOWN_RUN "/cancel"), 404);
	assert_int_equal(GET("/v1/runs", .query = "limit=x"), 422);
	assert_int_equal(GET("/v1/runs", .query = "limit=1001"), 422);
	/* A report gives its rows to whoever asks for them, not to the service's standard output. */
	assert_int_equal(POST("/v1/pipelines/echo/runs"), 422);
	said(world, "/v1/reports/echo");
	/* A pipeline that replaces rows needs a key. */
	assert_int_equal(POST("/v1/pipelines/again/runs"), 401);
	assert_string_equal(header_of(world, "WWW-Authenticate"), "Bearer realm=\"penstock\"");
	assert_int_equal(GET("/v1/runs"), 200);
	assert_int_equal(json_array_size(json_object_get(world->json, "runs")), 0);
	close_world(world);
}

static void runs_are_bounded_and_cancelled(void **state)
{
	struct store_place *place = place_of(state);
	struct world opened, *world = &opened;
	char running[128], queued[128], other[128], path[320];
	int pipe;

	open_world(world, place);
	snprintf(path, sizeof path, "%s/pipe", world->folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	pipe = open(path, O_RDWR | O_CLOEXEC);
	assert_true(pipe >= 0);
	assert_int_equal(write(pipe, "1,one\n2,two\n", 12), 12);
	begin(world, "slow", NULL, running);
	/* It runs before the next one waits. */
	do {
		pause_a_moment();
		assert_int_equal(GET(running), 200);
	} while (json_array_size(json_object_get(world->json, "steps")) == 0);
	assert_null(json_object_get(world->json, "queued"));
	begin(world, "load", NULL, queued);
	assert_int_equal(GET(queued), 200);
	assert_true(json_is_true(json_object_get(world->json, "queued")));
	assert_int_equal(POST("/v1/pipelines/load/runs"), 503);
	assert_true(atoi(header_of(world, "Retry-After")) > 0);
	assert_int_equal(GET("/v1/runs"), 200);
	assert_int_equal(json_array_size(json_object_get(world->json, "runs")), 2);

	/* The one that waits never runs. */
	snprintf(path, sizeof path, "%s/cancel", queued);
	assert_int_equal(POST(path), 202);
	assert_string_equal(text_in(world, "status"), "cancelled");
	assert_int_equal(POST(path), 409);
	/* Its place is free again. */
	begin(world, "load", NULL, other);
	/* The one that runs is rolled back. */
	snprintf(path, sizeof path, "%s/cancel", running);
	assert_int_equal(POST(path), 202);
	follow(world, running);
	assert_string_equal(text_in(world, "status"), "cancelled");
	assert_int_equal(number_in(world, "exit_code"), 143);
	assert_int_equal(number_in(world, "written"), 0);
	follow(world, other);
	assert_string_equal(text_in(world, "status"), "succeeded");
	assert_string_equal(sql_ask(place, "SELECT status FROM penstock_runs WHERE pipeline = 'slow'"), "cancelled");
	assert_string_equal(sql_ask(place, "SELECT COUNT(*) FROM penstock_runs WHERE pipeline = 'load'"), "1");

	/* The end of the service cancels what goes on and what waits. */
	begin(world, "slow", NULL, running);
	begin(world, "load", NULL, queued);
	close_world(world);
	close(pipe);
	assert_string_equal(sql_ask(place, "SELECT COUNT(*) FROM penstock_runs WHERE status = 'running'"), "0");
	assert_string_equal(sql_ask(place, "SELECT COUNT(*) FROM departments"), "8");
}

static void scopes_decide_what_is_seen(void **state)
{
	struct store_place *place = place_of(state);
	struct world opened, *world = &opened;
	char path[128], below[160];

	open_world(world, place);
	begin(world, "load", NULL, path);
	follow(world, path);
	scopes = " read:slow run:load report:echo ";
	assert_int_equal(GET(path), 403);
	snprintf(below, sizeof below, "%s/rejects", path);
	assert_int_equal(GET(below), 403);
	snprintf(below, sizeof below, "%s/cancel", path);
	assert_int_equal(POST(below), 403);
	assert_int_equal(GET("/v1/runs/" UNKNOWN_RUN), 404);
	assert_int_equal(GET("/v1/runs"), 200);
	assert_int_equal(json_array_size(json_object_get(world->json, "runs")), 0);
	assert_int_equal(GET("/v1/pipelines"), 200);
	const json_t *list = json_object_get(world->json, "pipelines");
	assert_int_equal(json_array_size(list), 3);
	const json_t *load = json_array_get(list, 0), *params = json_object_get(load, "params");
	assert_string_equal(json_string_value(json_object_get(load, "name")), "load");
	assert_string_equal(json_string_value(json_object_get(load, "description")), "Loads the sample.");
	assert_string_equal(json_string_value(json_object_get(load, "kind")), "run");
	assert_int_equal(json_array_size(params), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(params, 0), "name")), "folder");
	assert_string_equal(json_string_value(json_object_get(json_array_get(params, 0), "default")), "data");
	assert_string_equal(json_string_value(json_object_get(json_array_get(params, 0), "pattern")), "[a-z./]*");
	assert_int_equal(json_array_size(json_object_get(json_array_get(params, 1), "enum")), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 2), "kind")), "report");
	assert_null(strstr(buffer_text(&world->answer.body), "secret"));
	scopes = " read:load ";
	assert_int_equal(GET(path), 200);
	assert_int_equal(GET("/v1/runs"), 200);
	assert_int_equal(json_array_size(json_object_get(world->json, "runs")), 1);
	close_world(world);
}

static int spooled(const char *text)
{
	char path[] = "/tmp/penstock-http-spool-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static int put(struct world *world, const char *path, const char *text, const char *key)
{
	int fd = spooled(text);
	int status = ask_for(world, &(struct ask){.method = "PUT", .path = path, .upload = fd, .key = key});

	close(fd);
	return status;
}

static void uploads_become_the_file_of_a_param(void **state)
{
	static const char file[] = "/v1/pipelines/again/files/file";
	struct store_place *place = place_of(state);
	struct world opened, *world = &opened;
	char path[320];
	struct stat info;

	open_world(world, place);
	assert_int_equal(put(world, file, "1,a\n", NULL), 401);
	assert_int_equal(put(world, "/v1/pipelines/agin/files/file", "", "ci"), 404);
	assert_int_equal(put(world, "/v1/pipelines/again/files/other", "", "ci"), 404);
	assert_int_equal(put(world, "/v1/pipelines/again/files/none", "", "ci"), 404);
	assert_int_equal(put(world, "/v1/pipelines/load/files/folder", "", "ci"), 404);
	snprintf(path, sizeof path, "%s/in/departments.csv", world->folder);
	assert_int_equal(stat(path, &info), -1);
	assert_int_equal(put(world, file, "1,Legal\n2,Sales\n", "ci"), 200);
	assert_int_equal(number_in(world, "bytes"), 16);
	/* printf '1,Legal\n2,Sales\n' | sha256sum */
	assert_string_equal(text_in(world, "sha256"), "a017f026c10bab22b3af4ced7f96feb4768f88286aa6491ebd33b4c8bff7c6f3");
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_size, 16);
	assert_int_equal(info.st_mode & 0137, 0);
	begin(world, "again", NULL, path);
	follow(world, path);
	assert_string_equal(text_in(world, "status"), "succeeded");
	assert_string_equal(sql_ask(place, "SELECT department FROM departments WHERE id = 2"), "Sales");
	assert_int_equal(put(world, file, "2,Support\n", "ci"), 200);
	begin(world, "again", NULL, path);
	follow(world, path);
	assert_string_equal(sql_ask(place, "SELECT COUNT(*) FROM departments"), "1");
	assert_string_equal(sql_ask(place, "SELECT department FROM departments WHERE id = 2"), "Support");
	close_world(world);
}

static void reports_answer_in_json_and_csv(void **state)
{
	struct store_place *place = place_of(state);
	struct world opened, *world = &opened;
	char path[128];
	long long hired = 0, above = 0;

	sql_do(place, "CREATE TABLE something (id INTEGER)"); /* a database that is not there is not made by a report */
	open_world(world, place);
	assert_int_equal(GET("/v1/reports/echo"), 200);
	assert_string_equal(world->answer.content_type, "application/json");
	assert_string_equal(buffer_text(&world->answer.body), "[\n{\"word\":\"one\",\"n\":7}\n]\n");
	assert_int_equal(GET("/v1/reports/echo", .query = "format=csv&n=-12&word=a,\"b"), 200);
	assert_int_equal(strncmp(world->answer.content_type, "text/csv", 8), 0);
	assert_string_equal(buffer_text(&world->answer.body), "word,n\n\"a,\"\"b\",-12\n");
	/* Bound, never spliced. */
	assert_int_equal(GET("/v1/reports/echo", .query = "word='); "), 200);
	assert_string_equal(json_string_value(json_object_get(json_array_get(world->json, 0), "word")), "'); ");

	begin(world, "load", NULL, path);
	follow(world, path);
	assert_int_equal(GET("/v1/reports/hires-by-quarter", .query = "year=2021"), 200);
	for (size_t i = 0; i < json_array_size(world->json); i++)
		for (int quarter = 1; quarter <= 4; quarter++) {
			const char name[] = {'Q', (char)('0' + quarter), '\0'};

			hired += json_integer_value(json_object_get(json_array_get(world->json, i), name));
		}
	assert_int_equal(hired, atoll(sql_ask(place, place->postgresql
		? "SELECT COUNT(*) FROM hired_employees WHERE EXTRACT(YEAR FROM datetime AT TIME ZONE 'UTC') = 2021"
		: "SELECT COUNT(*) FROM hired_employees WHERE datetime LIKE '2021%'")));
	assert_true(hired > 0);
	assert_int_equal(GET("/v1/reports/departments-above-mean"), 200);
	for (size_t i = 0; i < json_array_size(world->json); i++)
		above += json_integer_value(json_object_get(json_array_get(world->json, i), "hired"));
	assert_true(above > 0 && above < hired);
	assert_int_equal(GET("/v1/reports/hires-by-quarter", .query = "year=1999&format=csv"), 200);
	assert_string_equal(buffer_text(&world->answer.body), "department,job,Q1,Q2,Q3,Q4\n");
	/* They leave nothing behind. */
	assert_string_equal(sql_ask(place, "SELECT COUNT(*) FROM penstock_runs"), "1");
	close_world(world);
}

static void reports_say_what_is_wrong(void **state)
{
	struct store_place *place = place_of(state);
	struct world opened, *world = &opened;
	struct error error = ERROR_INIT;
	int result;

	sql_do(place, "CREATE TABLE something (id INTEGER)");
	open_world(world, place);
	assert_int_equal(GET("/v1/reports/ech"), 404);
	assert_int_equal(GET("/v1/reports/load"), 404);
	assert_int_equal(GET("/v1/reports/echo", .query = "format=xml"), 422);
	assert_int_equal(GET("/v1/reports/echo", .query = "wrd=x"), 422);
	said(world, "unknown param \"wrd\"; these may be set: word, n");
	assert_int_equal(GET("/v1/reports/echo", .query = "n=1x"), 422);
	assert_int_equal(GET("/v1/reports/echo", .query = "n=99999999999999999999"), 422);
	assert_int_equal(GET("/v1/reports/hires-by-quarter", .query = "year=21"), 422);
	said(world, "\"year\"");
	/* Rows that the dictionary rejects are an error where max_rejects says so, counted where it does not, and kept nowhere. */
	assert_int_equal(GET("/v1/reports/echo", .query = "word=much too long"), 500);
	said(world, "1 of 1 rows");
	assert_int_equal(GET("/v1/reports/lax"), 200);
	assert_string_equal(header_of(world, "Penstock-Rejected"), "1");
	assert_int_equal(json_array_size(world->json), 1);
	assert_int_equal(access("echo.rejects.jsonl", F_OK), -1);
	assert_int_equal(access("lax.rejects.jsonl", F_OK), -1);
	/* What the database says is for the log. */
	handle(world, &(struct ask){.method = "GET", .path = "/v1/reports/nowhere"}, &result, &error);
	assert_int_equal(result, -1);
	assert_non_null(strstr(error.message, "not_there"));
	assert_int_equal(GET("/v1/reports/away"), 503);
	assert_true(atoi(header_of(world, "Retry-After")) > 0);
	/* The service is told to stop at once. */
	atomic_store(&stop.signal, 15);
	assert_int_equal(GET("/v1/reports/echo"), 503);
	atomic_store(&stop.signal, 0);
	close_world(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(runs_are_started_followed_and_listed),
		BOTH(rejects_are_read_in_pages),
		BOTH(wrong_requests_are_told_why),
		BOTH(runs_are_bounded_and_cancelled),
		BOTH(scopes_decide_what_is_seen),
		BOTH(uploads_become_the_file_of_a_param),
		BOTH(reports_answer_in_json_and_csv),
		BOTH(reports_say_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

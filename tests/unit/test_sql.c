/* test_sql.c - what ${...} stands for in SQL is bound with the type that its param declares, and never text.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "connectors/registry.h"
#include "engine/config/document.h"
#include "engine/config/interpolate.h"
#include "engine/config/options.h"
#include "engine/config/sql.h"

/* Stands in for the registry: no connector is needed here. */
const struct store_ops *connector_store(const char *type)
{
	(void)type;
	return NULL;
}

struct bound {
	struct option_sql query;
};

static const struct option table[] = {
	{.name = "query", .kind = OPTION_SQL, .offset = offsetof(struct bound, query)},
	{.name = NULL},
};

struct fixture {
	struct stash stash;
	struct diagnostics diagnostics;
	struct params params;
	struct scope scope;
	struct node *of_params, *root;
	struct bound bound;
};

static struct node *parse(const char *text)
{
	struct error error = ERROR_INIT;
	struct node *root = document_parse_text("q.yaml", text, strlen(text), false, &error);

	if (!root)
		fail_msg("%s: %s", error.place, error.message);
	return root;
}

static void start(struct fixture *f, const char *params)
{
	memset(f, 0, sizeof(*f));
	stash_init(&f->stash);
	diagnostics_init(&f->diagnostics);
	f->scope = (struct scope){.run_id = "the-run", .started_us = 1636253322000000, .table = "jobs",
		.diagnostics = &f->diagnostics};
	f->of_params = parse(params);
	if (params_load(&f->params, f->of_params, NULL, &f->scope, &f->stash, &f->diagnostics) == 0)
		f->scope.params = &f->params;
}

static int bind(struct fixture *f, const char *text)
{
	struct binder binder = {.owner = "odbc", .stash = &f->stash, .diagnostics = &f->diagnostics, .scope = &f->scope};

	f->root = parse(text);
	return options_bind(&binder, f->root, table, &f->bound);
}

static void done(struct fixture *f)
{
	node_free(f->of_params);
	node_free(f->root);
	stash_fini(&f->stash);
	diagnostics_fini(&f->diagnostics);
}

static const char *const params_of_all = "{year: {type: integer, default: '+2021'}, name: {default: \"O'Neill; --\"}, "
	"share: {type: number, default: '0.50'}, live: {type: boolean, default: 'true'}, "
	"day: {type: date, default: '2021-11-07'}, at: {type: datetime, default: '2021-11-07T02:48:42+01:00'}}";

static const struct option_statement *only(struct fixture *f, const char *text)
{
	start(f, params_of_all);
	if (bind(f, text) < 0)
		fail_msg("%s", f->diagnostics.items[0].text);
	assert_int_equal(f->bound.query.count, 1);
	assert_null(f->bound.query.statements[0].dialect);
	return &f->bound.query.statements[0];
}

static void assert_parameter(const struct option_parameter *p, const char *name, enum value_type type, const char *value)
{
	assert_string_equal(p->name, name);
	assert_int_equal(p->type, type);
	assert_string_equal(p->value, value);
}

static void test_types(void **state)
{
	struct fixture f;
	const struct option_statement *s = only(&f, "{query: \"select * from t where y = ${params.year} and n=${params.name}"
		" and s<${params.share} and l = ${params.live} and d > ${params.day} and a>${params.at} and r = ${run.id} and b < ${run.started}"
		" and t = ${table}\"}");

	(void)state;
	assert_string_equal(s->text, "select * from t where y = ? and n=? and s<? and l = ? and d > ? and a>? and r = ? and b < ? and t = ?");
	assert_int_equal(s->parameter_count, 9);
	assert_parameter(&s->parameters[0], "params.year", VALUE_INTEGER, "2021");
	assert_parameter(&s->parameters[1], "params.name", VALUE_STRING, "O'Neill; --");
	assert_parameter(&s->parameters[2], "params.share", VALUE_DOUBLE, "0.5");
	assert_parameter(&s->parameters[3], "params.live", VALUE_BOOLEAN, "true");
	assert_parameter(&s->parameters[4], "params.day", VALUE_DATE, "2021-11-07");
	assert_parameter(&s->parameters[5], "params.at", VALUE_DATETIME, "2021-11-07T01:48:42Z");
	assert_parameter(&s->parameters[6], "run.id", VALUE_STRING, "the-run");
	assert_parameter(&s->parameters[7], "run.started", VALUE_DATETIME, "2021-11-07T02:48:42Z");
	assert_parameter(&s->parameters[8], "table", VALUE_STRING, "jobs");
	for (size_t i = 0; i < s->parameter_count; i++)
		assert_false(s->parameters[i].secret);
	done(&f);
}

static void test_environment(void **state)
{
	struct fixture f;
	const struct option_statement *s;

	(void)state;
	setenv("PENSTOCK_TEST_SQL", "hunter2", 1);
	unsetenv("PENSTOCK_TEST_NONE");
	s = only(&f, "{query: 'select ${PENSTOCK_TEST_SQL}, ${PENSTOCK_TEST_NONE:-x:y}'}");
	assert_string_equal(s->text, "select ?, ?");
	assert_parameter(&s->parameters[0], "PENSTOCK_TEST_SQL", VALUE_STRING, "hunter2");
	assert_true(s->parameters[0].secret);
	assert_parameter(&s->parameters[1], "PENSTOCK_TEST_NONE", VALUE_STRING, "x:y");
	assert_false(s->parameters[1].secret);
	done(&f);
}

/* Each as a statement of SQL that holds no parameter. */
static void test_literals(void **state)
{
	static const struct {
		const char *written, *text;
	} cases[] = {
		{"select '?', \"a?\", `b?` from t", "select '?', \"a?\", `b?` from t"},
		{"select 'it''s ?' -- why?", "select 'it''s ?' -- why?"},
		{"select 1 -- ${params.none}\n, 2", "select 1 -- ${params.none}\n, 2"},
		{"select 1 /* ? ${x} */ + 2", "select 1 /* ? ${x} */ + 2"},
		{"select '$${x}' || $${", "select '${x}' || ${"},
		{"select $a$ ? 'b $a$, $$?$$", "select $a$ ? 'b $a$, $$?$$"},
		{"select $1, a$b from t", "select $1, a$b from t"},
		{"select 'a\\' from t", "select 'a\\' from t"},
		{"select 1;", "select 1"},
		{"select 1 ; ;\n", "select 1"},
		{"select 1 -- ;", "select 1 --"},
		{"select ';'", "select ';'"},
		{"select 1 \n", "select 1 \n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f;
		struct node scalar = {.kind = NODE_SCALAR, .text = (char *)cases[i].written};
		struct option_statement s;

		start(&f, "{}");
		if (sql_statement(&scalar, NULL, &f.scope, &f.stash, &s) < 0)
			fail_msg("%s: %s", cases[i].written, f.diagnostics.items[0].text);
		assert_string_equal(s.text, cases[i].text);
		assert_int_equal(s.parameter_count, 0);
		done(&f);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *written, *message;
	} cases[] = {
		{"{query: \"select * from t where n = '${params.name}'\"}", "take the quotes away"},
		{"{query: 'select * from \"${table}\"'}", "cannot be a name"},
		{"{query: 'select * from t where a = ?'}", "write ${params.NAME}"},
		{"{query: 'select ${params.nme}'}", "unknown param \"nme\" (did you mean \"name\"?)"},
		{"{query: 'select ${params.name'}", "is not closed"},
		{"{query: ' ; '}", "no SQL"},
		{"{query: [a, b]}", "\"query\" of odbc must be SQL, or a map from dialect to SQL"},
		{"{query: {}}", "must be SQL"},
		{"{query: {postgres: select 1}}", "unknown dialect \"postgres\" (did you mean \"postgresql\"?)"},
		{"{query: {sqlite: [select 1]}}", "must be SQL, not a list"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f;

		start(&f, params_of_all);
		assert_int_equal(f.diagnostics.errors, 0);
		assert_int_equal(bind(&f, cases[i].written), -1);
		assert_int_equal(f.diagnostics.errors, 1);
		if (!strstr(f.diagnostics.items[0].text, cases[i].message))
			fail_msg("%s: %s", cases[i].written, f.diagnostics.items[0].text);
		done(&f);
	}
}

static void test_dialects(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, params_of_all);
	assert_int_equal(bind(&f, "{query: {sqlite: \"select 'it\\\\' , ${params.year}\", mariadb: \"select 'it\\\\' ?', ${params.name}\"}}"), 0);
	assert_int_equal(f.bound.query.count, 2);
	assert_string_equal(f.bound.query.statements[0].dialect, "sqlite");
	assert_string_equal(f.bound.query.statements[0].text, "select 'it\\' , ?");
	assert_string_equal(f.bound.query.statements[1].dialect, "mariadb");
	assert_string_equal(f.bound.query.statements[1].text, "select 'it\\' ?', ?");
	assert_parameter(&f.bound.query.statements[1].parameters[0], "params.name", VALUE_STRING, "O'Neill; --");
	done(&f);
}

static void test_not_given(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, "{}");
	assert_int_equal(bind(&f, "{}"), 0);
	assert_int_equal(f.bound.query.count, 0);
	done(&f);
}

/* A value that is none of the declared type. */
static void test_declared(void **state)
{
	static const char *const wrong[] = {
		"{p: {type: integer, default: '20.5'}}",  "{p: {type: integer, default: ''}}",
		"{p: {type: integer, default: '9223372036854775808'}}", "{p: {type: number, default: '1,5'}}",
		"{p: {type: number, default: 'nan'}}",    "{p: {type: boolean, default: 'yes'}}",
		"{p: {type: date, default: '2021-02-29'}}", "{p: {type: datetime, default: '2021-11-07'}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct fixture f;

		start(&f, wrong[i]);
		assert_int_equal(f.diagnostics.errors, 1);
		if (!strstr(f.diagnostics.items[0].text, "is not of its type"))
			fail_msg("%s: %s", wrong[i], f.diagnostics.items[0].text);
		done(&f);
	}
}

/* The hash of a definition sees the values, and what differs from run to run as written. */
static void test_definition(void **state)
{
	struct fixture f;
	struct node *scalar = parse("'select ${params.year}, ${run.id} -- ${x}'");

	(void)state;
	start(&f, params_of_all);
	f.scope.definition = true;
	assert_int_equal(sql_definition(scalar, NULL, &f.scope, &f.stash), 0);
	assert_string_equal(scalar->text, "select ?, ? -- ${x}\n5:+2021\n9:${run.id}");
	node_free(scalar);
	done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),    cmocka_unit_test(test_environment), cmocka_unit_test(test_literals),
		cmocka_unit_test(test_refused),  cmocka_unit_test(test_dialects),    cmocka_unit_test(test_not_given),
		cmocka_unit_test(test_declared), cmocka_unit_test(test_definition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

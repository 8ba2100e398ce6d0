/* test_options.c - option tables bind what is meant, refuse everything else, and say how to write it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "connectors/registry.h"
#include "engine/config/connections.h"
#include "engine/config/document.h"
#include "engine/config/options.h"
#include "engine/config/scalars.h"

/* Stands in for the registry: no connector is needed here. */
const struct store_ops *connector_store(const char *type)
{
	(void)type;
	return NULL;
}

struct bound {
	const char *path, *secret, *connection;
	bool header;
	int64_t rows, timeout;
	uint64_t size;
	char delimiter;
	int mode;
	struct option_list key;
	struct option_map columns;
	struct option_commit commit;
};

static const char *const modes[] = {"append", "upsert", "null", NULL};
static const struct option table[] = {
	{.name = "path", .kind = OPTION_STRING, .flags = OPTION_REQUIRED, .offset = offsetof(struct bound, path),
		.help = "The file to read."},
	{.name = "token", .kind = OPTION_INTEGER, .flags = OPTION_SECRET, .offset = offsetof(struct bound, secret)},
	{.name = "connection", .kind = OPTION_STRING, .flags = OPTION_CONNECTION, .offset = offsetof(struct bound, connection)},
	{.name = "header", .kind = OPTION_BOOLEAN, .offset = offsetof(struct bound, header), .fallback = "true"},
	{.name = "rows", .kind = OPTION_INTEGER, .offset = offsetof(struct bound, rows), .minimum = 1, .maximum = 1000,
		.fallback = "100"},
	{.name = "timeout", .kind = OPTION_DURATION, .offset = offsetof(struct bound, timeout), .fallback = "30s"},
	{.name = "size", .kind = OPTION_SIZE, .offset = offsetof(struct bound, size), .minimum = 1024, .maximum = 1 << 20},
	{.name = "delimiter", .kind = OPTION_BYTE, .offset = offsetof(struct bound, delimiter), .fallback = ","},
	{.name = "mode", .kind = OPTION_ENUM, .offset = offsetof(struct bound, mode), .values = modes, .fallback = "upsert"},
	{.name = "key", .kind = OPTION_LIST, .offset = offsetof(struct bound, key)},
	{.name = "columns", .kind = OPTION_MAP, .offset = offsetof(struct bound, columns)},
	{.name = "commit", .kind = OPTION_COMMIT, .offset = offsetof(struct bound, commit), .fallback = "auto"},
	{.name = NULL},
};

struct fixture {
	struct stash stash;
	struct diagnostics diagnostics;
	struct connections connections;
	struct node *root;
	struct bound bound;
};

static void bind(struct fixture *f, const char *text)
{
	static struct plan_connection items[] = {{.name = "db", .connect = "Driver=X;Pwd=hunter2"}, {.name = "other", .connect = ""}};
	static bool used[2];
	struct error error = ERROR_INIT;
	struct binder binder;

	memset(f, 0, sizeof(*f));
	used[0] = used[1] = false;
	f->connections = (struct connections){.items = items, .used = used, .count = 2};
	stash_init(&f->stash);
	diagnostics_init(&f->diagnostics);
	binder = (struct binder){.owner = "csv", .stash = &f->stash, .diagnostics = &f->diagnostics,
		.connections = &f->connections};
	f->root = document_parse_text("o.yaml", text, strlen(text), false, &error);
	if (!f->root)
		fail_msg("%s: %s", error.place, error.message);
	int keys = options_check_keys(&binder, f->root, (const struct option *const[]){table, NULL});
	int values = options_bind(&binder, f->root, table, &f->bound);
	assert_int_equal(keys < 0 || values < 0, f->diagnostics.errors > 0);
}

static void done(struct fixture *f)
{
	node_free(f->root);
	stash_fini(&f->stash);
	diagnostics_fini(&f->diagnostics);
}

static void test_binds(void **state)
{
	struct fixture f;

	(void)state;
	bind(&f, "{path: x.csv, header: false, rows: 7, timeout: 500ms, size: 64KiB, delimiter: \"\\t\", mode: append, "
		 "key: [a, b], columns: {id: \"Employee Id\"}, commit: {rows: 10, every: 2s}, connection: db}");
	assert_int_equal(f.diagnostics.count, 0);
	/* What is bound does not depend on the document. */
	node_free(f.root);
	f.root = NULL;
	assert_string_equal(f.bound.path, "x.csv");
	assert_false(f.bound.header);
	assert_int_equal(f.bound.rows, 7);
	assert_int_equal(f.bound.timeout, 500);
	assert_int_equal(f.bound.size, 65536);
	assert_int_equal(f.bound.delimiter, '\t');
	assert_int_equal(f.bound.mode, 0);
	assert_int_equal(f.bound.key.count, 2);
	assert_string_equal(f.bound.key.items[1], "b");
	assert_null(f.bound.key.items[2]);
	assert_int_equal(f.bound.columns.count, 1);
	assert_string_equal(f.bound.columns.keys[0], "id");
	assert_string_equal(f.bound.columns.values[0], "Employee Id");
	assert_int_equal(f.bound.commit.kind, COMMIT_PIECES);
	assert_int_equal(f.bound.commit.rows, 10);
	assert_int_equal(f.bound.commit.every_ms, 2000);
	assert_string_equal(f.bound.connection, "Driver=X;Pwd=hunter2");
	assert_true(f.connections.used[0]);
	assert_false(f.connections.used[1]);
	done(&f);
	/* A choice that is called null needs no quotes. */
	bind(&f, "{path: x, mode: null}");
	assert_int_equal(f.diagnostics.count, 0);
	assert_int_equal(f.bound.mode, 2);
	done(&f);
}

static void test_defaults(void **state)
{
	struct fixture f;

	(void)state;
	bind(&f, "{path: \"\"}");
	assert_int_equal(f.diagnostics.count, 0);
	assert_string_equal(f.bound.path, "");
	assert_true(f.bound.header);
	assert_int_equal(f.bound.rows, 100);
	assert_int_equal(f.bound.timeout, 30000);
	assert_int_equal(f.bound.size, 0);
	assert_int_equal(f.bound.delimiter, ',');
	assert_int_equal(f.bound.mode, 1);
	assert_int_equal(f.bound.key.count, 0);
	assert_int_equal(f.bound.commit.kind, COMMIT_AUTO);
	assert_null(f.bound.connection);
	done(&f);
}

static void test_spellings(void **state)
{
	struct fixture f;

	(void)state;
	bind(&f, "{path: x, key: id, commit: step, delimiter: '\\t', header: \"true\"}");
	assert_int_equal(f.diagnostics.count, 0);
	assert_int_equal(f.bound.key.count, 1);
	assert_string_equal(f.bound.key.items[0], "id");
	assert_int_equal(f.bound.commit.kind, COMMIT_STEP);
	assert_int_equal(f.bound.delimiter, '\t');
	assert_true(f.bound.header);
	done(&f);
	bind(&f, "{path: x, commit: { every: 1s }, delimiter: ~}");
	assert_int_equal(f.diagnostics.count, 0);
	assert_int_equal(f.bound.commit.kind, COMMIT_PIECES);
	assert_int_equal(f.bound.commit.rows, 0);
	assert_int_equal(f.bound.commit.every_ms, 1000);
	assert_int_equal(f.bound.delimiter, '~');
	done(&f);
}

static void expect(const char *text, const char *message)
{
	struct fixture f;

	bind(&f, text);
	if (f.diagnostics.count != 1)
		fail_msg("%zu findings for %s", f.diagnostics.count, text);
	assert_string_equal(f.diagnostics.items[0].text, message);
	done(&f);
}

static void test_messages(void **state)
{
	(void)state;
	expect("path: x\ndelimeter: ;\n", "o.yaml:2:1: unknown option \"delimeter\" for csv (did you mean \"delimiter\"?)");
	expect("path: x\nfoo: 1\n", "o.yaml:2:1: unknown option \"foo\" for csv (known: path, token, connection, header, rows, "
		"timeout, size, delimiter, mode, key, columns, commit)");
	expect("header: true\n", "o.yaml:1:1: csv needs \"path\": The file to read.");
	expect("path:\n", "o.yaml:1:6: \"path\" of csv has no value; it must be a text");
	expect("path: [a]\n", "o.yaml:1:7: \"path\" of csv must be a text, not a list");
	expect("path: x\nheader: yes\n", "o.yaml:2:9: \"header\" of csv must be true or false, not \"yes\" (did you mean true?)");
	expect("path: x\nheader: off\n", "o.yaml:2:9: \"header\" of csv must be true or false, not \"off\" (did you mean false?)");
	expect("path: x\nheader: maybe\n", "o.yaml:2:9: \"header\" of csv must be true or false, not \"maybe\"");
	expect("path: x\nrows: many\n", "o.yaml:2:7: \"rows\" of csv must be a whole number such as 1000, not \"many\"");
	expect("path: x\nrows: 0\n", "o.yaml:2:7: \"rows\" of csv must be between 1 and 1000");
	expect("path: x\nrows: 010\n", "o.yaml:2:7: \"rows\" of csv must be a whole number such as 1000, not \"010\"");
	expect("path: x\ntimeout: 30\n", "o.yaml:2:10: \"timeout\" of csv must be a time such as 500ms, 30s or 5m, not \"30\"");
	expect("path: x\nsize: 4 MB\n", "o.yaml:2:7: \"size\" of csv must be a size such as 4096, 64KiB or 4MiB, not \"4 MB\"");
	expect("path: x\nsize: 4MiB\n", "o.yaml:2:7: \"size\" of csv must be between 1024 and 1048576 bytes");
	expect("path: x\ndelimiter: '||'\n", "o.yaml:2:12: \"delimiter\" of csv must be one character of one byte, such as \";\" or "
		"\"\\t\" for a tab, not \"||\"");
	expect("path: x\nmode: apend\n", "o.yaml:2:7: \"mode\" of csv must be append, upsert or null, not \"apend\" (did you mean \"append\"?)");
	expect("path: x\nkey: {a: b}\n", "o.yaml:2:6: \"key\" of csv must be a text or a list of texts such as [a, b], not a map");
	expect("path: x\nkey: [a, [b]]\n", "o.yaml:2:10: \"key\" of csv must be a list of texts such as [a, b], not a list");
	expect("path: x\ncolumns: [a]\n", "o.yaml:2:10: \"columns\" of csv must be a map such as { name: \"Full name\" }, not a list");
	expect("path: x\ncolumns: {a: }\n", "o.yaml:2:14: \"columns\" of csv has no value; it must be a map from text to text");
	expect("path: x\ncommit: never\n", "o.yaml:2:9: \"commit\" of csv must be auto, step or { rows: 100000, every: 1s }, not \"never\"");
	expect("path: x\ncommit: {rows: 5, evry: 1s}\n", "o.yaml:2:19: unknown option \"evry\" for commit (did you mean \"every\"?)");
	expect("path: x\ncommit: {rows: 0}\n", "o.yaml:2:16: \"rows\" of commit must be between 1 and 9223372036854775807");
	expect("path: x\nconnection: bd\n", "o.yaml:2:13: unknown connection \"bd\" (known: db, other)");
	expect("path: x\nconnection: othr\n", "o.yaml:2:13: unknown connection \"othr\" (did you mean \"other\"?)");
}

static void test_secrets_are_not_shown(void **state)
{
	(void)state;
	expect("path: x\ntoken: hunter2\n",
		"o.yaml:2:8: \"token\" of csv must be a whole number such as 1000, not this value (it is not shown)");
}

static void test_every_mistake_is_told(void **state)
{
	struct fixture f;

	(void)state;
	bind(&f, "{a: 1, b: 2, header: x, rows: y}");
	assert_int_equal(f.diagnostics.errors, 5);
	done(&f);
}

static void test_long_values_are_cut(void **state)
{
	struct fixture f;
	const char *text = "path: x\nrows: "
		"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
		"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
		"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\n";

	(void)state;
	bind(&f, text);
	assert_int_equal(f.diagnostics.count, 1);
	assert_non_null(strstr(f.diagnostics.items[0].text, "\xc3\xa9...\""));
	done(&f);
}

static void test_scalars(void **state)
{
	int64_t i;
	uint64_t z;
	double share;

	(void)state;
	assert_true(scalar_integer("9223372036854775807", &i) && i == INT64_MAX);
	assert_true(scalar_integer("-9223372036854775808", &i) && i == INT64_MIN);
	assert_true(scalar_integer("-0", &i) && i == 0);
	assert_false(scalar_integer("9223372036854775808", &i));
	assert_false(scalar_integer("-9223372036854775809", &i));
	assert_false(scalar_integer("18446744073709551617", &i));
	for (const char *const *bad = (const char *const[]){"", "-", "+1", "1.0", " 1", "1 ", "0x10", "1_000", "00", "1e3", NULL};
		*bad; bad++)
		assert_false(scalar_integer(*bad, &i));

	assert_true(scalar_size("0", &z) && z == 0);
	assert_true(scalar_size("1GiB", &z) && z == 1073741824);
	assert_true(scalar_size("3MB", &z) && z == 3000000);
	assert_true(scalar_size("2kB", &z) && z == 2000);
	assert_true(scalar_size("8589934591GiB", &z) && z == 9223372035781033984u);
	for (const char *const *bad = (const char *const[]){"", "MiB", "1.5MiB", "1 MiB", "1mib", "1K", "1M", "-1", "8589934592GiB",
		"99999999999999999999", NULL}; *bad; bad++)
		assert_false(scalar_size(*bad, &z));

	assert_true(scalar_duration("1d", &i) && i == 86400000);
	assert_true(scalar_duration("2h", &i) && i == 7200000);
	assert_true(scalar_duration("0ms", &i) && i == 0);
	for (const char *const *bad = (const char *const[]){"", "1", "1 s", "1S", "1m30s", "-1s", "s", NULL}; *bad; bad++)
		assert_false(scalar_duration(*bad, &i));

	assert_true(scalar_share("2%", &share) && share == 0.02);
	assert_true(scalar_share("100%", &share) && share == 1.0);
	assert_true(scalar_share("0.5%", &share) && share == 0.005);
	assert_true(scalar_share("0%", &share) && share == 0.0);
	assert_true(scalar_share("100.0%", &share) && share == 1.0);
	for (const char *const *bad = (const char *const[]){"", "%", "2", "101%", "100.1%", "-1%", "2 %", ".5%", "2.%", "2%%",
		"0.00000001%", NULL}; *bad; bad++)
		assert_false(scalar_share(*bad, &share));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_binds),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_secrets_are_not_shown),
		cmocka_unit_test(test_every_mistake_is_told),
		cmocka_unit_test(test_long_values_are_cut),
		cmocka_unit_test(test_scalars),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}

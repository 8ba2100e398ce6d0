/* mode: replace over ODBC: what is deleted, changed and written, what is left alone, what is refused, and that nothing else changes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/sink.h"
#include "connectors/odbc/store.h"
#include "tests/support/odbc_world.h"

enum { STEPS_MAX = 4, MANY = 3000 };

/* Steps that replace tables in one transaction, driven as the engine does it. */
struct group {
	struct rig rigs[STEPS_MAX];
	struct batch *batches[STEPS_MAX];
	size_t count;
	struct error error;
};

static int group_add(struct group *group, struct world *world, struct schema *schema, struct rig_options options)
{
	struct rig *rig = &group->rigs[group->count];

	options.mode = "replace";
	options.store = group->count ? group->rigs[0].store : NULL;
	group->batches[group->count] = batch_for(schema, MANY);
	group->count++;
	if (rig_open(rig, world, schema, options) == 0)
		return 0;
	group->error = rig->error;
	return -1;
}

static struct batch *add(struct group *group, struct world *world, struct schema *schema, struct rig_options options)
{
	char text[2200];

	if (group_add(group, world, schema, options))
		fail_msg("%s", error_text(&group->error, text, sizeof text));
	return group->batches[group->count - 1];
}

static int load(struct group *group, size_t i, struct error *error)
{
	if (odbc_sink_ops.begin(group->rigs[i].sink, error) || odbc_sink_ops.write(group->rigs[i].sink, group->batches[i], error))
		return -1;
	batch_sort_violations(group->batches[i]);
	return 0;
}

static int publish(struct group *group, size_t i, enum publish_phase phase, struct error *error)
{
	return odbc_sink_ops.publish(group->rigs[i].sink, phase, &(struct outcome){ .complete = true }, error);
}

static int work(struct group *group, struct error *error)
{
	for (size_t i = 0; i < group->count; i++)
		if (group->rigs[i].info.staged && load(group, i, error))
			return -1;
	for (size_t i = group->count; i-- > 0;)
		if (publish(group, i, PUBLISH_RETIRE, error))
			return -1;
	for (size_t i = 0; i < group->count; i++)
		if (group->rigs[i].info.staged && publish(group, i, PUBLISH_PLACE, error))
			return -1;
	for (size_t i = 0; i < group->count; i++)
		if (!group->rigs[i].info.staged && (load(group, i, error) || publish(group, i, PUBLISH_PLACE, error)))
			return -1;
	return 0;
}

/* Returns what the work did; commits, or rolls back where it failed or `keep` is false. */
static int drive(struct group *group, bool keep)
{
	struct session *session = group->rigs[0].session;
	int result;

	error_clear(&group->error);
	if (session_begin(session, &group->error))
		return -1;
	result = work(group, &group->error);
	if (result == 0 && keep)
		return session_commit(session, &group->error);
	session_rollback(session);
	for (size_t i = 0; i < group->count; i++)
		odbc_sink_ops.rollback(group->rigs[i].sink);
	return result;
}

static void close_group(struct group *group)
{
	for (size_t i = group->count; i-- > 0;) {
		batch_free(group->batches[i]);
		rig_close(&group->rigs[i]);
	}
	memset(group, 0, sizeof *group);
}

static void expect_done(struct group *group)
{
	char text[2200];

	if (drive(group, true))
		fail_msg("%s", error_text(&group->error, text, sizeof text));
	close_group(group);
}

static void expect_error(const struct group *group, enum error_kind kind, const char *const *words)
{
	assert_int_equal(group->error.kind, kind);
	for (; *words; words++)
		if (!strstr(group->error.message, *words))
			fail_msg("\"%s\" is not in: %s", *words, group->error.message);
}
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* The violations of the first step. */
static void expect_done_with(struct group *group, const char *violations)
{
	char text[2200];

	if (drive(group, true))
		fail_msg("%s", error_text(&group->error, text, sizeof text));
	expect_violations(group->batches[0], violations);
	close_group(group);
}

static void expect_failure(struct group *group, enum error_kind kind, const char *const *words)
{
	assert_int_equal(drive(group, true), -1);
	expect_error(group, kind, words);
	close_group(group);
}

/* --- tables --- */

static struct schema *departments(void)
{
	struct schema *schema = schema_from("departments", "id integer!, name string!, note string");

	schema_primary(schema, "id");
	schema_unique(schema, "name");
	return schema;
}

static struct schema *employees(void)
{
	struct schema *schema = schema_from("employees", "id integer!, name string, department_id integer");

	schema_primary(schema, "id");
	schema_foreign(schema, "department_id", "departments", "id");
	return schema;
}

static struct schema *badges(void)
{
	struct schema *schema = schema_from("badges", "id integer!, employee_id integer");

	schema_primary(schema, "id");
	schema_foreign(schema, "employee_id", "employees", "id");
	return schema;
}

/* What triggers see of a table, in the table `log`: "INSERT 3". */
static void log_changes(const struct world *world, const char *table)
{
	char sql[1024];

	world_run(world, "CREATE TABLE IF NOT EXISTS log (what text)");
	if (world->postgres) {
		world_run(world, "CREATE OR REPLACE FUNCTION log_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'DELETE' "
				 "THEN INSERT INTO log VALUES ('DELETE ' || OLD.id); ELSE INSERT INTO log VALUES (TG_OP || ' ' || NEW.id); "
				 "END IF; RETURN NULL; END $$");
		snprintf(sql, sizeof sql,
			"CREATE TRIGGER log_it AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION log_it()", table);
	} else {
		snprintf(sql, sizeof sql,
			"CREATE TRIGGER log_i AFTER INSERT ON %s BEGIN INSERT INTO log VALUES ('INSERT ' || NEW.id); END;"
			"CREATE TRIGGER log_u AFTER UPDATE ON %s BEGIN INSERT INTO log VALUES ('UPDATE ' || NEW.id); END;"
			"CREATE TRIGGER log_d AFTER DELETE ON %s BEGIN INSERT INTO log VALUES ('DELETE ' || OLD.id); END",
			table, table, table);
	}
	world_run(world, sql);
}

static void make_tables(const struct world *world, const char *action)
{
	char sql[1024];

	world_run(world, "CREATE TABLE departments (id bigint PRIMARY KEY, name text NOT NULL UNIQUE, note text)");
	snprintf(sql, sizeof sql,
		"CREATE TABLE employees (id bigint PRIMARY KEY, name text, department_id bigint CONSTRAINT works_in REFERENCES "
		"departments (id) %s)",
		action);
	world_run(world, sql);
	world_run(world, "INSERT INTO departments VALUES (1, 'Sales', NULL), (2, 'Legal', 'x'), (3, 'Tax', NULL)");
	world_run(world, "INSERT INTO employees VALUES (10, 'Ann', 1), (11, 'Bob', 2), (12, 'Cem', NULL)");
}

static const char DEPARTMENTS[] = "SELECT * FROM departments ORDER BY id";
static const char EMPLOYEES[] = "SELECT * FROM employees ORDER BY id";
static const char OLD_DEPARTMENTS[] = "1|Sales|NULL\n2|Legal|x\n3|Tax|NULL\n";
static const char OLD_EMPLOYEES[] = "10|Ann|1\n11|Bob|2\n12|Cem|NULL\n";

/* --- a table that nothing references --- */

static void test_leaf(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	struct batch *batch;

	make_tables(world, "");
	batch = add(&group, world, employees(), (struct rig_options){ .table = "employees" });
	assert_false(group.rigs[0].info.staged);
	assert_true(group.rigs[0].info.has_key);
	ROW(batch, "10", "Ann", "1");
	ROW(batch, "20", "Dee", "2");
	ROW(batch, "20", "again", "2"); /* key of the row before */
	ROW(batch, "21", "Eve", "9");	/* no parent */
	assert_int_equal(drive(&group, false), 0);
	expect_violations(batch, "2:employees.id.primary-key 3:employees.department_id.foreign-key");
	world_expect(world, EMPLOYEES, OLD_EMPLOYEES);
	batch_reset(batch);
	ROW(batch, "10", "Ann", "1");
	ROW(batch, "20", "Dee", "2");
	expect_done(&group);
	world_expect(world, EMPLOYEES, "10|Ann|1\n20|Dee|2\n");

	/* By no row at all: whether that is meant is not the sink's question. */
	add(&group, world, employees(), (struct rig_options){ .table = "employees" });
	expect_done(&group);
	world_expect(world, EMPLOYEES, "");
}

static void test_missing(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };

	assert_int_equal(group_add(&group, world, departments(), (struct rig_options){ .table = "departments" }), -1);
	expect_error(&group, ERROR_CONFIG, WORDS("there is no table departments"));
	close_group(&group);
	for (int pass = 0; pass < 2; pass++) {
		ROW(add(&group, world, departments(), (struct rig_options){ .table = "departments", .create = true }), "1", "Sales", NULL);
		assert_int_equal(group.rigs[0].info.creates_table, true);
		ROW(add(&group, world, employees(), (struct rig_options){ .table = "employees", .create = true }), "10", "Ann", "1");
		if (pass) {
			expect_done(&group);
			break;
		}
		assert_int_equal(drive(&group, false), 0);
		/* The same sinks once more, after the rollback. */
		assert_int_equal(drive(&group, false), 0);
		close_group(&group);
	}
	world_expect(world, DEPARTMENTS, "1|Sales|NULL\n");
	world_expect(world, EMPLOYEES, "10|Ann|1\n");
	ROW(add(&group, world, departments(), (struct rig_options){ .table = "departments" }), "1", "Sales", NULL);
	assert_true(group.rigs[0].info.staged);
	expect_done(&group);
}

/* A parent that was dropped while its children stayed is made and filled before they are. */
static void test_missing_parent(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };

	make_tables(world, "");
	world_run(world, "DROP TABLE departments"); /* the shell's connection does not enforce keys */
	ROW(add(&group, world, departments(), (struct rig_options){ .table = "departments", .create = true }), "1", "Sales", NULL);
	ROW(add(&group, world, employees(), (struct rig_options){ .table = "employees", .create = true }), "10", "Ann", "1");
	expect_done(&group);
	world_expect(world, DEPARTMENTS, "1|Sales|NULL\n");
	world_expect(world, EMPLOYEES, "10|Ann|1\n");
}

/* --- a table that is referenced --- */

static void test_parent(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	struct batch *batch;

	make_tables(world, "");
	log_changes(world, "departments");
	batch = add(&group, world, departments(), (struct rig_options){ .table = "departments" });
	assert_true(group.rigs[0].info.staged);
	ROW(batch, "4", "Audit", "new");
	ROW(batch, "2", "Legal", NULL); /* changed */
	ROW(batch, "1", "Sales", NULL); /* equal */
	ROW(batch, "2", "twice", NULL);
	ROW(batch, "5", "Audit", NULL); /* name of the first */
	expect_violations(batch, "");
	assert_int_equal(drive(&group, true), 0);
	expect_violations(batch, "3:departments.id.primary-key 4:departments.name.unique");
	close_group(&group);
	world_expect(world, DEPARTMENTS, "1|Sales|NULL\n2|Legal|NULL\n4|Audit|new\n");
	world_expect(world, EMPLOYEES, OLD_EMPLOYEES);
	world_expect(world, "SELECT what FROM log ORDER BY what", "DELETE 3\nINSERT 4\nUPDATE 2\n");

	/* The same rows again touch nothing. */
	batch = add(&group, world, departments(), (struct rig_options){ .table = "departments" });
	ROW(batch, "1", "Sales", NULL);
	ROW(batch, "2", "Legal", NULL);
	ROW(batch, "4", "Audit", "new");
	expect_done(&group);
	world_expect(world, "SELECT count(*) FROM log", "3\n");
}

static void test_still_referenced(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	struct batch *batch;

	make_tables(world, "");
	batch = add(&group, world, departments(), (struct rig_options){ .table = "departments" });
	ROW(batch, "1", "Sales", NULL);
	ROW(batch, "4", "Audit", NULL);
	expect_failure(&group, ERROR_SINK,
		WORDS("table departments", "id = 2", "employees", world->postgres ? "works_in" : "department_id"));
	world_expect(world, DEPARTMENTS, OLD_DEPARTMENTS);
}

static void test_rollback(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	struct batch *batch;

	make_tables(world, "");
	batch = add(&group, world, departments(), (struct rig_options){ .table = "departments" });
	ROW(batch, "2", "Legal", "y");
	ROW(batch, "1", "Sales", NULL);
	batch = add(&group, world, employees(), (struct rig_options){ .table = "employees" });
	ROW(batch, "10", "Ann", "2");
	assert_int_equal(drive(&group, false), 0);
	world_expect(world, DEPARTMENTS, OLD_DEPARTMENTS);
	world_expect(world, EMPLOYEES, OLD_EMPLOYEES);
	/* Nothing of the first try stands in the way of a second one. */
	expect_done(&group);
	world_expect(world, DEPARTMENTS, "1|Sales|NULL\n2|Legal|y\n");
	world_expect(world, EMPLOYEES, "10|Ann|2\n");
}

static void test_cascade(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };

	make_tables(world, "ON DELETE CASCADE");
	assert_int_equal(group_add(&group, world, departments(), (struct rig_options){ .table = "departments" }), -1);
	expect_error(&group, ERROR_CONFIG,
		WORDS("ON DELETE CASCADE", "departments", "employees", world->postgres ? "works_in" : "department_id", "cascade: true"));
	close_group(&group);
	ROW(add(&group, world, departments(), (struct rig_options){ .table = "departments", .cascade = true }), "1", "Sales", NULL);
	expect_done(&group);
	world_expect(world, DEPARTMENTS, "1|Sales|NULL\n");
	world_expect(world, EMPLOYEES, "10|Ann|1\n12|Cem|NULL\n");
}

static void test_set_null(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };

	make_tables(world, "ON DELETE SET NULL");
	assert_int_equal(group_add(&group, world, departments(), (struct rig_options){ .table = "departments" }), -1);
	expect_error(&group, ERROR_CONFIG, WORDS("ON DELETE SET NULL"));
	close_group(&group);
	ROW(add(&group, world, departments(), (struct rig_options){ .table = "departments", .cascade = true }), "1", "Sales", NULL);
	expect_done(&group);
	world_expect(world, EMPLOYEES, "10|Ann|1\n11|Bob|NULL\n12|Cem|NULL\n");
}

/* Keys of rows do not change, so what follows a changed key does not matter; what follows another column does. */
static void test_on_update(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };

	make_tables(world, "ON UPDATE CASCADE");
	ROW(add(&group, world, departments(), (struct rig_options){ .table = "departments" }), "1", "Sales", NULL);
	ROW(group.batches[0], "2", "Law", NULL);
	expect_done(&group);
	world_run(world, "CREATE TABLE signs (department text REFERENCES departments (name) ON UPDATE CASCADE)");
	assert_int_equal(group_add(&group, world, departments(), (struct rig_options){ .table = "departments" }), -1);
	expect_error(&group, ERROR_CONFIG, WORDS("ON UPDATE CASCADE", "signs"));
	close_group(&group);
}

static void test_no_key(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	struct schema *schema = schema_from("departments", "id integer!, name string!, note string");

	make_tables(world, "");
	assert_int_equal(group_add(&group, world, schema, (struct rig_options){ .table = "departments" }), -1);
	expect_error(&group, ERROR_CONFIG, WORDS("no primaryKey", "employees"));
	close_group(&group);
	schema = schema_from("departments", "id integer!, name string!, note string!");
	schema_primary(schema, "note");
	assert_int_equal(group_add(&group, world, schema, (struct rig_options){ .table = "departments" }), -1);
	expect_error(&group, ERROR_CONFIG, WORDS("no unique key of the database"));
	close_group(&group);
}

/* --- all tables at once --- */

static void test_group(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	struct batch *batch;

	make_tables(world, "");
	/* A department and its employee were added since. */
	world_run(world, "INSERT INTO departments VALUES (9, 'New', NULL); INSERT INTO employees VALUES (90, 'Zoe', 9)");
	batch = add(&group, world, departments(), (struct rig_options){ .table = "departments" });
	ROW(batch, "1", "Sales", NULL);
	ROW(batch, "2", "Legal", "x");
	ROW(batch, "3", "Tax", NULL);
	batch = add(&group, world, employees(), (struct rig_options){ .table = "employees" });
	ROW(batch, "10", "Ann", "1");
	ROW(batch, "11", "Bob", "2");
	ROW(batch, "12", "Cem", NULL);
	expect_done(&group);
	world_expect(world, DEPARTMENTS, OLD_DEPARTMENTS);
	world_expect(world, EMPLOYEES, OLD_EMPLOYEES);
}

/* Three levels: the staged rows in the middle moved to another parent, so that their old one can go only after they have. */
static void test_moved(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	struct batch *batch;

	make_tables(world, "");
	world_run(world, "CREATE TABLE badges (id bigint PRIMARY KEY, employee_id bigint REFERENCES employees (id));"
			 "INSERT INTO badges VALUES (100, 10), (101, 11)");
	for (int pass = 0; pass < 2; pass++) {
		batch = add(&group, world, departments(), (struct rig_options){ .table = "departments" });
		ROW(batch, "1", "Sales", NULL);
		ROW(batch, "4", "Audit", NULL);
		batch = add(&group, world, employees(), (struct rig_options){ .table = "employees" });
		ROW(batch, "10", "Ann", "4");
		ROW(batch, "11", "Bob", pass ? "1" : "2"); /* the first time it stays where it was, and its department is gone */
		assert_true(group.rigs[1].info.staged);
		batch = add(&group, world, badges(), (struct rig_options){ .table = "badges" });
		ROW(batch, "100", "11");
		if (pass)
			break;
		expect_failure(&group, ERROR_SINK, WORDS("departments", "id = 2", "employees"));
		world_expect(world, DEPARTMENTS, OLD_DEPARTMENTS);
		world_expect(world, EMPLOYEES, OLD_EMPLOYEES);
		world_expect(world, "SELECT * FROM badges ORDER BY id", "100|10\n101|11\n");
	}
	expect_done(&group);
	world_expect(world, DEPARTMENTS, "1|Sales|NULL\n4|Audit|NULL\n");
	world_expect(world, EMPLOYEES, "10|Ann|4\n11|Bob|1\n");
	world_expect(world, "SELECT * FROM badges", "100|11\n");
}

/* A department was made anew under another number with its old name, and its staged employees went with it. */
static void test_renumbered(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	struct batch *batch;

	make_tables(world, "");
	world_run(world, "CREATE TABLE badges (id bigint PRIMARY KEY, employee_id bigint REFERENCES employees (id));"
			 "INSERT INTO badges VALUES (100, 10), (101, 11)");
	batch = add(&group, world, departments(), (struct rig_options){ .table = "departments" });
	ROW(batch, "1", "Legal", NULL); /* takes the name of one that goes */
	ROW(batch, "4", "Sales", NULL);
	batch = add(&group, world, employees(), (struct rig_options){ .table = "employees" });
	ROW(batch, "10", "Ann", "4");
	ROW(batch, "11", "Bob", "1");
	batch = add(&group, world, badges(), (struct rig_options){ .table = "badges" });
	ROW(batch, "100", "11");
	expect_done(&group);
	world_expect(world, DEPARTMENTS, "1|Legal|NULL\n4|Sales|NULL\n");
	world_expect(world, EMPLOYEES, "10|Ann|4\n11|Bob|1\n");
	world_expect(world, "SELECT * FROM badges", "100|11\n");
}

/* While a table is staged, its keys are looked up among the rows that are coming. */
static void test_lookup(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	const char *const keys[] = { "departments" }, *const values[] = { "departments" };
	const struct option_map tables = { keys, values, 1 };
	struct schema *schema = schema_from("departments", "id integer!");
	struct batch *in = batch_for(schema, 8), *out = batch_for(schema, 8);
	const size_t columns[] = { 0 };
	const uint32_t rows[] = { 0, 1 };
	struct lookup_table table;
	struct lookup *lookup;
	struct rig *rig;

	make_tables(world, "");
	ROW(add(&group, world, departments(), (struct rig_options){ .table = "departments" }), "1", "Sales", NULL);
	ROW(group.batches[0], "2", "Legal", NULL);
	ROW(group.batches[0], "4", "Audit", NULL);
	rig = &group.rigs[0];
	ROW(in, "3"); /* goes */
	ROW(in, "4"); /* comes */
	assert_int_equal(session_begin(rig->session, &group.error), 0);
	lookup = odbc_store_ops.lookup(rig->store, &tables, "employees");
	assert_non_null(lookup);
	for (int pass = 0; pass < 3; pass++) {
		batch_reset(out);
		assert_int_equal(lookup->ops->describe(lookup, "departments", (const char *const[]){ "id" }, 1, &table, &group.error), 0);
		assert_true(table.exists && table.indexed);
		assert_int_equal(lookup->ops->probe(lookup, "departments", schema, in, columns, rows, 2, out, &group.error), 0);
		assert_int_equal(out->rows, 1);
		assert_int_equal(out->columns[0].integers[0], pass == 0 ? 3 : 4);
		batch_reset(out);
		assert_int_equal(lookup->ops->scan_open(lookup, "departments", schema, &group.error), 0);
		assert_int_equal(lookup->ops->scan_read(lookup, out, &group.error), 0);
		assert_int_equal(out->rows, 3);
		lookup->ops->scan_close(lookup);
		if (pass == 0)
			assert_int_equal(load(&group, 0, &group.error), 0);
		if (pass == 1) {
			assert_int_equal(publish(&group, 0, PUBLISH_RETIRE, &group.error), 0);
			assert_int_equal(publish(&group, 0, PUBLISH_PLACE, &group.error), 0);
		}
	}
	assert_int_equal(session_commit(rig->session, &group.error), 0);
	close_group(&group);
	batch_free(in);
	batch_free(out);
	schema_free(schema);
	world_expect(world, DEPARTMENTS, "1|Sales|NULL\n2|Legal|NULL\n4|Audit|NULL\n");
}

/* --- unique values --- */

static void test_trade(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	struct batch *batch;

	make_tables(world, "");
	world_run(world, "INSERT INTO departments VALUES (4, 'Audit', NULL), (5, 'Art', NULL), (6, 'Ink', NULL), (7, 'Oak', NULL)");
	batch = add(&group, world, departments(), (struct rig_options){ .table = "departments" });
	ROW(batch, "1", "Audit", NULL); /* is referenced, and trades with 4, which is not */
	ROW(batch, "4", "Sales", NULL);
	ROW(batch, "5", "Ink", NULL); /* a ring of three */
	ROW(batch, "6", "Oak", NULL);
	ROW(batch, "7", "Art", NULL);
	ROW(batch, "2", "Law", NULL); /* gives a name to a new row */
	ROW(batch, "8", "Legal", NULL);
	ROW(batch, "9", "Tax", NULL); /* takes the name of a row that goes */
	expect_done(&group);
	world_expect(world, DEPARTMENTS,
		"1|Audit|NULL\n2|Law|NULL\n4|Sales|NULL\n5|Ink|NULL\n6|Oak|NULL\n7|Art|NULL\n8|Legal|NULL\n9|Tax|NULL\n");
	world_expect(world, EMPLOYEES, OLD_EMPLOYEES);
}

/* Each takes the name of the next: no ring, so that referenced rows can change one after the other. */
static void test_chain(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	struct batch *batch;

	make_tables(world, "");
	world_run(world, "INSERT INTO employees VALUES (13, 'Dee', 3)");
	batch = add(&group, world, departments(), (struct rig_options){ .table = "departments" });
	ROW(batch, "1", "Legal", NULL);
	ROW(batch, "2", "Tax", NULL);
	ROW(batch, "3", "Art", NULL);
	expect_done(&group);
	world_expect(world, DEPARTMENTS, "1|Legal|NULL\n2|Tax|NULL\n3|Art|NULL\n");
}

static void test_cannot_trade(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	struct batch *batch;

	make_tables(world, "");
	batch = add(&group, world, departments(), (struct rig_options){ .table = "departments" });
	ROW(batch, "1", "Legal", NULL);
	ROW(batch, "2", "Sales", NULL);
	ROW(batch, "3", "Tax", "changed");
	expect_failure(&group, ERROR_SINK, WORDS("departments", "id = 1", "unique value"));
	world_expect(world, DEPARTMENTS, OLD_DEPARTMENTS);
}

/* Thousands of rows hand their names on, without a statement a row. */
static void test_many(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	struct batch *batch;
	char id[16], name[16];

	make_tables(world, "");
	world_run(world, world->postgres
			? "DELETE FROM departments WHERE id = 3; INSERT INTO departments SELECT i, 'n' || i, NULL FROM generate_series(3, 2900) i"
			: "DELETE FROM departments WHERE id = 3; WITH RECURSIVE s(i) AS (VALUES (3) UNION ALL SELECT i + 1 FROM s WHERE i < 2900) "
			  "INSERT INTO departments SELECT i, 'n' || i, NULL FROM s");
	batch = add(&group, world, departments(), (struct rig_options){ .table = "departments" });
	ROW(batch, "1", "Sales", NULL);
	ROW(batch, "2", "Legal", "x");
	for (int i = 3; i <= 2950; i++) {
		snprintf(id, sizeof id, "%d", i);
		snprintf(name, sizeof name, "n%d", i + 1);
		ROW(batch, id, name, NULL);
	}
	expect_done(&group);
	world_expect(world, "SELECT count(*), min(id), max(id) FROM departments WHERE name = 'n' || (id + 1)", "2948|3|2950\n");
}

/* --- refusals --- */

static void test_refused(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	struct batch *batch;

	make_tables(world, "");
	world_run(world, world->postgres
			? "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.note = 'bad' THEN RAISE EXCEPTION "
			  "'not this note'; END IF; RETURN NEW; END $$;"
			  "CREATE TRIGGER no BEFORE INSERT OR UPDATE ON departments FOR EACH ROW EXECUTE FUNCTION no()"
			: "CREATE TRIGGER no_i BEFORE INSERT ON departments WHEN NEW.note = 'bad' BEGIN SELECT raise(ABORT, 'not this note'); END;"
			  "CREATE TRIGGER no_u BEFORE UPDATE ON departments WHEN NEW.note = 'bad' BEGIN SELECT raise(ABORT, 'not this note'); END");
	/* Among new rows. */
	batch = add(&group, world, departments(), (struct rig_options){ .table = "departments" });
	ROW(batch, "1", "Sales", NULL);
	ROW(batch, "2", "Legal", "x");
	for (int i = 30; i < 60; i++) {
		char id[8];

		snprintf(id, sizeof id, "%d", i);
		ROW(batch, id, id, i == 47 ? "bad" : NULL);
	}
	expect_failure(&group, ERROR_SINK, WORDS("departments", "id = 47", "not this note"));
	/* Among changed ones. */
	batch = add(&group, world, departments(), (struct rig_options){ .table = "departments" });
	ROW(batch, "1", "Sales", "good");
	ROW(batch, "2", "Legal", "bad");
	ROW(batch, "3", "Tax", "good");
	expect_failure(&group, ERROR_SINK, WORDS("departments", "id = 2", "not this note"));
	world_expect(world, DEPARTMENTS, OLD_DEPARTMENTS);
}

/* A parent that is not there, which nobody judged. */
static void test_no_parent(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	struct batch *batch;

	make_tables(world, "");
	world_run(world, "CREATE TABLE badges (id bigint PRIMARY KEY, employee_id bigint REFERENCES employees (id))");
	batch = add(&group, world, employees(), (struct rig_options){ .table = "employees" });
	ROW(batch, "10", "Ann", "1");
	ROW(batch, "14", "Eve", "77");
	ROW(batch, "15", "Flo", "2");
	expect_failure(&group, ERROR_SINK, WORDS("employees", "id = 14"));
	world_expect(world, EMPLOYEES, OLD_EMPLOYEES);
}

static void swallow(const struct world *world, const char *when, const char *condition)
{
	char sql[1024];

	snprintf(sql, sizeof sql,
		world->postgres
			? "CREATE FUNCTION mute() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF %s THEN RETURN NULL; END IF; IF TG_OP = "
			  "'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$; CREATE TRIGGER mute BEFORE %s ON departments FOR EACH ROW "
			  "EXECUTE FUNCTION mute()"
			: "CREATE TRIGGER mute BEFORE %2$s ON departments WHEN %1$s BEGIN SELECT raise(IGNORE); END",
		condition, when);
	world_run(world, sql);
}

static void expect_swallowed(struct world *world, const char *when, const char *condition)
{
	struct group group = { 0 };
	struct batch *batch;

	make_tables(world, "");
	swallow(world, when, condition);
	batch = add(&group, world, departments(), (struct rig_options){ .table = "departments" });
	ROW(batch, "1", "Sales", NULL);
	ROW(batch, "2", "Legal", "y");
	ROW(batch, "4", "Audit", NULL);
	expect_failure(&group, ERROR_BOOKS, WORDS("departments", "trigger"));
	world_expect(world, DEPARTMENTS, OLD_DEPARTMENTS);
}

static void test_swallowed_insert(void **state)
{
	expect_swallowed(world_of(state), "INSERT", "NEW.id = 4");
}

static void test_swallowed_update(void **state)
{
	expect_swallowed(world_of(state), "UPDATE", "NEW.id = 2");
}

static void test_swallowed_delete(void **state)
{
	expect_swallowed(world_of(state), "DELETE", "OLD.id = 3");
}

/* --- columns --- */

static void test_other_columns(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	const char *const ignore[] = { "seen", NULL };
	struct batch *batch;

	make_tables(world, "");
	world_run(world, world->postgres
			? "ALTER TABLE departments ADD seen integer DEFAULT 7; ALTER TABLE departments ADD size integer GENERATED ALWAYS AS "
			  "(length(name)) STORED; ALTER TABLE employees ADD seen integer DEFAULT 8"
			: "ALTER TABLE departments ADD seen integer DEFAULT 7; ALTER TABLE departments ADD size integer AS (length(name));"
			  "ALTER TABLE employees ADD seen integer DEFAULT 8");
	world_run(world, "UPDATE departments SET seen = id");
	assert_int_equal(group_add(&group, world, departments(), (struct rig_options){ .table = "departments" }), -1);
	expect_error(&group, ERROR_CONFIG, WORDS("seen", "departments", "ignore"));
	close_group(&group);
	batch = add(&group, world, departments(), (struct rig_options){ .table = "departments", .ignore = ignore });
	ROW(batch, "1", "Sales", NULL);
	ROW(batch, "2", "Legal", "y");
	ROW(batch, "4", "Audit", NULL);
	batch = add(&group, world, employees(), (struct rig_options){ .table = "employees", .ignore = ignore });
	ROW(batch, "10", "Ann", "4");
	expect_done(&group);
	world_expect(world, "SELECT id, name, note, seen, size FROM departments ORDER BY id",
		"1|Sales|NULL|1|5\n2|Legal|y|2|5\n4|Audit|NULL|7|5\n");
	world_expect(world, "SELECT * FROM employees", "10|Ann|4|8\n");
}

/* Every type, in a key of two parts, equal and changed. */
static void test_types(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	struct schema *(*make)(const char *, const char *) = schema_from;
	const char fields[] = "a string!, b date!, i integer, d double, m decimal(12.2), t time, at datetime, u uuid, x binary, j json, f boolean";

	for (int pass = 0; pass < 3; pass++) {
		struct schema *schema = make("w", fields);
		struct batch *batch;

		schema_primary(schema, "a b");
		batch = add(&group, world, schema, (struct rig_options){ .table = "w", .create = true });
		assert_int_equal(group.rigs[0].info.staged, pass > 0);
		ROW(batch, "k", "1969-07-20", "-9223372036854775808", "0.1", "-0.01", "23:59:59.999999", "1901-01-01T00:00:00Z",
			"f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "\x01\xff'", "{\"a\":1}", "1");
		ROW(batch, "K", "1969-07-20", "9223372036854775807", "1e300", "9999999999.99", "00:00:00", "9999-12-31T23:59:59.999999Z", NULL, "",
			pass == 2 ? "{\"a\":1.00}" : "{\"a\":1.0}", "0");
		ROW(batch, "", "2024-02-29", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
		expect_done(&group);
		if (pass > 0)
			continue;
		world_run(world, "CREATE TABLE v (a text, b date, FOREIGN KEY (a, b) REFERENCES w (a, b)); CREATE TABLE log (what text)");
		world_run(world, world->postgres
				? "CREATE FUNCTION log_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (TG_OP || ' ' || OLD.a); "
				  "RETURN NULL; END $$; CREATE TRIGGER l AFTER DELETE OR UPDATE ON w FOR EACH ROW EXECUTE FUNCTION log_it()"
				: "CREATE TRIGGER l_u AFTER UPDATE ON w BEGIN INSERT INTO log VALUES ('UPDATE ' || OLD.a); END;"
				  "CREATE TRIGGER l_d AFTER DELETE ON w BEGIN INSERT INTO log VALUES ('DELETE ' || OLD.a); END");
	}
	/* The second time all are equal; the third time one is written in other digits. */
	world_expect(world, "SELECT what FROM log", "UPDATE K\n");
	world_expect(world, "SELECT count(*) FROM w", "3\n");
}

/* Columns and keys that only PostgreSQL has. */
static void test_odd_columns(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	struct schema *schema = schema_from("odd", "id integer!, Code string, doc json, kind string, rank integer");
	struct batch *batch;

	schema_primary(schema, "id");
	world_run(world,
		"CREATE SCHEMA s; CREATE DOMAIN short AS varchar(9) CHECK (value <> 'no'); CREATE TYPE kind AS ENUM ('a', 'b');"
		"CREATE TABLE s.odd (size integer GENERATED ALWAYS AS (length(\"Code\")) STORED, id bigint GENERATED ALWAYS AS IDENTITY "
		"PRIMARY KEY, \"Code\" short, doc json, kind kind, rank integer UNIQUE DEFERRABLE, extra integer NOT NULL DEFAULT 5 CHECK (extra + rank "
		"< 1000), CHECK (rank < 100));"
		"CREATE UNIQUE INDEX ON s.odd ((lower(\"Code\"))); CREATE UNIQUE INDEX ON s.odd (kind) WHERE rank > 50; CREATE INDEX ON s.odd (rank);"
		"CREATE TABLE s.sub (odd bigint REFERENCES s.odd);"
		"INSERT INTO s.odd (\"Code\", doc, kind, rank, extra) VALUES ('A', '{\"a\":1}', 'a', 1, 1), ('B', NULL, 'b', 2, 2), ('C', NULL, 'a', 3, 3);"
		"INSERT INTO s.sub VALUES (1), (2)");
	batch = add(&group, world, schema, (struct rig_options){ .table = "s.odd", .ignore = (const char *const[]){ "extra", NULL } });
	assert_true(group.rigs[0].info.staged);
	ROW(batch, "1", "A", "{\"a\":1}", "a", "2"); /* the rank is free at the statement's end */
	ROW(batch, "2", "a2", NULL, "b", "1");
	ROW(batch, "4", "no", NULL, NULL, NULL);       /* the domain's check */
	ROW(batch, "5", "five", NULL, NULL, "100");    /* the table's check */
	ROW(batch, "6", "A2", NULL, NULL, NULL);       /* the index over an expression */
	ROW(batch, "7", "seven", "{}", "b", NULL);
	expect_done_with(&group, "2:odd.database-error 3:odd.database-error 4:odd.unique");
	world_expect(world, "SELECT id, \"Code\", doc, kind, rank, extra, size FROM s.odd ORDER BY id",
		"1|A|{\"a\":1}|a|2|1|1\n2|a2|NULL|b|1|2|2\n7|seven|{}|b|NULL|5|5\n");
}

/* --- what must be there afterwards as before --- */

static void test_kept(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	static const char objects[] =
		"SELECT c.oid, c.relname, c.relkind, coalesce(c.relacl::text, '') FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace "
		"UNION ALL SELECT oid, tgname, 't', tgenabled::text FROM pg_trigger "
		"UNION ALL SELECT oid, conname, contype, convalidated::text || condeferred::text FROM pg_constraint ORDER BY 1";
	char *before, *after;

	make_tables(world, "");
	log_changes(world, "departments");
	log_changes(world, "employees");
	world_run(world, "CREATE INDEX notes ON departments (note); CREATE VIEW named AS SELECT name FROM departments;"
			 "CREATE ROLE reader_of_penstock_unit; GRANT SELECT ON departments, employees TO reader_of_penstock_unit");
	before = world_ask(world, objects);
	ROW(add(&group, world, departments(), (struct rig_options){ .table = "departments" }), "1", "Sales", NULL);
	ROW(add(&group, world, employees(), (struct rig_options){ .table = "employees" }), "10", "Ann", "1");
	expect_done(&group);
	after = world_ask(world, objects);
	world_run(world, "DROP OWNED BY reader_of_penstock_unit; DROP ROLE reader_of_penstock_unit");
	assert_string_equal(before, after);
	free(before);
	free(after);
	world_expect(world, "SELECT * FROM named", "Sales\n");
}

static void test_schema_kept(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	char *before, *after;

	make_tables(world, "");
	log_changes(world, "departments");
	world_run(world, "CREATE INDEX notes ON departments (note); CREATE VIEW named AS SELECT name FROM departments");
	before = world_ask(world, "SELECT type, name, rootpage, sql FROM sqlite_master ORDER BY name");
	ROW(add(&group, world, departments(), (struct rig_options){ .table = "departments" }), "1", "Sales", NULL);
	ROW(add(&group, world, employees(), (struct rig_options){ .table = "employees" }), "10", "Ann", "1");
	expect_done(&group);
	after = world_ask(world, "SELECT type, name, rootpage, sql FROM sqlite_master ORDER BY name");
	assert_string_equal(before, after);
	free(before);
	free(after);
}

/* A deferred key is not put off: what it would say at the end is said when the row is to go. */
static void test_deferred(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };

	make_tables(world, "DEFERRABLE INITIALLY DEFERRED");
	ROW(add(&group, world, departments(), (struct rig_options){ .table = "departments" }), "1", "Sales", NULL);
	expect_failure(&group, ERROR_SINK, WORDS("id = 2", "employees"));
	world_expect(world, DEPARTMENTS, OLD_DEPARTMENTS);
}

/* A table that only itself references goes aside first, since a row may come before the one it references; then it is emptied and filled. */
static void test_itself(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	struct schema *schema = schema_from("tree", "id integer!, up integer");
	struct batch *batch;

	schema_primary(schema, "id");
	world_run(world, "CREATE TABLE tree (id bigint PRIMARY KEY, up bigint REFERENCES tree (id) ON DELETE CASCADE);"
			 "INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2)");
	batch = add(&group, world, schema, (struct rig_options){ .table = "tree" });
	assert_true(group.rigs[0].info.staged);
	ROW(batch, "4", "3");
	ROW(batch, "3", NULL);
	expect_done(&group);
	world_expect(world, "SELECT * FROM tree ORDER BY id", "3|NULL\n4|3\n");
}

static void test_explain(void **state)
{
	struct world *world = world_of(state);
	struct group group = { 0 };
	struct buffer out;

	make_tables(world, "");
	buffer_init(&out, 65536);
	add(&group, world, departments(), (struct rig_options){ .table = "departments", .read_only = true });
	add(&group, world, employees(), (struct rig_options){ .table = "employees" });
	assert_int_equal(odbc_sink_ops.explain(group.rigs[0].sink, &out, &group.error), 0);
	assert_non_null(strstr(buffer_text(&out), "DELETE FROM \"departments\" AS t WHERE NOT EXISTS (SELECT 1 FROM "));
	assert_non_null(strstr(buffer_text(&out), "UPDATE \"departments\" AS t SET \"name\" = s.\"name\", \"note\" = s.\"note\" FROM "));
	assert_non_null(strstr(buffer_text(&out), "INSERT INTO \"departments\" (\"id\", \"name\", \"note\") SELECT "));
	buffer_clear(&out);
	assert_int_equal(odbc_sink_ops.explain(group.rigs[1].sink, &out, &group.error), 0);
	assert_non_null(strstr(buffer_text(&out), "DELETE FROM \"employees\";"));
	buffer_fini(&out);
	close_group(&group);
	world_expect(world, DEPARTMENTS, OLD_DEPARTMENTS);
}

/* Many steps are claimed, recorded and committed together, and fenced one by one. */
static void test_claims(void **state)
{
	struct world *world = world_of(state);
	struct store_target target = world_target(world);
	struct store *store, *other;
	struct step_key keys[300];
	struct checkpoint checkpoints[300], again;
	struct run_record run = { .run_id = target.run_id, .kind = "run", .pipeline = "p", .status = "running" };
	struct error error = ERROR_INIT;
	static char names[300][8];

	assert_int_equal(odbc_store_ops.open(&target, &store, &error), 0);
	assert_int_equal(odbc_store_ops.run_begin(store, &run, &error), 0);
	for (size_t i = 0; i < 300; i++) {
		snprintf(names[i], sizeof names[i], "s%zu", i);
		keys[i] = (struct step_key){ "p", names[i], names[i], 0, 1 };
		assert_int_equal(odbc_store_ops.claim(store, &keys[i], target.run_id, &checkpoints[i], &error), 0);
	}
	assert_int_equal(odbc_store_ops.begin(store, &error), 0);
	for (size_t i = 0; i < 300; i++) {
		checkpoints[i].state = CHECKPOINT_COMPLETE;
		checkpoints[i].load_read = i;
		snprintf(checkpoints[i].run_id, sizeof checkpoints[i].run_id, "%s", target.run_id);
		assert_int_equal(odbc_store_ops.record(store, &keys[i], &checkpoints[i], NULL, &error), 0);
	}
	assert_int_equal(odbc_store_ops.commit(store, &keys[0], NULL, NULL, &error), 0);
	world_expect(world, "SELECT count(*), sum(load_read) FROM penstock_checkpoints WHERE state = 'complete'", "300|44850\n");
	target.run_id = "0190b0b0-0000-7000-8000-000000000001";
	assert_int_equal(odbc_store_ops.open(&target, &other, &error), 0);
	assert_int_equal(odbc_store_ops.claim(other, &keys[299], target.run_id, &again, &error), -1);
	assert_int_equal(error.kind, ERROR_BUSY);
	error_clear(&error);
	odbc_store_ops.release(store, &keys[299]);
	assert_int_equal(odbc_store_ops.claim(other, &keys[299], target.run_id, &again, &error), 0);
	assert_int_equal(odbc_store_ops.claim(other, &keys[0], target.run_id, &again, &error), -1);
	assert_int_equal(error.kind, ERROR_BUSY);
	error_clear(&error);
	/* One that was taken over takes all of them with it. */
	assert_int_equal(odbc_store_ops.begin(store, &error), 0);
	checkpoints[0].load_read = 77;
	assert_int_equal(odbc_store_ops.record(store, &keys[0], &checkpoints[0], NULL, &error), 0);
	assert_int_equal(odbc_store_ops.record(store, &keys[299], &checkpoints[299], NULL, &error), -1);
	assert_int_equal(error.kind, ERROR_BUSY);
	odbc_store_ops.rollback(store);
	world_expect(world, "SELECT load_read FROM penstock_checkpoints WHERE step = 's0'", "0\n");
	odbc_store_ops.close(other);
	odbc_store_ops.close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_leaf),
		BOTH(test_missing),
		ON_SQLITE(test_missing_parent),
		BOTH(test_parent),
		BOTH(test_still_referenced),
		BOTH(test_rollback),
		BOTH(test_cascade),
		BOTH(test_set_null),
		BOTH(test_on_update),
		BOTH(test_no_key),
		BOTH(test_group),
		BOTH(test_moved),
		BOTH(test_renumbered),
		BOTH(test_lookup),
		BOTH(test_trade),
		BOTH(test_chain),
		BOTH(test_cannot_trade),
		BOTH(test_many),
		BOTH(test_refused),
		BOTH(test_no_parent),
		BOTH(test_swallowed_insert),
		BOTH(test_swallowed_update),
		BOTH(test_swallowed_delete),
		BOTH(test_other_columns),
		BOTH(test_types),
		ON_POSTGRES(test_odd_columns),
		ON_POSTGRES(test_kept),
		ON_SQLITE(test_schema_kept),
		BOTH(test_deferred),
		BOTH(test_itself),
		BOTH(test_explain),
		BOTH(test_claims),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_keyset.c - sets of keys against naive ones; and whole loads, with every budget and kind of target, against a
 * model that keeps plain lists. SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rules/byteset.h"
#include "rules/integerset.h"
#include "rules/keystore.h"
#include "tests/support/judging.h"

/* xorshift: the same numbers everywhere. */
static uint64_t seed;

static uint64_t draw(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

/* --- sets --------------------------------------------------------------------------------------- */

static int64_t some_integer(unsigned kind)
{
	switch (kind) {
	case 0:
		return (int64_t)draw(3000);
	case 1:
		return (int64_t)draw(200000) - 100000;
	case 2:
		return (int64_t)(draw(40) * 65536 + draw(200));
	case 3:
		return (int64_t)(draw(UINT64_MAX));
	default:
		return draw(2) ? INT64_MAX - (int64_t)draw(9) : INT64_MIN + (int64_t)draw(9);
	}
}

struct seen {
	int64_t values[20000];
	size_t count;
};

static int collect(void *arg, int64_t value)
{
	struct seen *seen = arg;
	seen->values[seen->count++] = value;
	return 0;
}

static int order(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
	return (a > b) - (a < b);
}

static void integers_against_a_list(void **state)
{
	(void)state;
	static struct seen seen;
	static int64_t list[20000];
	for (unsigned kind = 0; kind < 5; kind++) {
		seed = kind + 1;
		struct integerset *set = integerset_new(seed);
		size_t count = 0;
		for (size_t round = 0; round < 9000; round++) {
			int64_t value = some_integer(kind);
			bool known = false;
			for (size_t i = 0; i < count && !known; i++)
				known = list[i] == value;
			if (integerset_has(set, value) != known)
				fail_msg("kind %u: %lld", kind, (long long)value);
			if (!known && draw(2))
				list[count++] = value;
			else if (!known)
				continue;
			assert_true(integerset_add(set, value));
			assert_true(integerset_has(set, value));
		}
		seen.count = 0;
		assert_int_equal(integerset_each(set, collect, &seen), 0);
		assert_int_equal(seen.count, count);
		qsort(seen.values, count, sizeof list[0], order);
		qsort(list, count, sizeof list[0], order);
		assert_memory_equal(seen.values, list, count * sizeof list[0]);
		integerset_clear(set);
		assert_false(integerset_has(set, list[0]));
		integerset_free(set);
	}
}

/* Ten million consecutive keys within the memory that the design allows them. */
static void dense_integers_are_small(void **state)
{
	(void)state;
	struct integerset *set = integerset_new(7);
	for (int64_t i = 1; i <= 1000000; i++)
		assert_true(integerset_add(set, i * (i % 2 ? 1 : -1)));
	for (int64_t i = 1; i <= 1000000; i++)
		if (!integerset_has(set, i * (i % 2 ? 1 : -1)) || integerset_has(set, i * (i % 2 ? -1 : 1)))
			fail_msg("%lld", (long long)i);
	assert_true(integerset_memory(set) < 300000);
	integerset_free(set);
}

static size_t some_bytes(char *out)
{
	static const size_t lengths[] = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 127, 128, 300};
	size_t length = lengths[draw(sizeof lengths / sizeof lengths[0])];
	/* Few letters, so that there are many equal keys, and many that are nearly so. */
	for (size_t i = 0; i < length; i++)
		out[i] = (char)(i + 3 > length ? draw(8) : i % 5);
	return length;
}

static void bytes_against_a_list(void **state)
{
	(void)state;
	static struct {
		char bytes[300];
		size_t length;
	} list[4000];
	seed = 99;
	struct byteset *set = byteset_new(seed);
	size_t count = 0;
	for (size_t round = 0; round < 20000; round++) {
		char bytes[300];
		size_t length = some_bytes(bytes);
		bool known = false;
		for (size_t i = 0; i < count && !known; i++)
			known = list[i].length == length && memcmp(list[i].bytes, bytes, length) == 0;
		assert_int_equal(byteset_has(set, bytes, length), known);
		if (!known && draw(3)) {
			memcpy(list[count].bytes, bytes, length);
			list[count++].length = length;
			assert_true(byteset_add(set, bytes, length));
		} else if (known) {
			assert_true(byteset_add(set, bytes, length));
		}
	}
	assert_true(count > 100);
	/* Many more, so that the table grows. */
	for (uint64_t i = 0; i < 50000; i++)
		assert_true(byteset_add(set, (const char *)&i, sizeof i));
	for (uint64_t i = 0; i < 50000; i++)
		assert_true(byteset_has(set, (const char *)&i, sizeof i));
	for (size_t i = 0; i < count; i++)
		assert_true(byteset_has(set, list[i].bytes, list[i].length));
	byteset_clear(set);
	assert_false(byteset_has(set, list[0].bytes, list[0].length));
	byteset_free(set);
}

static void stores_move_to_disk_and_know_the_same(void **state)
{
	(void)state;
	for (int kind = KEY_OF_INTEGER; kind <= KEY_OF_BYTES; kind++) {
		struct error error = ERROR_INIT;
		struct keybudget budget;
		struct keystore store;
		struct keydisk *disk = keydisk_open(&error);
		bool there;
		assert_non_null(disk);
		keybudget_init(&budget, 1000, 1);
		assert_int_equal(keystore_init(&store, (enum key_kind)kind, &budget, &error), 0);
		char text[32];
		for (int64_t i = -500; i < 30000; i += 7) {
			struct keyvalue key = {.integer = i,
					       .bytes = text,
					       .length = (size_t)snprintf(text, sizeof text, "%lld", (long long)i)};
			assert_int_equal(keystore_add(&store, &key, &error), 0);
			if (i >= 10000 && keystore_in_memory(&store)) {
				assert_true(atomic_load(&budget.used) > budget.limit);
				assert_int_equal(keystore_spill(&store, disk, &error), 0);
				assert_true(atomic_load(&budget.used) <= budget.allowance);
			}
		}
		assert_false(keystore_in_memory(&store));
		for (int64_t i = -600; i < 30100; i++) {
			struct keyvalue key = {.integer = i,
					       .bytes = text,
					       .length = (size_t)snprintf(text, sizeof text, "%lld", (long long)i)};
			assert_int_equal(keystore_has(&store, &key, &there, &error), 0);
			assert_int_equal(there, i >= -500 && i < 30000 && (i + 500) % 7 == 0);
		}
		assert_true(atomic_load(&budget.used) <= 2 * budget.allowance);
		keystore_fini(&store);
		assert_int_equal(atomic_load(&budget.used), 0);
		keydisk_close(disk);
	}
}

/* --- a database that is a few arrays ------------------------------------------------------------ */

enum { COLUMNS = 8, CELL_SIZE = 12, TARGET_MAX = 4000 };

struct record {
	char cells[COLUMNS][CELL_SIZE]; /* empty: null */
	bool refused;                   /* by the database */
};

static const char *const t_names[COLUMNS] = {"id", "u", "a", "b", "p", "x", "y", NULL};
static const char *const p_names[COLUMNS] = {"id", "x", "y", NULL};

struct fake_table {
	const char *name;
	const char *const *names;
	bool exists, indexed;
	struct record rows[TARGET_MAX];
	size_t count;
};

struct fake {
	struct lookup base;
	struct fake_table t, p;
	const struct schema *scanning;
	const struct fake_table *scanned;
	size_t at;
	size_t probes;
};

static struct fake_table *find(struct fake *fake, const char *resource)
{
	assert_true(strcmp(resource, "t") == 0 || strcmp(resource, "p") == 0);
	return resource[0] == 't' ? &fake->t : &fake->p;
}

static size_t column_of(const struct fake_table *table, const char *name)
{
	for (size_t i = 0; table->names[i]; i++)
		if (strcmp(table->names[i], name) == 0)
			return i;
	fail_msg("no column %s", name);
	return 0;
}

static int fake_describe(struct lookup *self, const char *resource, const char *const *columns, size_t count,
			 struct lookup_table *out, struct error *error)
{
	(void)error;
	struct fake_table *table = find((struct fake *)self, resource);
	for (size_t i = 0; i < count; i++)
		column_of(table, columns[i]);
	*out = (struct lookup_table){.exists = table->exists, .indexed = table->indexed};
	return 0;
}

static int fake_scan_open(struct lookup *self, const char *resource, const struct schema *keys, struct error *error)
{
	(void)error;
	struct fake *fake = (struct fake *)self;
	fake->scanned = find(fake, resource);
	fake->scanning = keys;
	fake->at = 0;
	return 0;
}

static void put_cell(struct batch *out, size_t column, uint32_t row, const char *cell)
{
	struct error error = ERROR_INIT;
	out->columns[column].cells[row] = CELL_VALUE;
	if (out->columns[column].field->type == VALUE_INTEGER)
		out->columns[column].integers[row] = atoll(cell);
	else
		assert_int_equal(batch_store(out, cell, strlen(cell), &out->columns[column].spans[row], &error), 0);
}

static int fake_scan_read(struct lookup *self, struct batch *out, struct error *error)
{
	(void)error;
	struct fake *fake = (struct fake *)self;
	for (; fake->at < fake->scanned->count && out->rows < 7 && out->rows < out->capacity; fake->at++) {
		const struct record *record = &fake->scanned->rows[fake->at];
		bool complete = true;
		for (size_t i = 0; i < fake->scanning->field_count; i++)
			complete =
				complete && record->cells[column_of(fake->scanned, fake->scanning->fields[i].name)][0];
		if (!complete)
			continue;
		uint32_t row = batch_add_row(out);
		for (size_t i = 0; i < fake->scanning->field_count; i++)
			put_cell(out, i, row, record->cells[column_of(fake->scanned, fake->scanning->fields[i].name)]);
	}
	return 0;
}

static void fake_scan_close(struct lookup *self)
{
	((struct fake *)self)->scanned = NULL;
}

static bool cell_is(const struct batch *batch, size_t column, uint32_t row, const char *cell)
{
	char text[VALUE_TEXT_MAX];
	struct text got = batch_cell_text(batch, column, row, text);
	return cell[0] && got.length == strlen(cell) && memcmp(got.data, cell, got.length) == 0;
}

static int fake_probe(struct lookup *self, const char *resource, const struct schema *keys, const struct batch *in,
		      const size_t *in_columns, const uint32_t *rows, size_t count, struct batch *out,
		      struct error *error)
{
	(void)error;
	struct fake *fake = (struct fake *)self;
	const struct fake_table *table = find(fake, resource);
	assert_true(table->indexed);
	assert_true(out->capacity >= count);
	fake->probes++;
	for (size_t at = 0; at < table->count; at++) {
		bool found = false;
		for (size_t i = 0; i < count && !found; i++) {
			found = true;
			for (size_t part = 0; part < keys->field_count; part++) {
				assert_int_equal(in->columns[in_columns[part]].cells[rows[i]], CELL_VALUE);
				found = found &&
					cell_is(in, in_columns[part], rows[i],
						table->rows[at].cells[column_of(table, keys->fields[part].name)]);
			}
		}
		if (!found)
			continue;
		uint32_t row = batch_add_row(out);
		for (size_t part = 0; part < keys->field_count; part++)
			put_cell(out, part, row, table->rows[at].cells[column_of(table, keys->fields[part].name)]);
	}
	return 0;
}

static const struct lookup_ops fake_ops = {fake_describe, fake_scan_open, fake_scan_read, fake_scan_close, fake_probe};

/* --- the model ---------------------------------------------------------------------------------- */

struct model {
	struct record taken[2 * TARGET_MAX]; /* rows whose keys count */
	size_t count;
	const struct fake_table *parents;
};

static bool same_parts(const struct record *left, const struct record *right, const size_t *left_columns,
		       const size_t *right_columns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!left->cells[left_columns[i]][0] ||
		    strcmp(left->cells[left_columns[i]], right->cells[right_columns[i]]) != 0)
			return false;
	return true;
}

static bool any_null(const struct record *record, const size_t *columns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!record->cells[columns[i]][0])
			return true;
	return false;
}

/* The verdict on a record as the contract has it; the record's keys are taken when it is accepted. */
static void model_judge(struct model *model, const struct record *record, char *out, size_t size)
{
	static const struct {
		const char *rule;
		size_t columns[2], count;
	} keys[] = {{"t.id.primary-key", {0}, 1}, {"t.u.unique", {1}, 1}, {"t.unique(a+b)", {2, 3}, 2}};
	static const struct {
		const char *rule;
		size_t columns[2], parent[2], count;
	} references[] = {{"t.p.foreign-key", {4}, {0}, 1}, {"t.foreign-key(y+x)", {6, 5}, {2, 1}, 2}};
	out[0] = '\0';
	for (size_t k = 0; k < 3; k++) {
		bool taken = false;
		for (size_t i = 0; i < model->count && !taken; i++)
			taken = same_parts(record, &model->taken[i], keys[k].columns, keys[k].columns, keys[k].count);
		if (taken)
			snprintf(out + strlen(out), size - strlen(out), " %s", keys[k].rule);
	}
	for (size_t k = 0; k < 2; k++) {
		bool there = any_null(record, references[k].columns, references[k].count);
		for (size_t i = 0; i < model->parents->count && !there; i++)
			there = same_parts(record, &model->parents->rows[i], references[k].columns,
					   references[k].parent, references[k].count);
		if (!there)
			snprintf(out + strlen(out), size - strlen(out), " %s", references[k].rule);
	}
	if (!out[0])
		model->taken[model->count++] = *record;
}

/* --- loads -------------------------------------------------------------------------------------- */

static const char dictionary[] = "resources:\n"
				 "- name: p\n"
				 "  schema: { fields: [{ name: id, type: integer }, { name: x }, { name: y, type: "
				 "integer }], primaryKey: id, uniqueKeys: [[x, y]] }\n"
				 "- name: t\n"
				 "  schema:\n"
				 "    fields: [{ name: id, type: integer }, { name: u, constraints: { unique: true } "
				 "}, { name: a, type: integer }, { name: b },"
				 " { name: p, type: integer }, { name: x }, { name: y, type: integer }]\n"
				 "    primaryKey: id\n"
				 "    uniqueKeys: [[a, b]]\n"
				 "    foreignKeys: [{ fields: p, reference: { resource: p, fields: id } }, { fields: "
				 "[y, x], reference: { resource: p, fields: [y, x] } }]\n";

enum { BATCH = 16, BATCHES = 24, RECORDS = BATCH * BATCHES };

struct load {
	struct judging judging;
	struct fake fake;
	struct model model;
	struct record records[RECORDS];
	bool appends, dry_run, has_database;
	size_t lag; /* batches that the rules thread is ahead */
};

static void some_cell(char *out, const char *format, unsigned range, unsigned nulls)
{
	if (draw(100) < nulls)
		out[0] = '\0';
	else
		snprintf(out, CELL_SIZE, format, (unsigned)draw(range));
}

static void some_record(struct record *record, unsigned range)
{
	memset(record, 0, sizeof *record);
	some_cell(record->cells[0], "%u", range * 70000, 0);
	if (draw(2))
		some_cell(record->cells[0], "%u", range, 0);
	some_cell(record->cells[1], "u%u", range, 30);
	some_cell(record->cells[2], "%u", 60, 20);
	some_cell(record->cells[3], "b%u", 60, 20);
	some_cell(record->cells[4], "%u", 12, 30);
	some_cell(record->cells[5], "x%u", 4, 20);
	some_cell(record->cells[6], "%u", 4, 20);
	record->refused = draw(8) == 0;
}

static void make_load(struct load *load, uint64_t number)
{
	seed = number * 7919 + 1;
	memset(&load->fake, 0, sizeof load->fake);
	load->fake.base.ops = &fake_ops;
	load->fake.t.name = "t";
	load->fake.t.names = t_names;
	load->fake.p.name = "p";
	load->fake.p.names = p_names;
	load->appends = draw(4) != 0;
	load->dry_run = draw(4) == 0;
	load->has_database = draw(8) != 0;
	load->lag = draw(5);
	load->fake.t.exists = draw(3) != 0;
	load->fake.t.indexed = draw(2);
	load->fake.p.exists = draw(8) != 0;
	load->fake.p.indexed = draw(2);
	unsigned range = 50 + (unsigned)draw(1000);
	for (size_t i = 0; i < RECORDS; i++)
		some_record(&load->records[i], range);
	for (size_t i = 0; load->fake.p.exists && load->has_database && i < 10; i++) {
		struct record *parent = &load->fake.p.rows[load->fake.p.count++];
		snprintf(parent->cells[0], CELL_SIZE, "%zu", i);
		snprintf(parent->cells[1], CELL_SIZE, "x%zu", i / 4);
		snprintf(parent->cells[2], CELL_SIZE, "%zu", i % 4);
	}
	/* Rows of the target: some that the records meet again. */
	for (size_t i = 0; load->fake.t.exists && load->has_database && i < 60; i++) {
		struct record row;
		some_record(&row, range);
		row.refused = false;
		char ignored[256];
		load->model.count = load->fake.t.count;
		memcpy(load->model.taken, load->fake.t.rows, load->fake.t.count * sizeof row);
		load->model.parents = &load->fake.p;
		model_judge(&load->model, &row, ignored, sizeof ignored);
		if (!ignored[0])
			load->fake.t.rows[load->fake.t.count++] = row;
	}
	load->model.count = 0;
	load->model.parents = &load->fake.p;
	if (load->appends && load->has_database) {
		memcpy(load->model.taken, load->fake.t.rows, load->fake.t.count * sizeof load->fake.t.rows[0]);
		load->model.count = load->fake.t.count;
	}
}

static void fill_batch(struct batch *batch, const struct record *records)
{
	for (size_t i = 0; i < BATCH; i++) {
		const char *cells[COLUMNS - 1];
		size_t lengths[COLUMNS - 1];
		for (size_t j = 0; j < COLUMNS - 1; j++) {
			cells[j] = records[i].cells[j];
			lengths[j] = strlen(cells[j]);
		}
		judging_add_cells(batch, cells, lengths, COLUMNS - 1);
	}
}

static void as_rules_thread(struct load *load, struct batch *batch)
{
	struct error error = ERROR_INIT;
	struct judge *judge = load->judging.judge;
	if (judge->ops->cells(judge, batch, &error) < 0 || judge->ops->keys(judge, batch, false, &error) < 0)
		fail_msg("%s", error.message);
}

/* Judges what is left, compares with the model, writes and settles. */
static void as_sink(struct load *load, struct batch *batch, size_t number, uint64_t name)
{
	struct error error = ERROR_INIT;
	struct judge *judge = load->judging.judge;
	if (!batch->keys_judged && judge->ops->keys(judge, batch, true, &error) < 0)
		fail_msg("%s", error.message);
	size_t violation = 0;
	for (uint32_t row = 0; row < batch->rows && !batch->replayed; row++) {
		const struct record *record = &load->records[number * BATCH + row];
		char wanted[256], got[256] = "";
		model_judge(&load->model, record, wanted, sizeof wanted);
		for (; violation < batch->violation_count && batch->violations[violation].row == row; violation++)
			snprintf(got + strlen(got), sizeof got - strlen(got), " %s",
				 batch->violations[violation].rule->id);
		if (strcmp(got, wanted) != 0)
			fail_msg("load %llu, batch %zu, row %u (%s|%s|%s|%s): wanted%s, got%s",
				 (unsigned long long)name, number, row, record->cells[0], record->cells[1],
				 record->cells[2], record->cells[3], wanted, got);
	}
	for (uint32_t row = 0; row < batch->rows && !batch->replayed; row++) {
		const struct record *record = &load->records[number * BATCH + row];
		if (batch->status[row] != ROW_LIVE || load->dry_run || !load->has_database)
			continue;
		load->fake.t.exists = true;
		if (!record->refused || !load->appends) {
			load->fake.t.rows[load->fake.t.count++] = *record;
			continue;
		}
		const struct rule *rule =
			rule_set_get(&load->judging.rules, row % 2 ? CODE_DATABASE_ERROR : CODE_PRIMARY_KEY, NULL, NULL,
				     0, "", &error);
		assert_int_equal(batch_violation(batch, row, rule, "check failed", &error), 0);
	}
	assert_int_equal(judge->ops->settled(judge, batch, &error), 0);
}

/* From a batch on; those before it are replayed. */
static void run(struct load *load, size_t from, size_t to, uint64_t name)
{
	static const uint64_t budgets[] = {0, 400, 2000, 9000, 24u << 20};
	struct batch *queue[BATCHES];
	load->judging.limits.keys = budgets[draw(sizeof budgets / sizeof budgets[0])];
	judging_start(&load->judging,
		      (struct judge_context){.policy = load->appends ? KEYS_APPEND : KEYS_UPSERT,
					     .dry_run = load->dry_run,
					     .upsert_key = &load->judging.schema->primary},
		      load->has_database ? &load->fake.base : NULL);
	size_t written = 0;
	for (size_t i = 0; i < to; i++) {
		queue[i] = judging_batch(&load->judging, BATCH);
		queue[i]->replayed = i < from;
		fill_batch(queue[i], &load->records[i * BATCH]);
		as_rules_thread(load, queue[i]);
		for (; i - written >= load->lag && written <= i; written++)
			as_sink(load, queue[written], written, name);
	}
	for (; written < to; written++)
		as_sink(load, queue[written], written, name);
	for (size_t i = 0; i < to; i++)
		batch_free(queue[i]);
	judging_stop(&load->judging);
}

static void loads_against_a_model(void **state)
{
	(void)state;
	static struct load load;
	size_t probed = 0;
	judging_open(&load.judging, dictionary, "t");
	for (uint64_t number = 1; number <= 400; number++) {
		make_load(&load, number);
		run(&load, 0, BATCHES, number);
		probed += load.fake.probes > 0;
	}
	judging_close(&load.judging);
	assert_true(probed > 30);
}

/* A load that is cut off between two batches and resumed with another judge, perhaps with another budget. */
static void resumed_loads_against_a_model(void **state)
{
	(void)state;
	static struct load load;
	judging_open(&load.judging, dictionary, "t");
	for (uint64_t number = 1001; number <= 1250; number++) {
		make_load(&load, number);
		if (load.dry_run || !load.has_database)
			continue;
		size_t cut = 1 + draw(BATCHES - 1);
		run(&load, 0, cut, number);
		run(&load, cut, BATCHES, number);
	}
	judging_close(&load.judging);
}

/* Whatever the number of keys, memory stays within the budget and a little. */
static void memory_stays_within_the_budget(void **state)
{
	(void)state;
	struct judging judging;
	struct error error = ERROR_INIT;
	char cells[64];
	judging_open(&judging,
		     "resources: [{ name: t, schema: { fields: [{ name: id }, { name: n, type: integer }], primaryKey: "
		     "id, uniqueKeys: [n] } }]",
		     NULL);
	judging.limits.keys = 256 * 1024;
	judging_start(&judging, (struct judge_context){.policy = KEYS_APPEND}, NULL);
	struct batch *batch = judging_batch(&judging, 1000);
	size_t most = 0;
	for (unsigned i = 0; i < 60; i++) {
		batch_reset(batch);
		for (unsigned j = 0; j < 1000; j++) {
			unsigned number = i * 1000 + j;
			snprintf(cells, sizeof cells, "a key of some length %u|%u", j == 999 ? 17 : number,
				 number * 100003u);
			judging_add(batch, cells);
		}
		judging_judge(&judging, batch);
		assert_int_equal(batch->violation_count, 1);
		size_t memory = judging.judge->ops->memory(judging.judge);
		most = memory > most ? memory : most;
		assert_int_equal(judging.judge->ops->settled(judging.judge, batch, &error), 0);
	}
	assert_true(most > 100 * 1024);
	assert_true(most <= 256 * 1024);
	batch_free(batch);
	judging_close(&judging);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_against_a_list),
		cmocka_unit_test(dense_integers_are_small),
		cmocka_unit_test(bytes_against_a_list),
		cmocka_unit_test(stores_move_to_disk_and_know_the_same),
		cmocka_unit_test(loads_against_a_model),
		cmocka_unit_test(resumed_loads_against_a_model),
		cmocka_unit_test(memory_stays_within_the_budget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

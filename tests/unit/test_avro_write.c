/* Writing Avro: schemas, the bytes of rows as the specification has them, and the sink from open to close.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connectors/avro/container.h"
#include "connectors/avro/encode.h"
#include "connectors/avro/manifest.h"
#include "connectors/avro/sink.h"
#include "connectors/avro/write_schema.h"
#include "engine/core/digest.h"
#include "engine/core/shared.h"
#include "engine/core/typed.h"

#define RUN "0193f2a4-5b6c-7d8e-9f00-112233445566"

static struct schema *schema_of_type(enum value_type type, bool required)
{
	struct error error = ERROR_INIT;
	struct schema *schema = schema_new("t", &error);
	struct field *field = schema ? schema_add_field(schema, "f", type, &error) : NULL;
	assert_non_null(field);
	field->required = required;
	return schema;
}

static struct batch *batch_for(const struct schema *schema)
{
	static const struct limits limits = LIMITS_DEFAULT;
	struct error error = ERROR_INIT;
	struct batch *batch = batch_new(schema, 16, &limits, &error);
	assert_non_null(batch);
	return batch;
}

/* ---- schemas ---- */

static void assert_schema(const struct schema *schema, bool all_nullable, const char *expected)
{
	struct error error = ERROR_INIT;
	char *text = avro_schema_text(schema, all_nullable, &error);
	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void test_types(void **state)
{
	(void)state;
	static const struct {
		enum value_type type;
		const char *avro;
	} cases[] = {
		{ VALUE_STRING, "\"string\"" }, { VALUE_INTEGER, "\"long\"" }, { VALUE_DOUBLE, "\"double\"" },
		{ VALUE_DECIMAL, "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":10,\"scale\":2}" },
		{ VALUE_BOOLEAN, "\"boolean\"" }, { VALUE_DATE, "{\"type\":\"int\",\"logicalType\":\"date\"}" },
		{ VALUE_TIME, "{\"type\":\"long\",\"logicalType\":\"time-micros\"}" },
		{ VALUE_DATETIME, "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}" }, { VALUE_YEAR, "\"int\"" },
		{ VALUE_YEARMONTH, "\"string\"" }, { VALUE_DURATION, "\"string\"" },
		{ VALUE_UUID, "{\"type\":\"string\",\"logicalType\":\"uuid\"}" }, { VALUE_BINARY, "\"bytes\"" },
		{ VALUE_JSON, "\"string\"" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char expected[512];
		struct schema *schema = schema_of_type(cases[i].type, true);
		schema->fields[0].precision = 10;
		schema->fields[0].scale = 2;
		snprintf(expected, sizeof expected, "{\"type\":\"record\",\"name\":\"t\",\"fields\":[{\"name\":\"f\",\"type\":%s}]}",
			cases[i].avro);
		assert_schema(schema, false, expected);
		snprintf(expected, sizeof expected,
			"{\"type\":\"record\",\"name\":\"t\",\"fields\":[{\"name\":\"f\",\"type\":[\"null\",%s],\"default\":null}]}",
			cases[i].avro);
		assert_schema(schema, true, expected);
		schema->fields[0].required = false;
		assert_schema(schema, false, expected);
		schema_free(schema);
	}
}

/* Mangled names never take a proper one, and are told apart from each other. */
static void test_names(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	static const char *const fields[] = { "a b", "a_b", "a-b", "2nd", "na\xC3\xAFve", "string", "", "a_b_2" };
	struct schema *schema = schema_new("Order lines", &error);
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		struct field *field = schema_add_field(schema, fields[i], VALUE_INTEGER, &error);
		assert_non_null(field);
		field->required = true;
	}
	assert_schema(schema, false,
		"{\"type\":\"record\",\"name\":\"Order_lines\",\"doc\":\"Order lines\",\"penstock.name\":\"Order lines\",\"fields\":["
		"{\"name\":\"a_b_3\",\"doc\":\"a b\",\"penstock.name\":\"a b\",\"type\":\"long\"},{\"name\":\"a_b\",\"type\":\"long\"},"
		"{\"name\":\"a_b_4\",\"doc\":\"a-b\",\"penstock.name\":\"a-b\",\"type\":\"long\"},"
		"{\"name\":\"_2nd\",\"doc\":\"2nd\",\"penstock.name\":\"2nd\",\"type\":\"long\"},"
		"{\"name\":\"na_ve\",\"doc\":\"na\xC3\xAFve\",\"penstock.name\":\"na\xC3\xAFve\",\"type\":\"long\"},"
		"{\"name\":\"string\",\"type\":\"long\"},{\"name\":\"_\",\"doc\":\"\",\"penstock.name\":\"\",\"type\":\"long\"},"
		"{\"name\":\"a_b_2\",\"type\":\"long\"}]}");
	schema_free(schema);
	/* Names of types are no names of records. */
	schema = schema_new("string", &error);
	assert_schema(schema, false,
		"{\"type\":\"record\",\"name\":\"string_\",\"doc\":\"string\",\"penstock.name\":\"string\",\"fields\":[]}");
	schema_free(schema);
}

static void test_print(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	struct schema *one = schema_new("a.b", &error), *two = schema_new("a_b", &error);
	const struct schema *both[] = { one, two };
	struct buffer out;
	buffer_init(&out, 4096);
	assert_int_equal(avro_schema_print(both + 1, 1, &out, &error), 0);
	assert_string_equal(out.data, "{\n  \"type\": \"record\",\n  \"name\": \"a_b\",\n  \"fields\": []\n}\n");
	buffer_clear(&out);
	assert_int_equal(avro_schema_print(both, 2, &out, &error), 0);
	assert_non_null(strstr(out.data, "\"name\": \"a_b_2\",\n    \"doc\": \"a.b\""));
	assert_int_equal(out.data[0], '[');
	buffer_fini(&out);
	schema_free(one);
	schema_free(two);
}

/* ---- bytes ---- */

static const char *hex_of(const char *data, size_t length)
{
	static char out[256];
	assert_true(2 * length < sizeof out);
	for (size_t i = 0; i < length; i++)
		snprintf(out + 2 * i, 3, "%02x", (unsigned char)data[i]);
	out[2 * length] = '\0';
	return out;
}

/* Encodes the first row. */
static void assert_bytes(const struct batch *batch, const char *expected)
{
	struct error error = ERROR_INIT;
	struct encoder *encoder = encoder_new(batch->schema, false, &error);
	struct buffer out;
	buffer_init(&out, 4096);
	assert_non_null(encoder);
	size_t bound = encoder_bound(encoder, batch, 0);
	assert_int_equal(buffer_reserve(&out, bound, &error), 0);
	encoder_add(encoder, batch, 0, &out);
	assert_true(out.length <= bound);
	assert_string_equal(hex_of(out.data, out.length), expected);
	buffer_fini(&out);
	encoder_free(encoder);
}

/* The examples of Avro 1.11, "Binary Encoding", and the ends of the range by hand. */
static void test_long(void **state)
{
	(void)state;
	static const struct {
		int64_t value;
		const char *bytes;
	} cases[] = { { 0, "00" }, { -1, "01" }, { 1, "02" }, { -2, "03" }, { 2, "04" }, { -64, "7f" }, { 64, "8001" },
		{ INT64_MAX, "feffffffffffffffff01" }, { INT64_MIN, "ffffffffffffffffff01" } };
	static const enum value_type types[] = { VALUE_INTEGER, VALUE_DATE, VALUE_TIME, VALUE_DATETIME, VALUE_YEAR };
	for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
		struct schema *schema = schema_of_type(types[t], true);
		struct batch *batch = batch_for(schema);
		uint32_t row = batch_add_row(batch);
		for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
			typed_integer(batch, 0, row, cases[i].value);
			assert_bytes(batch, cases[i].bytes);
		}
		batch_free(batch);
		schema_free(schema);
	}
}

static void test_nullable(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	struct schema *schema = schema_of_type(VALUE_STRING, false);
	struct batch *batch = batch_for(schema);
	uint32_t row = batch_add_row(batch);
	typed_null(batch, 0, row);
	assert_bytes(batch, "00");
	assert_int_equal(typed_bytes(batch, 0, row, (struct text){ "foo", 3 }, &error), 0);
	assert_bytes(batch, "0206666f6f");
	assert_int_equal(typed_bytes(batch, 0, row, (struct text){ "", 0 }, &error), 0);
	assert_bytes(batch, "0200");
	batch_free(batch);
	schema_free(schema);
}

static void test_other_values(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	struct schema *schema = schema_of_type(VALUE_BOOLEAN, true);
	struct batch *batch = batch_for(schema);
	batch_add_row(batch);
	typed_integer(batch, 0, 0, 1);
	assert_bytes(batch, "01");
	typed_integer(batch, 0, 0, 0);
	assert_bytes(batch, "00");
	batch_free(batch);
	schema_free(schema);

	schema = schema_of_type(VALUE_DOUBLE, true);
	batch = batch_for(schema);
	batch_add_row(batch);
	batch->columns[0].doubles[0] = -1.5; /* bff8000000000000 */
	batch->columns[0].cells[0] = CELL_VALUE;
	assert_bytes(batch, "000000000000f8bf");
	batch_free(batch);
	schema_free(schema);

	schema = schema_of_type(VALUE_BINARY, true);
	batch = batch_for(schema);
	batch_add_row(batch);
	assert_int_equal(typed_bytes(batch, 0, 0, (struct text){ "\0\xff", 2 }, &error), 0);
	assert_bytes(batch, "0400ff");
	batch_free(batch);
	schema_free(schema);
}

/* Two's complement, the highest byte first, and no byte more than it takes. */
static void test_decimal(void **state)
{
	(void)state;
	const decimal_t big = value_power_of_ten(38) - 1; /* 4b3b4ca85a86c47a098a223fffffffff */
	const struct {
		decimal_t value;
		const char *bytes;
	} cases[] = { { 0, "0200" }, { 1, "0201" }, { -1, "02ff" }, { 127, "027f" }, { 128, "040080" }, { -128, "0280" }, { -129, "04ff7f" },
		{ 255, "0400ff" }, { -256, "04ff00" }, { 32767, "047fff" }, { 32768, "06008000" },
		{ big, "204b3b4ca85a86c47a098a223fffffffff" }, { -big, "20b4c4b357a5793b85f675ddc000000001" } };
	struct schema *schema = schema_of_type(VALUE_DECIMAL, true);
	schema->fields[0].precision = 38;
	struct batch *batch = batch_for(schema);
	batch_add_row(batch);
	batch->columns[0].cells[0] = CELL_VALUE;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		batch->columns[0].decimals[0] = cases[i].value;
		assert_bytes(batch, cases[i].bytes);
	}
	batch_free(batch);
	schema_free(schema);
}

/* ---- the sink ---- */

/* As the options lie at the beginning of an instance: through their table, as the binder does. */
struct job {
	char folder[64];   /* of the test */
	char path[256];
	void *self;
	struct sink_context context;
	struct sink_info info;
	struct source_identity source;
	struct shared *shared;
	struct schema *schema;
	struct batch *batch;
	struct error error;
};

static void *slot(const struct job *job, const char *name)
{
	for (const struct option *option = avro_sink_ops.options; option->name; option++)
		if (strcmp(option->name, name) == 0)
			return (char *)job->self + option->offset;
	fail_msg("no option %s", name);
	return NULL;
}

static void job_init(struct job *job, const char *path)
{
	*job = (struct job){ .folder = "/tmp/penstock-avro-XXXXXX", .error = ERROR_INIT };
	assert_non_null(mkdtemp(job->folder));
	snprintf(job->path, sizeof job->path, "%s/%s", job->folder, path);
	job->self = calloc(1, avro_sink_ops.size);
	job->shared = shared_new(&job->error);
	job->schema = schema_new("people", &job->error);
	struct field *id = schema_add_field(job->schema, "id", VALUE_INTEGER, &job->error);
	id->required = true;
	assert_non_null(schema_add_field(job->schema, "name", VALUE_STRING, &job->error));
	job->batch = batch_for(job->schema);
	snprintf(job->source.isolation, sizeof job->source.isolation, "one snapshot");
	job->source.by_key = true;
	job->context = (struct sink_context){ .schema = job->schema, .shared = job->shared, .source = &job->source, .pipeline = "p",
		.step = "people", .run_id = RUN, .table_json = "{\"name\":\"people\",\"schema\":{\"fields\":[]}}",
		.dictionary_hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" };
	*(const char **)slot(job, "path") = job->path;
	*(bool *)slot(job, "manifest") = false;
}

static void remove_folder(const char *path)
{
	char command[512];
	snprintf(command, sizeof command, "rm -rf '%s'", path);
	assert_int_equal(system(command), 0);
}

static void job_fini(struct job *job)
{
	avro_sink_ops.close(job->self);
	avro_sink_ops.close(job->self);
	shared_free(job->shared);
	batch_free(job->batch);
	schema_free(job->schema);
	free(job->self);
	remove_folder(job->folder);
}

static int job_open(struct job *job)
{
	return avro_sink_ops.open(job->self, &job->context, &job->info, &job->error);
}

static void fill(struct job *job, size_t rows)
{
	batch_reset(job->batch);
	for (size_t i = 0; i < rows; i++) {
		uint32_t row = batch_add_row(job->batch);
		typed_integer(job->batch, 0, row, (int64_t)i);
		if (i % 2)
			typed_null(job->batch, 1, row);
		else
			assert_int_equal(typed_bytes(job->batch, 1, row, (struct text){ "Ada", 3 }, &job->error), 0);
	}
}

static size_t files_in(const char *folder)
{
	DIR *entries = opendir(folder);
	size_t count = 0;
	for (const struct dirent *entry; entries && (entry = readdir(entries));)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	if (entries)
		closedir(entries);
	return count;
}

static int publish(struct job *job, bool complete, const struct fingerprints *prints)
{
	struct counts counts = { .read = 0 };
	struct outcome outcome = { .complete = complete, .counts = &counts, .prints = prints };
	return avro_sink_ops.publish(job->self, PUBLISH_PLACE, &outcome, &job->error);
}

/* The whole file as our own container reads it; python3-avro reads such files in tests/golden. */
static void assert_file(const char *path, uint64_t rows)
{
	struct error error = ERROR_INIT;
	struct container_in *in = container_in_open(path, NULL, &error);
	assert_non_null(in);
	struct container_block block;
	uint64_t records = 0;
	int more;
	while ((more = container_in_next(in, &block, &error)) > 0) {
		for (uint64_t i = 0, at = 0; i < block.records; i++, records++) {
			uint64_t length = 0;
			while (block.data[at++] & 0x80) /* id */
				;
			if (block.data[at++]) /* name: the second branch */
				length = (uint64_t)block.data[at++] / 2;
			at += length;
			assert_true(at <= block.length && (i + 1 < block.records || at == block.length));
		}
	}
	assert_int_equal(more, 0);
	assert_int_equal(records, rows);
	static const struct {
		const char *key, *value;
	} expected[] = { { "penstock.table", "people" }, { "penstock.run_id", RUN },
		{ "penstock.table_schema", "{\"name\":\"people\",\"schema\":{\"fields\":[]}}" },
		{ "penstock.dictionary_hash", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "avro.schema", "{\"type\":\"record\",\"name\":\"people\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},"
				 "{\"name\":\"name\",\"type\":[\"null\",\"string\"],\"default\":null}]}" } };
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		const struct container_entry *entry = container_in_find(in, expected[i].key);
		assert_non_null(entry);
		assert_string_equal(entry->value, expected[i].value);
	}
	assert_non_null(container_in_find(in, "penstock.version"));
	container_in_close(in);
}

static void test_sink(void **state)
{
	(void)state;
	struct job job;
	job_init(&job, "new/folder/people.avro");
	assert_int_equal(job_open(&job), 0);
	assert_false(job.info.wants_prints);
	assert_int_equal(files_in(job.folder), 0);
	assert_int_equal(avro_sink_ops.begin(job.self, &job.error), 0);
	for (int i = 0; i < 20000; i++) { /* several blocks */
		fill(&job, 10);
		job.batch->status[3] = ROW_REJECTED;
		assert_int_equal(avro_sink_ops.write(job.self, job.batch, &job.error), 0);
	}
	assert_int_equal(access(job.path, F_OK), -1);
	assert_int_equal(publish(&job, true, NULL), 0);
	assert_file(job.path, 9 * 20000);
	job_fini(&job);
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* What was there stays until a complete file takes its place, and nothing else is left. */
static void test_old_file_stays(void **state)
{
	(void)state;
	struct job job;
	struct stat before, after;
	job_init(&job, "people.avro");
	write_text(job.path, "old");
	assert_int_equal(stat(job.path, &before), 0);
	assert_int_equal(job_open(&job), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(avro_sink_ops.begin(job.self, &job.error), 0);
		fill(&job, 5);
		assert_int_equal(avro_sink_ops.write(job.self, job.batch, &job.error), 0);
		if (i == 0)
			avro_sink_ops.rollback(job.self);
	}
	assert_int_equal(publish(&job, false, NULL), 0); /* not complete: nothing appears */
	avro_sink_ops.close(job.self);
	assert_int_equal(stat(job.path, &after), 0);
	assert_true(before.st_ino == after.st_ino && after.st_size == 3);
	assert_int_equal(files_in(job.folder), 1);
	/* Opened again, for a second attempt of the same step. */
	assert_int_equal(job_open(&job), 0);
	assert_int_equal(avro_sink_ops.begin(job.self, &job.error), 0);
	assert_int_equal(publish(&job, true, NULL), 0);
	assert_file(job.path, 0);
	assert_int_equal(files_in(job.folder), 1);
	job_fini(&job);
}

static void test_dry_run(void **state)
{
	(void)state;
	struct job job;
	job_init(&job, "x/" RUN "/people.avro");
	*(bool *)slot(&job, "manifest") = true;
	job.context.dry_run = true;
	assert_int_equal(job_open(&job), 0);
	assert_int_equal(avro_sink_ops.begin(job.self, &job.error), 0);
	fill(&job, 5);
	assert_int_equal(avro_sink_ops.write(job.self, job.batch, &job.error), 0);
	assert_int_equal(publish(&job, true, NULL), 0);
	assert_int_equal(shared_finish(job.shared, &job.error), 0);
	assert_int_equal(files_in(job.folder), 0);
	job_fini(&job);
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *path, *says;
		int codec;
		int64_t level;
		bool manifest;
		enum error_kind kind;
	} cases[] = {
		{ "people.avro", "codec null has no levels", 0, 1, false, ERROR_CONFIG },
		{ "people.avro", "codec deflate has levels 1 to 9", 1, 10, false, ERROR_CONFIG },
		{ "people.avro", "a folder named by the run", 0, 0, true, ERROR_CONFIG },
		{ RUN "/people", "ends in .avro", 0, 0, true, ERROR_CONFIG },
		{ "folder/", "a file name must stand at its end", 0, 0, false, ERROR_CONFIG },
		{ "file/people.avro", "this is no folder", 0, 0, false, ERROR_SINK },
		{ ".", "a file name must stand at its end", 0, 0, false, ERROR_CONFIG },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct job job;
		char file[128];
		job_init(&job, cases[i].path);
		snprintf(file, sizeof file, "%s/file", job.folder);
		write_text(file, "");
		*(int *)slot(&job, "codec") = cases[i].codec;
		*(int64_t *)slot(&job, "level") = cases[i].level;
		*(bool *)slot(&job, "manifest") = cases[i].manifest;
		assert_int_equal(job_open(&job), -1);
		if (!strstr(job.error.message, cases[i].says))
			fail_msg("\"%s\" does not say \"%s\"", job.error.message, cases[i].says);
		assert_int_equal(job.error.kind, cases[i].kind);
		assert_int_equal(files_in(job.folder), 1);
		job_fini(&job);
	}
}

/* However the path is spelled. */
static void test_same_file_twice(void **state)
{
	(void)state;
	struct job job, other;
	job_init(&job, "a/people.avro");
	job_init(&other, "unused");
	assert_int_equal(job_open(&job), 0);
	snprintf(other.path, sizeof other.path, "%s/./b/..//a/people.avro", job.folder);
	other.context.shared = job.shared;
	other.context.step = "another";
	assert_int_equal(job_open(&other), -1);
	assert_int_equal(other.error.kind, ERROR_CONFIG);
	assert_non_null(strstr(other.error.message, "step people of this run writes the same file"));
	job_fini(&other);
	job_fini(&job);
}

static void test_explain(void **state)
{
	(void)state;
	struct job job;
	struct buffer out;
	char expected[512];
	job_init(&job, "people.avro");
	buffer_init(&out, 4096);
	*(int *)slot(&job, "codec") = 1;
	assert_int_equal(job_open(&job), 0);
	assert_int_equal(avro_sink_ops.explain(job.self, &out, &job.error), 0);
	snprintf(expected, sizeof expected,
		"file %s, Avro, codec deflate\n"
		"  id                       integer    -> long\n"
		"  name                     string     -> string or null\n",
		job.path);
	assert_string_equal(out.data, expected);
	buffer_fini(&out);
	job_fini(&job);
}

/* The manifest says what the file is: size and hash as another reading has them. */
static void test_backup(void **state)
{
	(void)state;
	struct job job;
	struct fingerprints prints;
	struct buffer work;
	job_init(&job, "backups/" RUN "/people.avro");
	buffer_init(&work, 4096);
	*(bool *)slot(&job, "manifest") = true;
	assert_int_equal(job_open(&job), 0);
	assert_true(job.info.wants_prints);
	assert_int_equal(fingerprints_init(&prints, 2, &job.error), 0);
	assert_int_equal(avro_sink_ops.begin(job.self, &job.error), 0);
	fill(&job, 7);
	assert_int_equal(fingerprints_add_batch(&prints, job.batch, &work, NULL, &job.error), 0);
	assert_int_equal(avro_sink_ops.write(job.self, job.batch, &job.error), 0);
	assert_int_equal(publish(&job, true, &prints), 0);
	avro_sink_ops.close(job.self);

	char folder[128];
	snprintf(folder, sizeof folder, "%s/backups/" RUN, job.folder);
	assert_false(manifest_exists(folder));
	assert_int_equal(shared_finish(job.shared, &job.error), 0);
	struct manifest *manifest = manifest_read(folder, &job.error);
	assert_non_null(manifest);
	assert_string_equal(manifest->run_id, RUN);
	assert_string_equal(manifest->pipeline, "p");
	assert_string_equal(manifest->isolation, "one snapshot");
	assert_int_equal(manifest->count, 1);
	const struct manifest_table *table = manifest_find(manifest, "people");
	assert_non_null(table);
	assert_string_equal(table->file, "people.avro");
	assert_int_equal(table->rows, 7);
	assert_true(table->by_key);
	assert_string_equal(table->isolation, "one snapshot");
	assert_string_equal(table->columns[1], "name");
	assert_string_equal(table->types[0], "integer");
	assert_string_equal(table->schema, "{\"name\":\"people\",\"schema\":{\"fields\":[]}}");
	assert_string_equal(table->dictionary_hash, job.context.dictionary_hash);
	assert_true(fingerprints_equal(&table->prints, &prints));

	char content[4096], hash[SHA256_HEX_SIZE];
	FILE *file = fopen(job.path, "rb");
	assert_non_null(file);
	size_t length = fread(content, 1, sizeof content, file);
	fclose(file);
	digest_of(content, length, hash);
	assert_int_equal(table->size, length);
	assert_string_equal(table->sha256, hash);
	manifest_free(manifest);

	/* The same table again in the same backup. */
	job.context.step = "again";
	snprintf(job.path, sizeof job.path, "%s/other.avro", folder);
	assert_int_equal(job_open(&job), 0);
	assert_int_equal(avro_sink_ops.begin(job.self, &job.error), -1);
	assert_int_equal(job.error.kind, ERROR_CONFIG);
	assert_non_null(strstr(job.error.message, "table people stands in the backup already"));
	buffer_fini(&work);
	fingerprints_fini(&prints);
	job_fini(&job);
}

/* A table that was begun and not ended leaves the backup without a manifest. */
static void test_backup_incomplete(void **state)
{
	(void)state;
	struct job job;
	char folder[128];
	job_init(&job, RUN "/people.avro");
	*(bool *)slot(&job, "manifest") = true;
	assert_int_equal(job_open(&job), 0);
	assert_int_equal(avro_sink_ops.begin(job.self, &job.error), 0);
	avro_sink_ops.close(job.self);
	assert_int_equal(shared_finish(job.shared, &job.error), -1);
	assert_non_null(strstr(job.error.message, "table people was not written to its end"));
	snprintf(folder, sizeof folder, "%s/" RUN, job.folder);
	assert_false(manifest_exists(folder));
	assert_int_equal(files_in(folder), 0);
	job_fini(&job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types), cmocka_unit_test(test_names), cmocka_unit_test(test_print), cmocka_unit_test(test_long),
		cmocka_unit_test(test_nullable), cmocka_unit_test(test_other_values), cmocka_unit_test(test_decimal),
		cmocka_unit_test(test_sink), cmocka_unit_test(test_old_file_stays), cmocka_unit_test(test_dry_run),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_same_file_twice), cmocka_unit_test(test_explain),
		cmocka_unit_test(test_backup), cmocka_unit_test(test_backup_incomplete),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

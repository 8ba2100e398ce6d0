/* The Avro source as a source: what every connector must do, positions, damage, manifests, what it says of itself; dictionaries from files.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connectors/avro/discover.h"
#include "engine/core/digest.h"
#include "engine/core/shared.h"
#include "tests/support/avro_made.h"

#define PAIR "{\"type\":\"record\",\"name\":\"P\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},{\"name\":\"s\",\"type\":[\"null\",\"string\"]}]}"
#define RUN "0193f2a4-5b6c-7d8e-9f00-112233445566"
#define OLDER "0193f2a4-0000-7d8e-9f00-112233445566"

static char folder[64], path[128];

static int set_up(void **state)
{
	(void)state;
	avro_folder_make(folder);
	snprintf(path, sizeof path, "%s/t.avro", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	avro_folder_remove(folder);
	return 0;
}

static struct schema *pair_schema(void)
{
	struct error error = ERROR_INIT;
	struct schema *schema = schema_new("t", &error);
	assert_non_null(schema);
	assert_non_null(schema_add_field(schema, "id", VALUE_INTEGER, &error));
	schema->fields[0].required = true;
	assert_non_null(schema_add_field(schema, "s", VALUE_STRING, &error));
	return schema;
}

/* Records 1 to 7 in three blocks of 3, 0 and 4; the second field of every third is null. The header has 141 bytes. */
static void write_pairs(struct avro_made *made)
{
	static const char *const blocks[] = { "\x02\x02\x02" "a" "\x04\x02\x02" "b" "\x06\x00", "", "\x08\x02\x02" "d" "\x0a\x02\x02" "e" "\x0c\x00"
		"\x0e\x02\x02" "g" };
	avro_made_begin(made, PAIR, NULL, NULL);
	avro_made_block(made, 3, blocks[0], 10);
	avro_made_block(made, 0, "", 0);
	avro_made_block(made, 4, blocks[2], 14);
	avro_made_write(made, path);
}

static void assert_says(const struct error *error, enum error_kind kind, const char *says)
{
	if (error->kind != kind || !strstr(error->message, says))
		fail_msg("%d, \"%s: %s\" does not say \"%s\"", error->kind, error->place, error->message, says);
}

static size_t open_descriptors(void)
{
	size_t count = 0;
	DIR *dir = opendir("/proc/self/fd");
	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void test_failed_open(void **state)
{
	(void)state;
	struct schema *schema = pair_schema();
	struct avro_made made;
	char odd[160];
	snprintf(odd, sizeof odd, "%s/odd.avro", folder);
	write_pairs(&made);
	avro_made_begin(&made, "{\"type\":\"lang\"}", NULL, NULL);
	avro_made_write(&made, odd);
	const struct {
		struct avro_options options;
		enum error_kind kind;
		const char *says;
	} cases[] = {
		{ { .path = NULL }, ERROR_CONFIG, "either path, or folder" },
		{ { .path = path, .folder = folder }, ERROR_CONFIG, "either path, or folder" },
		{ { .path = path, .backup = "latest" }, ERROR_CONFIG, "backup belongs to folder" },
		{ { .path = path, .table = "t" }, ERROR_CONFIG, "table belongs to folder" },
		{ { .folder = folder, .manifest = PROMISE_NONE }, ERROR_CONFIG, "manifest: none belongs to path" },
		{ { .path = "" }, ERROR_CONFIG, "is empty" },
		{ { .path = "no/such/file.avro" }, ERROR_SOURCE, "No such file or directory" },
		{ { .path = "/" }, ERROR_SOURCE, "" },
		{ { .path = "/dev/null" }, ERROR_SOURCE, "" },
		{ { .path = odd }, ERROR_SOURCE, "a type is not defined (\"lang\")" },
		{ { .folder = folder, .backup = "latest", .table = "t" }, ERROR_SOURCE, "" },
		{ { .folder = "no/such/folder", .backup = "latest", .table = "t" }, ERROR_SOURCE, "" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct avro_case how;
		struct error error = ERROR_INIT;
		void *self;
		size_t before = open_descriptors();
		avro_case_init(&how, NULL, schema);
		how.options = cases[i].options;
		assert_int_equal(avro_case_open(&how, &self, &error), -1);
		assert_int_equal(open_descriptors(), before);
		assert_says(&error, cases[i].kind, cases[i].says);
	}
	schema_free(schema);
}

static void test_reading(void **state)
{
	(void)state;
	struct schema *schema = pair_schema();
	struct avro_made made;
	write_pairs(&made);
	static const char expected[] = "1@141: 1|a\n2@141: 2|b\n3@141: 3|<null>\n4@187: 4|d\n5@187: 5|e\n6@187: 6|<null>\n7@187: 7|g\n";
	for (size_t capacity = 1; capacity <= 9; capacity++) {
		struct avro_case how;
		struct avro_seen seen;
		struct error error = ERROR_INIT;
		avro_case_init(&how, path, schema);
		how.capacity = capacity;
		if (avro_drain(&how, NULL, false, &seen, &error) < 0)
			fail_msg("%s: %s", error.place, error.message);
		assert_string_equal(seen.text, expected);
		assert_int_equal(seen.bytes, made.length);
		assert_int_equal(seen.batches, (7 + capacity - 1) / capacity);
		avro_seen_fini(&seen);
	}
	schema_free(schema);
}

static void test_identity(void **state)
{
	(void)state;
	struct schema *schema = pair_schema();
	struct avro_made made;
	struct avro_case how;
	struct error error = ERROR_INIT;
	struct source_identity who;
	struct stat facts;
	char hash[SHA256_HEX_SIZE];
	void *self;
	write_pairs(&made);
	digest_of(made.data, made.length, hash);
	avro_case_init(&how, path, schema);
	assert_int_equal(avro_case_open(&how, &self, &error), 0);
	assert_int_equal(stat(path, &facts), 0);
	assert_int_equal(avro_source_ops.identify(self, false, &who, &error), 0);
	assert_true(who.known);
	assert_string_equal(who.path, path);
	assert_int_equal(who.size, made.length);
	assert_true(who.mtime_ns == (int64_t)facts.st_mtim.tv_sec * 1000000000 + facts.st_mtim.tv_nsec);
	assert_string_equal(who.hash, "");
	assert_int_equal(avro_source_ops.identify(self, true, &who, &error), 0);
	assert_string_equal(who.hash, hash);
	/* The reading has not moved, and its last position has the hash of the whole. */
	struct batch *batch = batch_new(schema, 100, &how.limits, &error);
	assert_int_equal(avro_source_ops.read(self, batch, &error), SOURCE_BATCH);
	assert_int_equal(batch->rows, 7);
	assert_true(batch->last);
	assert_string_equal(batch->position.hash, hash);
	avro_case_close(self);

	/* Another file by then. */
	assert_int_equal(avro_case_open(&how, &self, &error), 0);
	made.length--;
	avro_made_write(&made, path);
	assert_int_equal(avro_source_ops.identify(self, true, &who, &error), -1);
	assert_says(&error, ERROR_CONFIG, "changed while it was read");
	batch_free(batch);
	avro_case_close(self);
	schema_free(schema);
}

/* A file without records: one batch without rows, then the end. */
static void test_empty(void **state)
{
	(void)state;
	struct schema *schema = pair_schema();
	struct avro_made made;
	struct avro_case how;
	struct avro_seen seen, again;
	struct error error = ERROR_INIT;
	avro_made_begin(&made, PAIR, NULL, NULL);
	avro_made_write(&made, path);
	avro_case_init(&how, path, schema);
	assert_int_equal(avro_drain(&how, NULL, false, &seen, &error), 0);
	assert_int_equal(seen.batches, 1);
	assert_int_equal(seen.rows, 0);
	assert_int_equal(seen.bytes, made.length);
	assert_string_equal(seen.positions[0].token, "141:0:0");
	for (int replay = 0; replay <= 1; replay++) {
		assert_int_equal(avro_drain(&how, &seen.positions[0], replay, &again, &error), 0);
		assert_int_equal(again.rows + again.replayed, 0);
		avro_seen_fini(&again);
	}
	avro_seen_fini(&seen);
	schema_free(schema);
}

/* From every position, with and without replay, the same comes as before. */
static void test_resume(void **state)
{
	(void)state;
	struct schema *schema = pair_schema();
	struct avro_made made;
	write_pairs(&made);
	for (size_t capacity = 1; capacity <= 8; capacity++) {
		struct avro_case how;
		struct avro_seen seen, again;
		struct error error = ERROR_INIT;
		avro_case_init(&how, path, schema);
		how.capacity = capacity;
		assert_int_equal(avro_drain(&how, NULL, false, &seen, &error), 0);
		for (size_t i = 0; i < seen.batches; i++)
			for (size_t other = 1; other <= 8; other++)
				for (int replay = 0; replay <= 1; replay++) {
					how.capacity = other;
					if (avro_drain(&how, &seen.positions[i], replay, &again, &error) < 0)
						fail_msg("%s: %s", error.place, error.message);
					assert_int_equal(again.replayed, replay ? seen.rows_at[i] : 0);
					assert_int_equal(again.rows, 7 - seen.rows_at[i]);
					/* The lines at the end of all lines. */
					assert_true(again.length <= seen.length);
					assert_string_equal(again.text, seen.text + seen.length - again.length);
					avro_seen_fini(&again);
				}
		avro_seen_fini(&seen);
	}
	schema_free(schema);
}

/* Behind the last record of a block, the one before damage, there is a position, too. */
static void test_resume_behind_block(void **state)
{
	(void)state;
	struct schema *schema = pair_schema();
	struct avro_made made;
	struct avro_case how;
	struct avro_seen seen, again;
	struct error error = ERROR_INIT;
	write_pairs(&made);
	made.data[made.length - 1] ^= 1; /* the marker of the last block */
	avro_made_write(&made, path);
	avro_case_init(&how, path, schema);
	assert_int_equal(avro_drain(&how, NULL, false, &seen, &error), -1);
	assert_says(&error, ERROR_SOURCE, "at byte 187: ");
	assert_says(&error, ERROR_SOURCE, "; 3 records were read before it");
	assert_int_equal(seen.batches, 1);
	assert_int_equal(seen.rows, 3);
	made.data[made.length - 1] ^= 1;
	avro_made_write(&made, path);
	for (int replay = 0; replay <= 1; replay++) {
		error_clear(&error);
		if (avro_drain(&how, &seen.positions[0], replay, &again, &error) < 0)
			fail_msg("%s: %s", error.place, error.message);
		assert_string_equal(again.text, "4@187: 4|d\n5@187: 5|e\n6@187: 6|<null>\n7@187: 7|g\n");
		assert_int_equal(again.replayed, replay ? 3 : 0);
		avro_seen_fini(&again);
	}
	avro_seen_fini(&seen);
	schema_free(schema);
}

static void test_resume_refused(void **state)
{
	(void)state;
	struct schema *schema = pair_schema();
	struct avro_made made;
	struct avro_case how;
	struct avro_seen seen, again;
	struct error error = ERROR_INIT;
	write_pairs(&made);
	avro_case_init(&how, path, schema);
	how.capacity = 5; /* two records into the last block */
	assert_int_equal(avro_drain(&how, NULL, false, &seen, &error), 0);
	struct position at = seen.positions[0];
	assert_string_equal(at.token, "187:2:5");
	avro_seen_fini(&seen);
	for (int way = 0; way < 4; way++)
		for (int replay = 0; replay <= 1; replay++) {
			write_pairs(&made);
			if (way == 0)
				made.data[145] = 'A'; /* a value before the position */
			else if (way == 1)
				made.length = 187; /* cut before it */
			else if (way == 2) {
				avro_made_begin(&made, PAIR, "x", "y"); /* another header */
				avro_made_block(&made, 3, "\x02\x00\x04\x00\x06\x00", 6);
			} else
				made.length = 160;
			avro_made_write(&made, path);
			error_clear(&error);
			assert_int_equal(avro_drain(&how, &at, replay, &again, &error), -1);
			if (way != 3 || !replay)
				assert_says(&error, ERROR_CONFIG, "changed before byte 187 since the interrupted run; --restart");
			assert_int_equal(again.rows, 0);
			avro_seen_fini(&again);
		}
	write_pairs(&made);
	static const char *const tokens[] = { "x", "1", "187:2", "187:2:5:7", "187:9:5", "187:02:5", "-1:0:0", "187:2:5 ", "99999999999999999999:0:0" };
	for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
		error_clear(&error);
		snprintf(at.token, sizeof at.token, "%s", tokens[i]);
		assert_int_equal(avro_drain(&how, &at, false, &again, &error), -1);
		assert_says(&error, ERROR_CONFIG, "is none of an Avro file");
		avro_seen_fini(&again);
	}
	schema_free(schema);
}

/* What was read before damage is given, then the error comes, with the place and how many records came before. */
static void test_damage(void **state)
{
	(void)state;
	struct schema *schema = pair_schema();
	static const struct {
		const char *block;
		size_t length, records;
		uint64_t good; /* records before the damage, those of the first block among them */
		const char *says;
	} cases[] = {
		{ "\x02\x00\x04\x00", 4, 1, 3 + 1, "damaged at byte 166: 2 bytes are left behind its last record; 4 records" },
		{ "\x02\x00\x04\x06" "a", 5, 2, 3 + 1,
			"damaged at byte 166: record 2 of the block: field \"s\": branch 3 of a type that has 2; 4 records were read before it" },
		{ "\x02\x00\x04\x02\x08" "a", 6, 2, 3 + 1, "field \"s\": a value of 4 bytes in a block that has 1 left" },
		{ "\x02\x00\x04", 3, 2, 3, "damaged at byte 166: it claims 2 records in 3 bytes; 3 records were read before it" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t capacity = 1; capacity <= 5; capacity++) {
			struct avro_made made;
			struct avro_case how;
			struct avro_seen seen;
			struct error error = ERROR_INIT;
			avro_made_begin(&made, PAIR, NULL, NULL);
			avro_made_block(&made, 3, "\x02\x00\x04\x00\x06\x02\x00", 7);
			assert_int_equal(made.length, 166);
			avro_made_block(&made, cases[i].records, cases[i].block, cases[i].length);
			avro_made_write(&made, path);
			avro_case_init(&how, path, schema);
			how.capacity = capacity;
			assert_int_equal(avro_drain(&how, NULL, false, &seen, &error), -1);
			assert_string_equal(error.place, path);
			assert_says(&error, ERROR_SOURCE, cases[i].says);
			assert_int_equal(seen.rows, cases[i].good);
			avro_seen_fini(&seen);
		}
	schema_free(schema);
}

static void test_changed_while_read(void **state)
{
	(void)state;
	struct schema *schema = pair_schema();
	struct avro_made made;
	struct avro_case how;
	struct error error = ERROR_INIT;
	void *self;
	write_pairs(&made);
	avro_case_init(&how, path, schema);
	assert_int_equal(avro_case_open(&how, &self, &error), 0);
	struct batch *batch = batch_new(schema, 2, &how.limits, &error);
	assert_int_equal(avro_source_ops.read(self, batch, &error), SOURCE_BATCH);
	assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[2]){ { 1, 0 }, { 1, 0 } }, 0), 0);
	enum source_result result;
	do {
		batch_reset(batch);
		result = avro_source_ops.read(self, batch, &error);
	} while (result == SOURCE_BATCH);
	assert_int_equal(result, SOURCE_ERROR);
	assert_says(&error, ERROR_CONFIG, "changed while it was read");
	batch_free(batch);
	avro_case_close(self);
	schema_free(schema);
}

static void test_cancel(void **state)
{
	(void)state;
	struct schema *schema = pair_schema();
	struct avro_made made;
	struct avro_case how;
	struct error error = ERROR_INIT;
	struct cancel cancel = { 0 };
	void *self;
	write_pairs(&made);
	avro_case_init(&how, path, schema);
	how.context.cancel = &cancel;
	assert_int_equal(avro_case_open(&how, &self, &error), 0);
	struct batch *batch = batch_new(schema, 2, &how.limits, &error);
	assert_int_equal(avro_source_ops.read(self, batch, &error), SOURCE_BATCH);
	atomic_store(&cancel.signal, 15);
	batch_reset(batch);
	assert_int_equal(avro_source_ops.read(self, batch, &error), SOURCE_ERROR);
	assert_int_equal(error.kind, ERROR_CANCELLED);
	batch_free(batch);
	avro_case_close(self);
	schema_free(schema);
}

/* ---- manifests ---- */

/* A backup of one file "t.avro" of table "t" in folder/run; what is written of it is what stands there. */
static void write_backup(const char *run, const char *dictionary_hash, const char *sha256, uint64_t rows)
{
	struct error error = ERROR_INIT;
	struct avro_made made;
	char place[160], file[200], hash[SHA256_HEX_SIZE];
	snprintf(place, sizeof place, "%s/%s", folder, run);
	snprintf(file, sizeof file, "%s/t.avro", place);
	(void)mkdir(place, 0777);
	write_pairs(&made);
	avro_made_write(&made, file);
	digest_of(made.data, made.length, hash);
	struct manifest_table table = {
		.name = (char[]){ "t" }, .file = (char[]){ "t.avro" }, .rows = rows, .size = made.length, .isolation = (char[]){ "" },
		.columns = (char *[]){ (char[]){ "id" }, (char[]){ "s" } }, .types = (char *[]){ (char[]){ "integer" }, (char[]){ "string" } },
		.schema = (char[]){ "{\"name\": \"t\"}" },
	};
	memcpy(table.sha256, sha256 ? sha256 : hash, sizeof table.sha256);
	memcpy(table.dictionary_hash, dictionary_hash, sizeof table.dictionary_hash);
	assert_int_equal(fingerprints_init(&table.prints, 2, &error), 0);
	table.prints.rows = rows;
	struct manifest *manifest = manifest_new(run, "backup", &error);
	assert_non_null(manifest);
	if (manifest_add(manifest, &table, &error) < 0 || manifest_write(manifest, place, &error) < 0)
		fail_msg("%s: %s", error.place, error.message);
	manifest_free(manifest);
	fingerprints_fini(&table.prints);
}

#define HASH "0000000000000000000000000000000000000000000000000000000000000001"
#define OTHER "0000000000000000000000000000000000000000000000000000000000000002"

static const struct expectation *expected(void *self)
{
	struct error error = ERROR_INIT;
	const struct expectation *out;
	assert_int_equal(avro_source_ops.expect(self, &out, &error), 0);
	return out;
}

static void test_manifest(void **state)
{
	(void)state;
	struct schema *schema = pair_schema();
	struct avro_case how;
	struct avro_seen seen;
	struct error error = ERROR_INIT;
	struct source_identity who;
	char file[200];
	void *self;
	write_backup(OLDER, HASH, NULL, 6);
	write_backup(RUN, HASH, NULL, 7);
	snprintf(file, sizeof file, "%s/%s/t.avro", folder, RUN);

	for (int way = 0; way < 4; way++) {
		struct shared *shared = way == 2 ? shared_new(&error) : NULL;
		avro_case_init(&how, way == 0 ? file : NULL, schema);
		if (way > 0)
			how.options.folder = folder;
		how.options.backup = way == 1 ? RUN : way == 2 ? "latest" : NULL;
		how.options.table = way == 3 ? "t" : NULL;
		how.context.shared = shared;
		how.context.dictionary_hash = way == 1 ? OTHER : HASH;
		for (int again = 0; again < 2; again++) { /* with shared, the second time it is there already */
			if (avro_case_open(&how, &self, &error) < 0)
				fail_msg("%s: %s", error.place, error.message);
			const struct expectation *out = expected(self);
			assert_non_null(out);
			assert_int_equal(out->rows, 7);
			if (way == 1)
				assert_null(out->prints);
			else
				assert_non_null(out->prints);
			assert_non_null(strstr(out->origin, "backup " RUN " of 2"));
			assert_int_equal(avro_source_ops.identify(self, false, &who, &error), 0);
			assert_string_equal(who.path, file);
			avro_case_close(self);
			if (avro_drain(&how, NULL, false, &seen, &error) < 0)
				fail_msg("%s: %s", error.place, error.message);
			assert_int_equal(seen.rows, 7);
			avro_seen_fini(&seen);
		}
		shared_free(shared);
	}

	/* Left aside, or not there for this file. */
	avro_case_init(&how, file, schema);
	how.options.manifest = PROMISE_NONE;
	assert_int_equal(avro_case_open(&how, &self, &error), 0);
	assert_null(expected(self));
	avro_case_close(self);
	how.options.path = path;
	how.options.manifest = PROMISE_AUTO;
	assert_int_equal(avro_case_open(&how, &self, &error), 0);
	assert_null(expected(self));
	avro_case_close(self);

	avro_case_init(&how, NULL, schema);
	how.options.folder = folder;
	how.options.table = "u";
	assert_int_equal(avro_case_open(&how, &self, &error), -1);
	assert_says(&error, ERROR_SOURCE, "backup " RUN " has no table \"u\"");
	error_clear(&error);
	how.options.table = NULL;
	how.options.backup = "0193f2a4-9999-7d8e-9f00-112233445566";
	assert_int_equal(avro_case_open(&how, &self, &error), -1);
	assert_int_equal(error.kind, ERROR_SOURCE);

	/* A file that is not what it was. */
	error_clear(&error);
	write_backup(RUN, HASH, OTHER, 7);
	avro_case_init(&how, file, schema);
	assert_int_equal(avro_drain(&how, NULL, false, &seen, &error), -1);
	assert_says(&error, ERROR_SOURCE, "does not have the SHA-256 that its manifest recorded");
	assert_string_equal(error.place, file);
	avro_seen_fini(&seen);
	schema_free(schema);
}

/* ---- what it says of itself ---- */

static void test_explain(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	struct avro_case how;
	struct buffer out;
	char file[200];
	void *self;
	write_backup(RUN, OTHER, NULL, 7);
	snprintf(file, sizeof file, "%s/%s/t.avro", folder, RUN);
	struct schema *schema = schema_new("t", &error);
	assert_non_null(schema_add_field(schema, "s", VALUE_INTEGER, &error));
	assert_non_null(schema_add_field(schema, "new", VALUE_DATE, &error));
	avro_case_init(&how, file, schema);
	how.options.ignore = (struct option_list){ (const char *[]){ "id" }, 1 };
	how.context.dictionary_hash = HASH;
	if (avro_case_open(&how, &self, &error) < 0)
		fail_msg("%s: %s", error.place, error.message);
	buffer_init(&out, 65536);
	assert_int_equal(avro_source_ops.explain(self, &out, &error), 0);
	/* But for the time of the backup. */
	char *line = strchr(out.data, '\n');
	assert_memory_equal(out.data, "codec null; backup " RUN " of 2", 56);
	assert_string_equal(line + 1,
		"  s                        integer    <- s nullable string: read from text, else rejected\n"
		"  new                      date       <- nothing: the file has no such field; null\n"
		"ignored: id long\n"
		"the dictionary has changed since the backup: rows are counted, their fingerprint is not compared\n"
		"changed since the backup: s was string, is integer\n"
		"new since the backup: new\n"
		"gone since the backup: id\n");
	buffer_fini(&out);
	avro_case_close(self);
	schema_free(schema);
}

static void assert_discovered(const char *schema, const char *key, const char *value, const char *expected_json)
{
	struct avro_made made;
	struct error error = ERROR_INIT;
	struct buffer out;
	avro_made_begin(&made, schema, key, value);
	avro_made_write(&made, path);
	buffer_init(&out, 1 << 20);
	if (avro_discover(path, &out, &error) < 0)
		fail_msg("%s: %s", error.place, error.message);
	json_t *is = json_loads(buffer_text(&out), JSON_REJECT_DUPLICATES, NULL), *wanted = json_loads(expected_json, 0, NULL);
	assert_non_null(wanted);
	json_t *table = json_array_get(json_object_get(is, "resources"), 0);
	assert_string_equal(json_string_value(json_object_get(table, "name")), "t");
	if (!json_equal(json_object_get(json_object_get(table, "schema"), "fields"), wanted))
		fail_msg("%s instead of %s", buffer_text(&out), expected_json);
	json_decref(is);
	json_decref(wanted);
	buffer_fini(&out);
}

static void test_discover(void **state)
{
	(void)state;
	static const struct {
		const char *type, *field; /* field: without its name and, where it is to be required, constraints */
	} cases[] = {
		{ "\"int\"", "\"type\":\"integer\",\"constraints\":{\"required\":true}" },
		{ "[\"null\",\"long\"]", "\"type\":\"integer\"" },
		{ "[\"float\",\"null\"]", "\"type\":\"number\"" },
		{ "[\"string\",\"null\"]", "\"type\":\"string\"" },
		{ "[\"bytes\",\"null\"]", "\"type\":\"string\",\"format\":\"binary\"" },
		{ "[\"null\",{\"type\":\"string\",\"logicalType\":\"uuid\"}]", "\"type\":\"string\",\"format\":\"uuid\"" },
		{ "[\"null\",{\"type\":\"int\",\"logicalType\":\"date\"}]", "\"type\":\"date\"" },
		{ "[\"null\",{\"type\":\"long\",\"logicalType\":\"time-micros\"}]", "\"type\":\"time\"" },
		{ "[\"null\",{\"type\":\"long\",\"logicalType\":\"local-timestamp-nanos\"}]", "\"type\":\"datetime\"" },
		{ "[\"null\",{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":10,\"scale\":2}]",
			"\"type\":\"number\",\"precision\":10,\"scale\":2" },
		{ "[\"null\",{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":76,\"scale\":10}]",
			"\"type\":\"number\",\"precision\":38,\"scale\":10" },
		{ "[\"null\",{\"type\":\"fixed\",\"name\":\"D\",\"size\":12,\"logicalType\":\"duration\"}]", "\"type\":\"duration\"" },
		{ "[\"null\",{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}]", "\"type\":\"string\",\"constraints\":{\"enum\":[\"A\",\"B\"]}" },
		{ "[\"null\",{\"type\":\"array\",\"items\":\"int\"}]", "\"type\":\"array\"" },
		{ "[\"null\",{\"type\":\"map\",\"values\":\"int\"}]", "\"type\":\"object\"" },
		{ "[\"null\",\"int\",\"double\"]", "\"type\":\"number\"" },
		{ "[\"null\",\"int\",\"string\"]", "\"type\":\"any\"" },
		{ "[\"int\",\"long\"]", "\"type\":\"integer\",\"constraints\":{\"required\":true}" },
		{ "\"null\"", "\"type\":\"any\"" },
	};
	char schema[1024], wanted[1024];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(schema, sizeof schema, "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a_b\",\"penstock.name\":\"a b\",\"doc\":\"why\","
			"\"type\":%s}]}", cases[i].type);
		snprintf(wanted, sizeof wanted, "[{\"name\":\"a b\",\"description\":\"why\",%s}]", cases[i].field);
		assert_discovered(schema, NULL, NULL, wanted);
	}
	assert_discovered("\"boolean\"", NULL, NULL, "[{\"name\":\"value\",\"type\":\"boolean\",\"constraints\":{\"required\":true}}]");
	/* What penstock wrote is taken as it is, but for keys to tables that are not there. */
	assert_discovered("\"boolean\"", "penstock.table_schema",
		"{\"name\":\"t\",\"schema\":{\"fields\":[{\"name\":\"y\",\"type\":\"year\"}],\"foreignKeys\":[{\"fields\":\"y\",\"reference\":{\"resource\":\"u\","
		"\"fields\":\"y\"}}]}}",
		"[{\"name\":\"y\",\"type\":\"year\"}]");
	assert_discovered("\"boolean\"", "penstock.table_schema", "{\"fields\":[{\"name\":\"y\",\"type\":\"year\"}]}",
		"[{\"name\":\"y\",\"type\":\"year\"}]");
	assert_discovered("\"boolean\"", "penstock.table_schema", "[", "[{\"name\":\"value\",\"type\":\"boolean\",\"constraints\":{\"required\":true}}]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_failed_open, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reading, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_identity, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_empty, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_resume, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_resume_behind_block, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_resume_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damage, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_changed_while_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cancel, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_manifest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_explain, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_discover, set_up, tear_down),
	};
	return cmocka_run_group_tests_name("avro source", tests, NULL, NULL);
}

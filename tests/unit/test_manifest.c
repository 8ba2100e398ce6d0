/* Manifests: written and read, refused where they lie; which backup is found; what of dead backups is removed.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connectors/avro/keep.h"
#include "connectors/avro/manifest.h"
#include "connectors/avro/runid.h"
#include "connectors/avro/stale.h"
#include "engine/core/digest.h"
#include "engine/core/file_out.h"
#include "engine/core/folder.h"

#define RUN "0193f2a4-5b6c-7d8e-9f00-112233445566" /* 2024-12-23 */
#define LATER "0193f2a4-5b6d-7d8e-9f00-112233445566"
#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static char *make_folder(char *out)
{
	strcpy(out, "/tmp/penstock-manifest-XXXXXX");
	assert_non_null(mkdtemp(out));
	return out;
}

static void remove_folder(const char *path)
{
	char command[512];
	snprintf(command, sizeof command, "rm -rf '%s'", path);
	assert_int_equal(system(command), 0);
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static size_t read_file(const char *folder, const char *name, char *out, size_t size)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t length = fread(out, 1, size - 1, file);
	out[length] = '\0';
	fclose(file);
	return length;
}

static bool there(const char *folder, const char *name)
{
	char path[512];
	struct stat found;
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return lstat(path, &found) == 0;
}

/* ---- written and read ---- */

static const char written[] =
	"{\n"
	" \"format\": 1,\n"
	" \"penstock\": \"0.1.0\",\n"
	" \"run_id\": \"" RUN "\",\n"
	" \"pipeline\": \"backup\",\n"
	" \"created_at\": \"2024-12-23T10:00:00Z\",\n"
	" \"isolation\": \"repeatable read\",\n"
	" \"tables\": [\n"
	"  {\n"
	"   \"name\": \"jobs\",\n"
	"   \"file\": \"jobs.avro\",\n"
	"   \"rows\": 183,\n"
	"   \"size\": 4711,\n"
	"   \"sha256\": \"" EMPTY_HASH "\",\n"
	"   \"dictionary_hash\": \"" EMPTY_HASH "\",\n"
	"   \"isolation\": \"repeatable read\",\n"
	"   \"by_key\": true,\n"
	"   \"columns\": [\n"
	"    {\n"
	"     \"name\": \"id\",\n"
	"     \"type\": \"integer\",\n"
	"     \"fingerprint\": \"00000000000000020000000000000001\"\n"
	"    },\n"
	"    {\n"
	"     \"name\": \"job\",\n"
	"     \"type\": \"string\",\n"
	"     \"fingerprint\": \"00000000000000040000000000000003\"\n"
	"    }\n"
	"   ],\n"
	"   \"fingerprint\": \"00000000000000060000000000000005\",\n"
	"   \"schema\": {\n"
	"    \"name\": \"jobs\",\n"
	"    \"schema\": {\n"
	"     \"minimum\": 0.1\n"
	"    }\n"
	"   }\n"
	"  }\n"
	" ]\n"
	"}";

static struct fingerprint two_prints[] = { { 1, 2 }, { 3, 4 } };
static char *two_names[] = { (char[]){ "id" }, (char[]){ "job" } };
static char *two_types[] = { (char[]){ "integer" }, (char[]){ "string" } };

static struct manifest_table table_of(char *name, char *file)
{
	static char isolation[] = "repeatable read", schema[] = "{\"name\":\"jobs\",\"schema\":{\"minimum\":0.1}}";
	return (struct manifest_table){ .name = name, .file = file, .rows = 183, .size = 4711, .sha256 = EMPTY_HASH,
		.dictionary_hash = EMPTY_HASH, .isolation = isolation, .by_key = true, .columns = two_names,
		.types = two_types, .prints = { .rows = 183, .total = { 5, 6 }, .columns = two_prints, .count = 2 },
		.schema = schema };
}

static void test_write(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	char folder[64], text[4096], again[4096], sum[256], expected[256], hash[SHA256_HEX_SIZE];
	make_folder(folder);
	struct manifest *manifest = manifest_new(RUN, "backup", &error);
	assert_non_null(manifest);
	/* "2026-11-21T02:00:00Z": whole seconds. */
	assert_int_equal(strlen(manifest->created_at), 20);
	strcpy(manifest->created_at, "2024-12-23T10:00:00Z");
	char name[] = "jobs", file[] = "jobs.avro", other[] = "other";
	struct manifest_table table = table_of(name, file);
	assert_int_equal(manifest_add(manifest, &table, &error), 0);
	table.file = other;
	assert_int_equal(manifest_add(manifest, &table, &error), -1);
	error_clear(&error);
	table.file = file;
	table.name = other;
	assert_int_equal(manifest_add(manifest, &table, &error), -1);
	assert_int_equal(error.kind, ERROR_CONFIG);
	error_clear(&error);
	assert_int_equal(manifest_write(manifest, folder, &error), 0);
	manifest_free(manifest);

	size_t length = read_file(folder, MANIFEST_NAME, text, sizeof text);
	digest_of(text, length, hash);
	/* As above but for the version of this build. */
	const char *version = strstr(text, "\"penstock\": \""), *behind = version ? strstr(version, "\",\n") : NULL;
	assert_non_null(behind);
	snprintf(again, sizeof again, "%.*s\"penstock\": \"0.1.0%s", (int)(version - text), text, behind);
	assert_string_equal(again, written);
	snprintf(expected, sizeof expected, "%s  manifest.json\n", hash);
	read_file(folder, MANIFEST_SUM_NAME, sum, sizeof sum);
	assert_string_equal(sum, expected);
	remove_folder(folder);
}

static void put_pair(const char *folder, const char *text)
{
	char hash[SHA256_HEX_SIZE], sum[128];
	digest_of(text, strlen(text), hash);
	snprintf(sum, sizeof sum, "%s  manifest.json\n", hash);
	write_file(folder, MANIFEST_NAME, text);
	write_file(folder, MANIFEST_SUM_NAME, sum);
}

static void test_read(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	char folder[64];
	make_folder(folder);
	put_pair(folder, written);
	struct manifest *manifest = manifest_read(folder, &error);
	assert_non_null(manifest);
	assert_string_equal(manifest->run_id, RUN);
	assert_string_equal(manifest->pipeline, "backup");
	assert_string_equal(manifest->created_at, "2024-12-23T10:00:00Z");
	assert_string_equal(manifest->isolation, "repeatable read");
	assert_int_equal(manifest->count, 1);
	assert_null(manifest_find(manifest, "Jobs"));
	const struct manifest_table *table = manifest_find(manifest, "jobs");
	assert_non_null(table);
	assert_string_equal(table->file, "jobs.avro");
	assert_int_equal(table->rows, 183);
	assert_int_equal(table->prints.rows, 183);
	assert_int_equal(table->size, 4711);
	assert_string_equal(table->sha256, EMPTY_HASH);
	assert_string_equal(table->dictionary_hash, EMPTY_HASH);
	assert_true(table->by_key);
	assert_int_equal(table->prints.count, 2);
	assert_string_equal(table->columns[1], "job");
	assert_string_equal(table->types[1], "string");
	assert_true(fingerprint_equal(&table->prints.columns[1], &two_prints[1]));
	assert_true(fingerprint_equal(&table->prints.total, &(struct fingerprint){ 5, 6 }));
	assert_string_equal(table->schema, "{\"name\":\"jobs\",\"schema\":{\"minimum\":0.1}}");
	manifest_free(manifest);
	remove_folder(folder);
}

static void assert_refused(const char *folder, const char *says)
{
	struct error error = ERROR_INIT;
	assert_null(manifest_read(folder, &error));
	assert_int_equal(error.kind, ERROR_SOURCE);
	assert_non_null(strstr(error.place, folder));
	if (!strstr(error.message, says))
		fail_msg("\"%s\" does not say \"%s\"", error.message, says);
}

/* The checksum is right, and what it sums up is not. */
static void test_lies(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *says;
	} cases[] = {
		{ "\"format\": 1", "\"format\": 2", "written by a newer penstock (format 2, this one reads up to 1)" },
		{ "\"format\": 1", "\"format\": \"1\"", "format must be" },
		{ RUN, "../../../etc", "run_id must be" },
		{ "\"jobs.avro\"", "\"../jobs.avro\"", "tables[0].file must be the name of a file in the folder" },
		{ "\"jobs.avro\"", "\"/etc/passwd\"", "tables[0].file must be" },
		{ "\"jobs.avro\"", "\"a\\\\b\"", "tables[0].file must be" },
		{ "\"jobs.avro\"", "\"..\"", "tables[0].file must be" },
		{ "\"jobs.avro\"", "\"\"", "tables[0].file must be" },
		{ "\"jobs.avro\"", "\"a\\u0000.avro\"", "tables[0].file must be a text" },
		{ "\"jobs.avro\"", "\"a\\n.avro\"", "tables[0].file must be" },
		{ "\"jobs.avro\"", "\"manifest.json\"", "tables[0].file must be" },
		{ "\"jobs.avro\"", "7", "tables[0].file must be a text" },
		{ "\"rows\": 183", "\"rows\": -1", "tables[0].rows must be a whole number" },
		{ "\"rows\": 183", "\"rows\": 183.0", "tables[0].rows must be a whole number" },
		{ "\"rows\": 183", "\"rows\": \"183\"", "tables[0].rows must be a whole number" },
		{ "\"size\": 4711", "\"size\": null", "tables[0].size must be" },
		{ "\"size\": 4711,", "", "tables[0].size must be" },
		{ "\"sha256\": \"e3", "\"sha256\": \"E3", "tables[0].sha256 must be 64" },
		{ "\"sha256\": \"e3", "\"sha256\": \"e3f", "tables[0].sha256 must be 64" },
		{ "\"by_key\": true", "\"by_key\": 1", "tables[0].by_key must be" },
		{ "\"00000000000000040000000000000003\"", "\"3\"", "tables[0].columns[1].fingerprint must be 32" },
		{ "\"00000000000000060000000000000005\"", "5", "tables[0].fingerprint must be 32" },
		{ "\"type\": \"string\"", "\"type\": null", "tables[0].columns[1].type must be a text" },
		{ "\"rows\": 183", "\"rows\": 183, \"rows\": 184", "no JSON at line" },
		{ " ]\n}", " ]\n", "no JSON at line" },
		{ "\"tables\": [", "\"tables\": {}, \"x\": [", "tables must be a list" },
		{ "\"name\": \"jobs\",\n   \"file\"", "\"name\": \"\",\n   \"file\"", "tables[0].name must be" },
		{ "\"schema\": {\n    \"name\"", "\"schema\": 1, \"x\": {\n    \"name\"", "tables[0].schema must be" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char folder[64], text[4096];
		const char *at = strstr(written, cases[i].from);
		assert_non_null(at);
		snprintf(text, sizeof text, "%.*s%s%s", (int)(at - written), written, cases[i].to, at + strlen(cases[i].from));
		make_folder(folder);
		put_pair(folder, text);
		assert_refused(folder, cases[i].says);
		remove_folder(folder);
	}
}

static void test_damaged(void **state)
{
	(void)state;
	char folder[64], text[4096], path[128];
	make_folder(folder);
	assert_refused(folder, "a folder without it is no backup, or one that never ended");
	write_file(folder, MANIFEST_NAME, written);
	assert_refused(folder, "No such file or directory"); /* the checksum */
	put_pair(folder, written);
	strcpy(text, written);
	text[strcspn(text, "8")] = '9';
	write_file(folder, MANIFEST_NAME, text);
	assert_refused(folder, "is damaged: its SHA-256 is");
	write_file(folder, MANIFEST_NAME, "");
	assert_refused(folder, "is damaged");
	put_pair(folder, "[]");
	assert_refused(folder, "this is no manifest of a backup");
	/* Larger than a manifest may be: not even read. */
	snprintf(path, sizeof path, "%s/" MANIFEST_NAME, folder);
	assert_int_equal(truncate(path, (off_t)MANIFEST_BYTES_MAX + 1), 0);
	assert_refused(folder, "larger than the 67108864 bytes");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_false(manifest_exists(folder));
	assert_refused(folder, "this is no file");
	remove_folder(folder);
}

/* Two tables of one name or in one file. */
static void test_twice(void **state)
{
	(void)state;
	const char *begin = strstr(written, "  {\n   \"name\""), *end = strstr(written, "\n ]\n}");
	assert_true(begin && end);
	for (int i = 0; i < 2; i++) {
		char folder[64], text[8192], second[4096];
		snprintf(second, sizeof second, "%.*s", (int)(end - begin), begin);
		if (i == 0)
			memcpy(strstr(second, "jobs.avro"), "JOBS", 4);
		else
			memcpy(strstr(second, "jobs"), "JOBS", 4);
		snprintf(text, sizeof text, "%.*s,%s%s", (int)(end - written), written, second, end);
		make_folder(folder);
		put_pair(folder, text);
		assert_refused(folder, i == 0 ? "tables[1].name must be another one" : "tables[1].file must be another one");
		remove_folder(folder);
	}
}

/* ---- which backups there are ---- */

static void add_backup(const char *folder, const char *run_id, bool complete)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", folder, run_id);
	assert_int_equal(mkdir(path, 0777), 0);
	write_file(path, complete ? MANIFEST_NAME : "jobs.avro", "{}");
}

static void assert_not_found(const char *folder, const char *backup, const char *says)
{
	struct error error = ERROR_INIT;
	char run_id[RUN_ID_SIZE];
	assert_int_equal(backup_find(folder, backup, run_id, &error), -1);
	assert_int_equal(error.kind, ERROR_SOURCE);
	if (!strstr(error.message, says))
		fail_msg("\"%s\" does not say \"%s\"", error.message, says);
}

static void test_find(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	char folder[64], run_id[RUN_ID_SIZE];
	assert_not_found("no/such/folder", "latest", "cannot be read: No such file or directory");
	make_folder(folder);
	assert_not_found(folder, "latest", "no complete backup in this folder (0 that never ended)");
	assert_not_found(folder, RUN, "no complete backup in this folder (0 that never ended)");
	add_backup(folder, "0293f2a4-5b6c-7d8e-9f00-112233445566", false);
	assert_not_found(folder, "latest", "(1 that never ended)");
	add_backup(folder, RUN, true);
	add_backup(folder, LATER, true);
	add_backup(folder, "fff00000-5b6c-4d8e-9f00-112233445566", true); /* no id of a run: version 4 */
	add_backup(folder, "notes", true);
	assert_int_equal(backup_find(folder, "latest", run_id, &error), 0);
	assert_string_equal(run_id, LATER);
	assert_int_equal(backup_find(folder, RUN, run_id, &error), 0);
	assert_string_equal(run_id, RUN);
	assert_not_found(folder, "0293f2a4-5b6c-7d8e-9f00-112233445566", "the backup never ended: it has no manifest.json; the newest complete one is " LATER);
	assert_not_found(folder, "0393f2a4-5b6c-7d8e-9f00-112233445566", "of the 2 complete ones the newest is " LATER);
	assert_not_found(folder, "../" RUN, "must be the id of a run, or latest");
	assert_not_found(folder, "notes", "must be the id of a run, or latest");
	remove_folder(folder);
}

static void test_run_ids(void **state)
{
	(void)state;
	int64_t ms;
	/* RFC 9562, appendix A.6: 017F22E2-79B0-7CC3-98C4-DC0C0C07398F is 2022-02-22T19:22:22Z. */
	assert_true(runid_read("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", &ms));
	assert_int_equal(ms, 1645557742000);
	static const char *const none[] = { "", "latest", "017F22E2-79B0-7CC3-98C4-DC0C0C07398F", "017f22e2-79b0-4cc3-98c4-dc0c0c07398f",
		"017f22e2-79b0-7cc3-18c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
		"017f22e279b0-7cc3-98c4-dc0c0c07398fa", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g" };
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_false(runid_read(none[i], &ms));
}

/* ---- dead backups ---- */

enum { HOUR = 3600 };

/* A file of a backup, so many hours old at now. */
static void add_file(const char *folder, const char *run_id, const char *name, int64_t now, int hours)
{
	char path[256];
	struct timespec times[2] = { { .tv_sec = now - hours * HOUR }, { .tv_sec = now - hours * HOUR } };
	snprintf(path, sizeof path, "%s/%s", folder, run_id);
	mkdir(path, 0777);
	if (!name)
		return;
	write_file(path, name, "x");
	snprintf(path, sizeof path, "%s/%s/%s", folder, run_id, name);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void test_stale(void **state)
{
	(void)state;
	char folder[64], path[256], target[256];
	int64_t ms, now;
	assert_true(runid_read(RUN, &ms));
	now = ms / 1000 + 25 * HOUR; /* the backups of RUN's time are 25 hours old */
	make_folder(folder);
#define ID(n) "0193f2a4-5b6c-7d8e-9f00-00000000000" #n
	add_file(folder, ID(0), NULL, now, 25); /* goes: empty */
	add_file(folder, ID(1), "jobs.avro", now, 25); /* goes */
	add_file(folder, ID(1), ".people.avro.aB3dEf.tmp", now, 25);
	add_file(folder, ID(1), MANIFEST_SUM_NAME, now, 25);
	add_file(folder, ID(1), "people.avro.rejects.jsonl", now, 25);
	add_file(folder, ID(2), "jobs.avro", now, 25); /* stays: complete */
	add_file(folder, ID(2), MANIFEST_NAME, now, 25);
	add_file(folder, ID(3), "jobs.avro", now, 25); /* stays: written to a moment ago */
	add_file(folder, ID(3), ".people.avro.aB3dEf.tmp", now, 1);
	add_file(folder, ID(4), "notes.txt", now, 25); /* stays: somebody's notes */
	add_file(folder, ID(5), "jobs.avro", now, 25); /* stays: a link in it */
	snprintf(path, sizeof path, "%s/" ID(5) "/link.avro", folder);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	add_file(folder, ID(6), "jobs.avro", now, 25); /* stays: a run holds it */
	snprintf(path, sizeof path, "%s/" ID(6), folder);
	int held = stale_hold(path);
	add_file(folder, ID(7), "jobs.avro", now, 25); /* stays: a folder in it */
	snprintf(path, sizeof path, "%s/" ID(7) "/folder.avro", folder);
	assert_int_equal(mkdir(path, 0777), 0);
	add_file(folder, "elsewhere", "jobs.avro", now, 25); /* stays, the link to it too */
	snprintf(path, sizeof path, "%s/" ID(8), folder);
	snprintf(target, sizeof target, "%s/elsewhere", folder);
	assert_int_equal(symlink(target, path), 0);
	add_file(folder, "0193f7fb-2a6c-7d8e-9f00-000000000000", "jobs.avro", now, 25); /* stays: the run is young */

	stale_remove(folder, now * 1000000);
	assert_false(there(folder, ID(0)));
	assert_false(there(folder, ID(1)));
	assert_true(there(folder, ID(2) "/jobs.avro"));
	assert_true(there(folder, ID(3) "/jobs.avro"));
	assert_true(there(folder, ID(4) "/notes.txt"));
	assert_true(there(folder, ID(5) "/jobs.avro"));
	assert_true(there(folder, ID(5) "/link.avro"));
	assert_true(there(folder, ID(6) "/jobs.avro") || held < 0);
	assert_true(there(folder, ID(7) "/jobs.avro"));
	assert_true(there(folder, ID(8)));
	assert_true(there(folder, "elsewhere/jobs.avro"));
	assert_true(there(folder, "0193f7fb-2a6c-7d8e-9f00-000000000000/jobs.avro"));
	/* Its holder is gone. */
	if (held >= 0)
		close(held);
	stale_remove(folder, now * 1000000);
	assert_false(there(folder, ID(6)));
	stale_remove("no/such/folder", now * 1000000);
	remove_folder(folder);
}

/* ---- the backup of a run ---- */

static const struct keep everything;

static void test_backup(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	char folder[64], path[256], above[128];
	make_folder(folder);
	snprintf(above, sizeof above, "%s/new/backups", folder);
	snprintf(path, sizeof path, "%s/" RUN, above);
	struct shared *shared = shared_new(&error);
	assert_null(backup_begin(shared, above, RUN, "backup", &everything, &error));
	assert_int_equal(error.kind, ERROR_CONFIG);
	error_clear(&error);
	struct backup *backup = backup_begin(shared, path, RUN, "backup", &everything, &error);
	assert_non_null(backup);
	assert_true(there(above, RUN));
	assert_ptr_equal(backup_begin(shared, path, RUN, "backup", &everything, &error), backup);
	char name[] = "jobs", file[] = "jobs.avro";
	struct manifest_table table = table_of(name, file);
	assert_int_equal(backup_expect(backup, "jobs", &error), 0);
	assert_int_equal(backup_expect(backup, "jobs", &error), 0); /* begun again after a rollback */
	assert_int_equal(backup_add(backup, &table, &error), 0);
	assert_false(there(path, MANIFEST_NAME));
	assert_int_equal(shared_finish(shared, &error), 0);
	shared_free(shared);
	struct manifest *manifest = manifest_read(path, &error);
	assert_non_null(manifest);
	assert_int_equal(manifest->count, 1);
	manifest_free(manifest);

	/* Nobody writes into a complete backup. */
	shared = shared_new(&error);
	assert_null(backup_begin(shared, path, RUN, "backup", &everything, &error));
	assert_int_equal(error.kind, ERROR_SINK);
	assert_non_null(strstr(error.message, "a complete backup is there already"));
	shared_free(shared);
	assert_true(there(path, MANIFEST_NAME));
	remove_folder(folder);
}

/* ---- folders ---- */

static void test_resolve(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	char folder[64], real[FOLDER_PATH_MAX], out[FOLDER_PATH_MAX], path[256], expected[FOLDER_PATH_MAX + 64];
	make_folder(folder);
	assert_non_null(realpath(folder, real));
	snprintf(path, sizeof path, "%s/link", folder);
	assert_int_equal(symlink(".", path), 0);
	static const struct {
		const char *path, *is;
	} cases[] = { { "", "" }, { "/", "" }, { "/new", "/new" }, { "/new/./x//y/", "/new/x/y" }, { "/link/new", "/new" },
		{ "/new/../other", "/other" } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(path, sizeof path, "%s%s", folder, cases[i].path);
		assert_int_equal(folder_resolve(path, out, &error), 0);
		snprintf(expected, sizeof expected, "%s%s", real, cases[i].is);
		assert_string_equal(out, expected);
	}
	assert_int_equal(folder_resolve("/../no/such", out, &error), 0);
	assert_string_equal(out, "/no/such");
	assert_non_null(getcwd(real, sizeof real));
	assert_int_equal(folder_resolve("no-such-folder/x", out, &error), 0);
	snprintf(expected, sizeof expected, "%s/no-such-folder/x", real);
	assert_string_equal(out, expected);
	remove_folder(folder);
}

static void test_make(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	char folder[64], path[256], text[16];
	make_folder(folder);
	snprintf(path, sizeof path, "%s//a/./b/../c/", folder);
	assert_int_equal(folder_check(path, &error), 0);
	assert_false(there(folder, "a"));
	assert_int_equal(folder_make(path, &error), 0);
	assert_true(there(folder, "a/c"));
	assert_int_equal(folder_make(path, &error), 0);
	assert_int_equal(file_out_whole(path, "f", "text", 4, &error), 0);
	assert_int_equal(file_out_whole(path, "f", "more", 4, &error), 0);
	read_file(path, "f", text, sizeof text);
	assert_string_equal(text, "more");
	snprintf(path, sizeof path, "%s/a/c/f/g", folder);
	assert_int_equal(folder_check(path, &error), -1);
	error_clear(&error);
	assert_int_equal(folder_make(path, &error), -1);
	assert_int_equal(error.kind, ERROR_SINK);
	error_clear(&error);
	/* A name that is taken by a folder: nothing of the try is left. */
	snprintf(path, sizeof path, "%s/a", folder);
	assert_int_equal(file_out_whole(path, "c", "text", 4, &error), -1);
	snprintf(text, sizeof text, "x");
	snprintf(path, sizeof path, "test \"$(ls -A '%s/a' | sort | tr '\\n' ' ')\" = 'b c '", folder);
	assert_int_equal(system(path), 0);
	error_clear(&error);
	/* A pipe, or a link to one such as /dev/stdout, is no file that another could take the place of. */
	for (int i = 0; i < 2; i++) {
		struct stat found;
		snprintf(path, sizeof path, "cd '%s/a' && rm -f pipe link && mkfifo pipe && ln -s pipe link", folder);
		assert_int_equal(system(path), 0);
		snprintf(path, sizeof path, "%s/a", folder);
		assert_int_equal(file_out_whole(path, i ? "link" : "pipe", "text", 4, &error), -1);
		assert_int_equal(error.kind, ERROR_SINK);
		assert_non_null(strstr(error.message, "no regular file"));
		error_clear(&error);
		snprintf(path, sizeof path, "%s/a/%s", folder, i ? "link" : "pipe");
		assert_int_equal(stat(path, &found), 0);
		assert_true(S_ISFIFO(found.st_mode));
	}
	remove_folder(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write), cmocka_unit_test(test_read), cmocka_unit_test(test_lies), cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_twice), cmocka_unit_test(test_find), cmocka_unit_test(test_run_ids), cmocka_unit_test(test_stale),
		cmocka_unit_test(test_backup), cmocka_unit_test(test_resolve), cmocka_unit_test(test_make),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

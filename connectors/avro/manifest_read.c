/* manifest_read.c - reads a manifest, and believes nothing of it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connectors/avro/runid.h"
#include "engine/core/buffer.h"
#include "engine/core/digest.h"
#include "engine/core/folder.h"

enum { SUM_BYTES_MAX = 4096, SHA256_DIGITS = SHA256_HEX_SIZE - 1 };

static int join(const char *folder, const char *name, char out[FOLDER_PATH_MAX], struct error *error)
{
	if (snprintf(out, FOLDER_PATH_MAX, "%s/%s", folder, name) >= FOLDER_PATH_MAX)
		return error_set(error, ERROR_SOURCE, folder, "the path is longer than %d bytes", FOLDER_PATH_MAX - 1);
	return 0;
}

bool manifest_exists(const char *folder)
{
	char path[FOLDER_PATH_MAX];
	struct error ignored = ERROR_INIT;
	struct stat found;

	return join(folder, MANIFEST_NAME, path, &ignored) == 0 && stat(path, &found) == 0 && S_ISREG(found.st_mode);
}

/* ---- bytes ---- */

static int read_fd(int fd, const char *path, struct buffer *out, struct error *error)
{
	struct stat found;
	ssize_t bytes;

	if (fstat(fd, &found) < 0)
		return error_errno(error, ERROR_SOURCE, path, errno, "the file cannot be read");
	if (!S_ISREG(found.st_mode))
		return error_set(error, ERROR_SOURCE, path, "this is no file");
	if (found.st_size < 0 || (uint64_t)found.st_size > out->ceiling)
		return error_set(error, ERROR_SOURCE, path, "the file is larger than the %zu bytes that such a file may have", out->ceiling);
	if (buffer_reserve(out, (size_t)found.st_size, error) < 0)
		return -1;
	/* One byte more is asked for, to see a file that grows; what it gets in the end is what the checksum judges. */
	while (out->length < out->size - 1 && (bytes = read(fd, out->data + out->length, out->size - 1 - out->length)) != 0) {
		if (bytes < 0 && errno == EINTR)
			continue;
		if (bytes < 0)
			return error_errno(error, ERROR_SOURCE, path, errno, "the file cannot be read");
		out->length += (size_t)bytes;
	}
	out->data[out->length] = '\0';
	return 0;
}

static int read_file(const char *path, struct buffer *out, struct error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int result;

	if (fd < 0)
		return error_errno(error, ERROR_SOURCE, path, errno, "the file cannot be opened");
	result = read_fd(fd, path, out, error);
	close(fd);
	return result;
}

static bool is_hash(const char *text)
{
	return strspn(text, "0123456789abcdef") == SHA256_DIGITS && !text[SHA256_DIGITS];
}

/* The line is that of sha256sum, so that `sha256sum -c` can be used, too. */
static int check_sum(const char *folder, const struct buffer *text, struct error *error)
{
	char path[FOLDER_PATH_MAX], hash[SHA256_HEX_SIZE], expected[SHA256_HEX_SIZE + sizeof MANIFEST_NAME + 4];
	struct buffer sum;
	int result;

	buffer_init(&sum, SUM_BYTES_MAX);
	result = join(folder, MANIFEST_SUM_NAME, path, error);
	if (result == 0)
		result = read_file(path, &sum, error);
	digest_of(buffer_text(text), text->length, hash);
	snprintf(expected, sizeof expected, "%s  " MANIFEST_NAME "\n", hash);
	if (result == 0 && (sum.length != strlen(expected) || strcmp(buffer_text(&sum), expected) != 0))
		result = error_set(error, ERROR_SOURCE, path, MANIFEST_NAME " is damaged: its SHA-256 is %s, not what stands here", hash);
	buffer_fini(&sum);
	return result;
}

/* ---- values ---- */

struct reading {
	const char *path; /* of the manifest */
	char where[96];   /* "tables[3]." */
	struct error *error;
};

static int refuse(const struct reading *reading, const char *key, const char *must)
{
	return error_set(reading->error, ERROR_SOURCE, reading->path, "%s%s must be %s", reading->where, key, must);
}

static int get_text(const struct reading *reading, const json_t *object, const char *key, char **out)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
		return refuse(reading, key, "a text");
	*out = strdup(json_string_value(value));
	return *out ? 0 : error_memory(reading->error, "a manifest");
}

static int get_count(const struct reading *reading, const json_t *object, const char *key, uint64_t *out)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return refuse(reading, key, "a whole number, not negative");
	*out = (uint64_t)json_integer_value(value);
	return 0;
}

static int get_hash(const struct reading *reading, const json_t *object, const char *key, char out[SHA256_HEX_SIZE], bool optional)
{
	const char *value = json_string_value(json_object_get(object, key));

	if (!value || (!is_hash(value) && !(optional && !*value)))
		return refuse(reading, key, "64 hexadecimal digits in lower case");
	memcpy(out, value, strlen(value) + 1);
	return 0;
}

static int get_print(const struct reading *reading, const json_t *object, const char *key, struct fingerprint *out)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value && fingerprint_parse(value, out) ? 0 : refuse(reading, key, "32 hexadecimal digits in lower case");
}

/* ---- tables ---- */

/* A name in the folder itself, of a file that is not hidden. */
static bool is_file_name(const char *name)
{
	for (const char *c = name; *c; c++)
		if (*c == '/' || *c == '\\' || (unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	return name[0] != '\0' && name[0] != '.' && strcmp(name, MANIFEST_NAME) != 0 && strcmp(name, MANIFEST_SUM_NAME) != 0;
}

static int read_columns(struct reading *reading, const json_t *object, struct manifest_table *out)
{
	const json_t *columns = json_object_get(object, "columns");
	char above[sizeof reading->where];
	int result = 0;

	if (!json_is_array(columns))
		return refuse(reading, "columns", "a list");
	if (fingerprints_init(&out->prints, json_array_size(columns), reading->error) < 0)
		return -1;
	out->columns = calloc(out->prints.count + 1, sizeof *out->columns);
	out->types = calloc(out->prints.count + 1, sizeof *out->types);
	if (!out->columns || !out->types)
		return error_memory(reading->error, "a manifest");
	memcpy(above, reading->where, sizeof above);
	for (size_t i = 0; i < out->prints.count && result == 0; i++) {
		const json_t *column = json_array_get(columns, i);

		snprintf(reading->where, sizeof reading->where, "%.64scolumns[%zu].", above, i);
		if (get_text(reading, column, "name", &out->columns[i]) < 0 || get_text(reading, column, "type", &out->types[i]) < 0 ||
		    get_print(reading, column, "fingerprint", &out->prints.columns[i]) < 0)
			result = -1;
	}
	memcpy(reading->where, above, sizeof above);
	return result;
}

static int read_schema(const struct reading *reading, const json_t *object, struct manifest_table *out)
{
	const json_t *schema = json_object_get(object, "schema");

	if (!json_is_object(schema))
		return refuse(reading, "schema", "a Table Schema descriptor");
	out->schema = json_dumps(schema, JSON_COMPACT | JSON_REAL_PRECISION(MANIFEST_REAL_DIGITS));
	return out->schema ? 0 : error_memory(reading->error, "a manifest");
}

static int read_table(struct reading *reading, const json_t *object, struct manifest_table *out)
{
	const json_t *by_key = json_object_get(object, "by_key");

	if (get_text(reading, object, "name", &out->name) < 0 || get_text(reading, object, "file", &out->file) < 0)
		return -1;
	if (!*out->name)
		return refuse(reading, "name", "the name of a table");
	if (!is_file_name(out->file))
		return refuse(reading, "file", "the name of a file in the folder of the manifest, without a path");
	if (!json_is_boolean(by_key))
		return refuse(reading, "by_key", "true or false");
	out->by_key = json_is_true(by_key);
	if (get_count(reading, object, "rows", &out->rows) < 0 ||
	    (json_object_get(object, "rejected") && get_count(reading, object, "rejected", &out->rejected) < 0) || get_count(reading, object, "size", &out->size) < 0 ||
	    get_hash(reading, object, "sha256", out->sha256, false) < 0 ||
	    get_hash(reading, object, "dictionary_hash", out->dictionary_hash, true) < 0 ||
	    get_text(reading, object, "isolation", &out->isolation) < 0 || read_columns(reading, object, out) < 0 ||
	    get_print(reading, object, "fingerprint", &out->prints.total) < 0)
		return -1;
	out->prints.rows = out->rows;
	return read_schema(reading, object, out);
}

static int read_tables(struct reading *reading, const json_t *root, struct manifest *out)
{
	const json_t *tables = json_object_get(root, "tables");
	size_t count = json_array_size(tables);
	json_t *names = json_object(), *files = json_object();
	int result = 0;

	if (!json_is_array(tables) || count > MANIFEST_TABLES_MAX)
		result = refuse(reading, "tables", "a list of at most 10000 tables");
	else {
		out->tables = calloc(count + 1, sizeof *out->tables);
		if (!out->tables || !names || !files)
			result = error_memory(reading->error, "a manifest");
	}
	for (size_t i = 0; i < count && result == 0; i++) {
		struct manifest_table *table = &out->tables[i];

		snprintf(reading->where, sizeof reading->where, "tables[%zu].", i);
		out->count = i + 1; /* what is there of it is freed with the others */
		result = read_table(reading, json_array_get(tables, i), table);
		if (result == 0 && json_object_get(names, table->name))
			result = refuse(reading, "name", "another one than that of a table before it");
		if (result == 0 && json_object_get(files, table->file))
			result = refuse(reading, "file", "another one than that of a table before it");
		if (result == 0 && (json_object_set_new(names, table->name, json_true()) < 0 ||
					   json_object_set_new(files, table->file, json_true()) < 0))
			result = error_memory(reading->error, "a manifest");
	}
	json_decref(names);
	json_decref(files);
	return result;
}

static int read_root(struct reading *reading, const json_t *root, struct manifest *out)
{
	const char *run_id = json_string_value(json_object_get(root, "run_id"));
	const json_t *format = json_object_get(root, "format");

	if (!json_is_integer(format) || json_integer_value(format) < 1)
		return refuse(reading, "format", "a whole number; this is no manifest of a backup");
	if (json_integer_value(format) > MANIFEST_FORMAT)
		return error_set(reading->error, ERROR_SOURCE, reading->path,
			"the backup was written by a newer penstock (format %lld, this one reads up to %d)",
			(long long)json_integer_value(format), MANIFEST_FORMAT);
	if (!run_id || !runid_read(run_id, NULL))
		return refuse(reading, "run_id", "the id of a run");
	memcpy(out->run_id, run_id, sizeof out->run_id);
	if (get_text(reading, root, "pipeline", &out->pipeline) < 0 || get_text(reading, root, "created_at", &out->created_at) < 0 ||
	    get_text(reading, root, "isolation", &out->isolation) < 0)
		return -1;
	return read_tables(reading, root, out);
}

static struct manifest *parse(const char *path, const struct buffer *text, struct error *error)
{
	json_error_t wrong;
	json_t *root = json_loadb(buffer_text(text), text->length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &wrong);
	struct manifest *manifest = NULL;
	struct reading reading = { .path = path, .error = error };

	if (!root)
		error_set(error, ERROR_SOURCE, path, "no JSON at line %d: %s", wrong.line, wrong.text);
	else if (!(manifest = calloc(1, sizeof *manifest)))
		error_memory(error, "a manifest");
	else if (read_root(&reading, root, manifest) < 0) {
		manifest_free(manifest);
		manifest = NULL;
	}
	json_decref(root);
	return manifest;
}

struct manifest *manifest_read(const char *folder, struct error *error)
{
	char path[FOLDER_PATH_MAX];
	struct manifest *manifest = NULL;
	struct buffer text;

	if (join(folder, MANIFEST_NAME, path, error) < 0)
		return NULL;
	if (access(path, F_OK) < 0 && errno == ENOENT) {
		error_set(error, ERROR_SOURCE, path, "the file is missing: a folder without it is no backup, or one that never ended");
		return NULL;
	}
	buffer_init(&text, MANIFEST_BYTES_MAX);
	if (read_file(path, &text, error) == 0 && check_sum(folder, &text, error) == 0)
		manifest = parse(path, &text, error);
	buffer_fini(&text);
	return manifest;
}

bool manifest_proven(const char *folder)
{
	char manifest_path[FOLDER_PATH_MAX], proof_path[FOLDER_PATH_MAX], hash[SHA256_HEX_SIZE];
	struct error ignored = ERROR_INIT;
	struct buffer manifest, proof;
	bool proven = false;

	buffer_init(&manifest, MANIFEST_BYTES_MAX);
	buffer_init(&proof, SUM_BYTES_MAX);
	if (join(folder, MANIFEST_NAME, manifest_path, &ignored) == 0 && join(folder, PROOF_NAME, proof_path, &ignored) == 0 &&
		read_file(proof_path, &proof, &ignored) == 0 && read_file(manifest_path, &manifest, &ignored) == 0) {
		json_t *note = json_loadb(proof.data, proof.length, JSON_REJECT_DUPLICATES, NULL);
		const char *of = json_string_value(json_object_get(note, "manifest_sha256"));

		digest_of(manifest.data, manifest.length, hash);
		proven = of && strcmp(of, hash) == 0 && json_is_string(json_object_get(note, "proven_at"));
		json_decref(note);
	}
	buffer_fini(&manifest);
	buffer_fini(&proof);
	return proven;
}

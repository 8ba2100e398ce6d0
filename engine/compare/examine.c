/* examine.c - decodes one file of a backup.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/compare/examine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connectors/avro/discover.h"
#include "engine/compare/descriptor.h"
#include "engine/compare/pull.h"
#include "engine/core/digest.h"
#include "engine/core/plural.h"

enum { DESCRIPTOR_MAX = 64 << 20, WORK_MAX = 64 << 20, CHUNK = 1 << 16, PROBLEM_MAX = 2048 };

struct examination {
	const char *path;
	const struct manifest_table *table; /* NULL: none */
	struct cancel *cancel;
	json_t *problems;
	const char *result;
	struct pull pull;
	struct fingerprints prints;
	struct buffer bytes;
	uint64_t rows;       /* that came, good or not */
	uint64_t unreadable;
};

static int problem(json_t *problems, const char *format, ...) PRINTF_LIKE(2, 3);
static int problem(json_t *problems, const char *format, ...)
{
	char text[PROBLEM_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return json_array_append_new(problems, json_string(text));
}

/* --- bytes -------------------------------------------------------------------------------------- */

int examine_hash(const char *path, struct cancel *cancel, uint64_t *size, char hash[SHA256_HEX_SIZE], struct error *error)
{
	struct digest *digest = digest_new(error);
	int fd = open(path, O_RDONLY | O_CLOEXEC), result = digest ? 0 : -1;
	char chunk[CHUNK];

	*size = 0;
	if (fd < 0 && result == 0)
		result = error_errno(error, ERROR_SOURCE, path, errno, "cannot be opened");
	while (result == 0) {
		ssize_t got = read(fd, chunk, sizeof chunk);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			result = error_errno(error, ERROR_SOURCE, path, errno, "cannot be read");
		if (cancel_requested(cancel))
			result = error_set(error, ERROR_CANCELLED, path, "cancelled");
		if (got <= 0)
			break;
		digest_add(digest, chunk, (size_t)got);
		*size += (uint64_t)got;
	}
	if (result == 0)
		digest_hex(digest, hash);
	if (fd >= 0)
		close(fd);
	digest_free(digest);
	return result;
}

static int check_bytes(struct examination *work, struct error *error)
{
	const struct manifest_table *table = work->table;
	char hash[SHA256_HEX_SIZE];
	uint64_t size;
	int failed = 0;

	if (!table)
		return 0;
	if (examine_hash(work->path, work->cancel, &size, hash, error))
		return -1;
	if (size != table->size)
		failed = problem(work->problems, "has %" PRIu64 " bytes, the manifest says %" PRIu64, size, table->size);
	if (strcmp(hash, table->sha256) != 0)
		failed |= problem(work->problems, "its SHA-256 is %s, the manifest says %s", hash, table->sha256);
	return failed ? error_memory(error, "the report") : 0;
}

/* --- rows --------------------------------------------------------------------------------------- */

json_t *examine_resource(const char *path, const struct manifest_table *table, struct error *error)
{
	struct error ignored = ERROR_INIT;
	struct buffer text;
	json_t *list = table ? descriptor_parse(table->schema, path, &ignored) : NULL;

	if (!list) {
		buffer_init(&text, DESCRIPTOR_MAX);
		if (avro_discover(path, &text, error) == 0)
			list = descriptor_parse(buffer_text(&text), path, error);
		buffer_fini(&text);
	}
	json_t *resource = list ? json_incref(json_array_get(list, 0)) : NULL;
	json_decref(list);
	return resource;
}

static bool keep_all(const void *arg, const char *field)
{
	(void)arg;
	(void)field;
	return true;
}

static int open_pull(struct examination *work, const json_t *resource, struct error *error)
{
	char *package = descriptor_package(resource, keep_all, NULL, error), *path = pipeline_quote(work->path);
	int result = -1;

	if (package && path)
		result = pull_init(&work->pull, json_pack("{s:s, s:s, s:s}", "type", "avro", "path", path, "manifest", "none"), NULL, package,
			descriptor_name(resource), error);
	else
		error_memory(error, "the examination of a file");
	work->pull.cancel = work->cancel;
	free(package);
	free(path);
	return result;
}

static int add_batch(void *arg, const struct batch *batch, struct error *error)
{
	struct examination *work = arg;

	work->rows += batch->rows;
	for (size_t i = 0; i < batch->violation_count; i++) {
		const struct violation *violation = &batch->violations[i];
		if (i > 0 && batch->violations[i - 1].row == violation->row)
			continue;
		if (work->unreadable++ == 0 && problem(work->problems, "record %" PRIu64 " is not what its schema says: %s: %.*s",
			batch->origins[violation->row].record_no, violation->rule->id,
			violation->detail.length ? (int)violation->detail.length : (int)strlen(violation->rule->text),
			violation->detail.length ? batch_bytes(batch, violation->detail) : violation->rule->text))
			return error_memory(error, "the report");
	}
	return fingerprints_add_batch(&work->prints, batch, &work->bytes, NULL, error);
}

int examine_prints(const struct fingerprints *read, const struct manifest_table *table, json_t *problems)
{
	int failed = 0;

	if (read->rows != table->rows)
		failed = problem(problems, "holds %" PRIu64 " row%s, the manifest says %" PRIu64, read->rows, plural(read->rows, "", "s"), table->rows);
	if (read->count != table->prints.count)
		return failed | problem(problems, "has %zu column%s, the manifest says %zu", read->count, plural(read->count, "", "s"), table->prints.count);
	for (size_t i = 0; i < read->count; i++)
		if (!fingerprint_equal(&read->columns[i], &table->prints.columns[i]))
			failed |= problem(problems, "column %s: its fingerprint is not that of the manifest", table->columns[i]);
	if (!fingerprint_equal(&read->total, &table->prints.total)) {
		char is[FINGERPRINT_HEX_SIZE], was[FINGERPRINT_HEX_SIZE];
		fingerprint_format(&read->total, is);
		fingerprint_format(&table->prints.total, was);
		failed |= problem(problems, "the fingerprint of its rows is %s, the manifest says %s", is, was);
	}
	return failed;
}

static int read_rows(struct examination *work, struct error *error)
{
	json_t *resource = examine_resource(work->path, work->table, error);
	int result = resource ? open_pull(work, resource, error) : -1;

	json_decref(resource);
	if (result)
		return -1;
	if (fingerprints_init(&work->prints, pull_schema(&work->pull)->field_count, error) || pull_all(&work->pull, add_batch, work, error))
		return -1;
	if (work->unreadable > 1 && problem(work->problems, "%" PRIu64 " records are not what their schema says", work->unreadable))
		return error_memory(error, "the report");
	return work->table && examine_prints(&work->prints, work->table, work->problems) ? error_memory(error, "the report") : 0;
}

/* --- the whole ---------------------------------------------------------------------------------- */

/* What is wrong with the file goes into the report, all else up. */
static int examine(struct examination *work, struct error *error)
{
	struct error found = ERROR_INIT;
	struct stat info;
	char text[ERROR_PLACE_MAX + ERROR_MESSAGE_MAX];

	if (stat(work->path, &info) < 0 && errno == ENOENT) {
		work->result = "missing";
		return problem(work->problems, "is not there") ? error_memory(error, "the report") : 0;
	}
	if (check_bytes(work, &found) || read_rows(work, &found)) {
		if (found.kind != ERROR_SOURCE && found.kind != ERROR_CONFIG) {
			*error = found;
			return -1;
		}
		work->result = "damaged";
		return problem(work->problems, "%s", error_text(&found, text, sizeof text)) ? error_memory(error, "the report") : 0;
	}
	work->result = json_array_size(work->problems) ? "different" : "ok";
	return 0;
}

static const char *last_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

json_t *examine_file(const char *path, const struct manifest_table *table, struct cancel *cancel, struct error *error)
{
	struct examination work = {.path = path, .table = table, .cancel = cancel, .problems = json_array()};
	char hex[FINGERPRINT_HEX_SIZE] = "";
	json_t *report = NULL;

	buffer_init(&work.bytes, WORK_MAX);
	if (!work.problems) {
		error_memory(error, "the report");
	} else if (examine(&work, error) == 0) {
		if (work.prints.columns && strcmp(work.result, "damaged") != 0)
			fingerprint_format(&work.prints.total, hex);
		report = json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:O}", "name", table ? table->name : last_of(path), "file", last_of(path),
			"result", work.result, "rows", (json_int_t)work.rows, "rejected",
			(json_int_t)(table ? table->rejected : 0), "fingerprint", hex, "problems", work.problems);
		if (!report)
			error_memory(error, "the report");
	}
	pull_close(&work.pull);
	fingerprints_fini(&work.prints);
	buffer_fini(&work.bytes);
	json_decref(work.problems);
	return report;
}

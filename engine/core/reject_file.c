/* reject_file.c - the rejects of a step whose sink is no database, as one JSON object a line (jsonlines.org) in a file beside it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/core/attempt.h"
#include "engine/core/clock.h"
#include "engine/core/file_out.h"

static int put_text(json_t *object, const char *key, struct text text)
{
	return json_object_set_new(object, key, json_stringn(text.data ? text.data : "", text.length));
}

static int put_number(json_t *object, const char *key, uint64_t number)
{
	return json_object_set_new(object, key, json_integer((json_int_t)number));
}

/* The columns of penstock_rejects that mean something outside of a database. */
static json_t *object_of(const struct attempt *attempt, const struct reject *reject, bool published)
{
	json_t *object = json_object();
	char at[VALUE_TEXT_MAX];
	value_format_datetime(clock_wall_us(), at);
	int failed = json_object_set_new(object, "run_id", json_string(attempt->state->run_id));
	failed |= json_object_set_new(object, "pipeline", json_string(attempt->state->plan->name));
	failed |= json_object_set_new(object, "step", json_string(attempt->step->name));
	failed |= json_object_set_new(object, "table_name", json_string(attempt->step->target));
	failed |= put_text(object, "source", reject->source);
	failed |= put_number(object, "record_no", reject->record_no);
	failed |= put_number(object, "line_no", reject->line_no);
	failed |= put_number(object, "byte_offset", reject->byte_offset);
	failed |= put_text(object, "field", reject->field);
	failed |= put_text(object, "code", reject->code);
	failed |= put_text(object, "rule", reject->rule);
	failed |= put_text(object, "message", reject->message);
	failed |= json_object_set_new(object, "violations", json_loadb(reject->violations.data, reject->violations.length, 0, NULL));
	failed |= put_text(object, "record", reject->record);
	failed |= json_object_set_new(object, "published", json_boolean(published));
	failed |= json_object_set_new(object, "rejected_at", json_string(at));
	if (failed) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static int put_reject(struct file_out *out, const struct attempt *attempt, const struct reject *reject, bool published, struct error *error)
{
	json_t *object = object_of(attempt, reject, published);
	char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	if (!line)
		return error_memory(error, "the file of rejects");
	int result = file_out_write(out, line, strlen(line), error);
	if (result == 0)
		result = file_out_write(out, "\n", 1, error);
	free(line);
	return result;
}

static int put_all(struct file_out *out, const struct attempt *attempt, bool published, struct error *error)
{
	struct reject reject;
	int more;
	if (spool_rewind(attempt->spool, error) < 0)
		return -1;
	while ((more = spool_next(attempt->spool, &reject, error)) > 0)
		if (put_reject(out, attempt, &reject, published, error) < 0)
			return -1;
	return more;
}

int reject_file_write(const struct attempt *attempt, bool published, struct error *error)
{
	const char *path = attempt->step->rejects_path;
	if (!path)
		return 0;
	if (spool_count(attempt->spool) == 0) {
		if (unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR)
			return error_errno(error, ERROR_SINK, path, errno, "cannot remove the rejects of an earlier run");
		return 0;
	}
	struct file_out *out = file_out_open(path, 0600, error); /* records may be anything */
	int result = out && put_all(out, attempt, published, error) == 0 ? file_out_publish(out, error) : -1;
	file_out_close(out);
	return result;
}

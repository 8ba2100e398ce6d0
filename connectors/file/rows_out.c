/* rows_out.c - rows as text into a file, to standard output, or to whoever asked.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/file/rows_out.h"

#include <assert.h>
#include <string.h>
#include <sys/stat.h>

int rows_out_check(const char *path, struct error *error)
{
	char folder[FOLDER_PATH_MAX];

	return strcmp(path, "-") == 0 ? 0 : folder_of(path, folder, error);
}

static int check_path(struct rows_out *rows, struct error *error)
{
	struct stat found;

	if (folder_of(rows->path, rows->folder, error) < 0)
		return -1;
	if (stat(rows->path, &found) == 0 && !S_ISREG(found.st_mode))
		return error_set(error, ERROR_CONFIG, rows->path,
			"this is no file and cannot be replaced by one; standard output is written as path: \"-\"");
	return folder_check(rows->folder, error);
}

int rows_out_open(struct rows_out *rows, const struct sink_context *context, struct sink_info *info, struct error *error)
{
	memset(info, 0, sizeof *info);
	rows->context = *context;
	rows->opened = true;
	if (rows->path && strcmp(rows->path, "-") == 0)
		rows->path = NULL;
	if (rows->response)
		return 0;
	if (pack_check((enum pack_kind)rows->compression, error) < 0)
		return -1;
	if (rows->path && check_path(rows, error) < 0)
		return -1;
	return file_claim(context->shared, rows->path, context->step ? context->step : "", &rows->claim, error);
}

/* What was written since begin is gone, as far as it can be taken back. */
static void forget(struct rows_out *rows)
{
	if (rows->out && file_out_begun(rows->out) && rows->claim)
		rows->claim->begun = true;
	pack_free(rows->pack);
	rows->pack = NULL;
	file_out_close(rows->out);
	rows->out = NULL;
	if (rows->pending)
		rows->response->restart(rows->response->arg);
	rows->pending = false;
	rows->rows = 0;
}

static int open_out(struct rows_out *rows, struct error *error)
{
	if (rows->response) {
		rows->to = (struct text_to){ .write = rows->response->write, .self = rows->response->arg };
		rows->pending = true;
		return 0;
	}
	if (rows->path) {
		rows->out = folder_make(rows->folder, error) == 0 ? file_out_open(rows->path, 0666, error) : NULL;
		if (rows->out)
			file_out_keep_permissions(rows->out);
	} else if (rows->claim && rows->claim->begun) {
		error_set(error, ERROR_SINK, "standard output",
			"rows went there before the step was broken off, and cannot be taken back; run it again");
	} else {
		rows->out = file_out_standard(rows->context.cancel, error);
	}
	rows->to = (struct text_to){ .write = file_out_write, .self = rows->out };
	if (!rows->out || rows->compression == PACK_NONE)
		return rows->out ? 0 : -1;
	rows->pack = pack_new((enum pack_kind)rows->compression, &rows->to, error);
	rows->to = (struct text_to){ .write = pack_write, .self = rows->pack };
	return rows->pack ? 0 : -1;
}

int rows_out_begin(void *self, struct error *error)
{
	struct rows_out *rows = self;

	if (rows->context.dry_run)
		return 0;
	forget(rows);
	if (open_out(rows, error) < 0)
		return -1;
	return rows->format->head(rows->style, rows->context.schema, &rows->to, error);
}

int rows_out_write(void *self, struct batch *batch, struct error *error)
{
	struct rows_out *rows = self;

	if (rows->context.dry_run)
		return 0;
	for (uint32_t row = 0; row < batch->rows; row++) {
		if (batch->status[row] != ROW_LIVE)
			continue;
		if (rows->format->row(rows->style, batch, row, rows->rows, &rows->to, error) < 0)
			return -1;
		rows->rows++;
	}
	return 0;
}

int rows_out_publish(void *self, enum publish_phase phase, const struct outcome *outcome, struct error *error)
{
	struct rows_out *rows = self;

	if (phase != PUBLISH_PLACE || !outcome->complete || rows->context.dry_run)
		return 0;
	assert(rows->out || rows->pending);
	if (rows->format->tail(rows->style, rows->rows, &rows->to, error) < 0 || (rows->pack && pack_finish(rows->pack, error) < 0) ||
	    (rows->out && file_out_publish(rows->out, error) < 0))
		return -1;
	rows->pending = false;
	forget(rows);
	return 0;
}

void rows_out_rollback(void *self)
{
	forget(self);
}

int rows_out_explain(void *self, struct buffer *out, struct error *error)
{
	const struct rows_out *rows = self;
	const struct schema *schema = rows->context.schema;

	if (buffer_printf(out, error, "%s%s, %s%s%s\n", rows->path ? "file " : "", rows->path ? rows->path : "standard output",
		    rows->format->name, rows->compression != PACK_NONE ? ", packed with " : "", rows->compression != PACK_NONE ? pack_names[rows->compression] : "") < 0)
		return -1;
	for (size_t i = 0; i < schema->field_count; i++)
		if (buffer_printf(out, error, "  %-24s %s\n", schema->fields[i].name, value_type_name(schema->fields[i].type)) < 0)
			return -1;
	return 0;
}

void rows_out_close(void *self)
{
	struct rows_out *rows = self;

	if (!rows->opened)
		return;
	forget(rows);
	rows->opened = false;
}

/* files.c - several files as one source.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/file/files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/core/diagnostics.h"
#include "engine/core/position.h"
#include "engine/core/utf8.h"

struct files {
	const struct file_reader_ops *ops;
	const void *options;            /* of a reader */
	const struct option_list *path;
	struct source_context context;  /* for the readers: its schema is without the field of the name */
	struct schema *schema;          /* that schema; NULL: it is the table's */
	size_t field;                   /* of the name; SCHEMA_NO_FIELD: none */
	struct column *columns;         /* room for all but that one */
	bool several;
	struct paths paths;
	struct source_file *facts;      /* several: of each file, filled at its end */
	char (*passed)[SHA256_HEX_SIZE]; /* several: of each that is not to be read the hash; others: empty */
	size_t at;                      /* the file at hand */
	bool begun;                     /* something of it was given, or passed over */
	struct digest *chain;           /* over the files before it */
	size_t replay_to;               /* several: files before this one are replayed, and this one up to replay_at */
	struct position replay_at;
	void *reader;                   /* of that file; NULL: not open */
	bool ended;
};

/* --- opening --- */

static int open_reader(struct files *files, struct error *error)
{
	files->reader = calloc(1, files->ops->size);
	if (!files->reader)
		return error_memory(error, "a reader");
	return files->ops->open(files->reader, files->options, files->several ? files->paths.items[files->at] : files->path->items[0], &files->context,
		error);
}

static void close_reader(struct files *files)
{
	if (files->reader)
		files->ops->close(files->reader);
	free(files->reader);
	files->reader = NULL;
}

static int no_field(const struct schema *schema, const char *name, struct error *error)
{
	const char **names = calloc(schema->field_count + 1, sizeof *names);
	if (!names)
		return error_memory(error, "the names of the fields");
	for (size_t i = 0; i < schema->field_count; i++)
		names[i] = schema->fields[i].name;
	const char *near = suggest(name, names);
	free(names);
	return error_set(error, ERROR_CONFIG, NULL, "file_field: table %s has no field \"%s\"%s%s%s", schema->name, name, near ? " (did you mean \"" : "",
		near ? near : "", near ? "\"?)" : "");
}

/* The readers see a table without the field. */
static int leave_out(struct files *files, const char *name, struct error *error)
{
	const struct schema *schema = files->context.schema;
	size_t count = schema->field_count, kept = 0;
	size_t *fields = calloc(count ? count : 1, sizeof *fields);
	files->columns = calloc(count ? count : 1, sizeof *files->columns);
	if (!fields || !files->columns) {
		free(fields);
		return error_memory(error, "the fields of a table");
	}
	files->field = schema_find(schema, name);
	for (size_t i = 0; i < count; i++)
		if (i != files->field)
			fields[kept++] = i;
	if (files->field == SCHEMA_NO_FIELD)
		(void)no_field(schema, name, error);
	else
		files->schema = schema_project(schema, fields, kept, error);
	free(fields);
	files->context.schema = files->schema;
	return files->schema ? 0 : -1;
}

static int open_several(struct files *files, struct error *error)
{
	if (paths_find(&files->paths, files->path, error) < 0)
		return -1;
	files->facts = calloc(files->paths.count, sizeof *files->facts);
	files->passed = calloc(files->paths.count, sizeof *files->passed);
	files->chain = digest_new(error);
	if (!files->facts || !files->passed)
		return error_memory(error, "a list of files");
	return files->chain ? 0 : -1;
}

struct files *files_open(const struct file_reader_ops *ops, const struct files_options *options, const struct source_context *context,
	struct error *error)
{
	struct files *files = calloc(1, sizeof *files);
	if (!files) {
		error_memory(error, "a source");
		return NULL;
	}
	*files = (struct files){ .ops = ops, .options = options->reader, .path = options->path, .context = *context, .field = SCHEMA_NO_FIELD };
	files->several = paths_several(files->path);
	if ((options->field && leave_out(files, options->field, error) < 0) || (files->several && open_several(files, error) < 0))
		goto failed;
	/* Of several the first may turn out to have been loaded before: then it is not even opened. */
	if ((!files->several || context->preview) && open_reader(files, error) < 0)
		goto failed;
	return files;
failed:
	files_close(files);
	return NULL;
}

void files_close(struct files *files)
{
	if (!files)
		return;
	close_reader(files);
	paths_fini(&files->paths);
	digest_free(files->chain);
	schema_free(files->schema);
	free(files->columns);
	free(files->facts);
	free(files->passed);
	free(files);
}

/* --- who they are --- */

static int facts_of(const char *path, struct stat *facts, struct error *error)
{
	if (stat(path, facts) < 0)
		return error_errno(error, ERROR_SOURCE, path, errno, "cannot look at the file");
	return 0;
}

int files_identify(struct files *files, bool hash, struct source_identity *out, struct error *error)
{
	if (!files->several)
		return reading_identify(files->ops->window(files->reader), hash, out, error);
	*out = (struct source_identity){ .known = true };
	for (size_t i = 0; i < files->paths.count; i++) {
		struct stat facts;
		if (facts_of(files->paths.items[i], &facts, error) < 0)
			return -1;
		out->size += (uint64_t)facts.st_size;
	}
	snprintf(out->path, sizeof out->path, "%.4000s%s (%zu file%s)", files->path->items[0], files->path->count > 1 ? ", ..." : "", files->paths.count,
		files->paths.count == 1 ? "" : "s");
	return 0;
}

static int hash_of(struct files *files, const char *path, char out[SHA256_HEX_SIZE], struct error *error)
{
	struct window window;
	int result = window_open(&window, path, WINDOW_BLOCK, files->context.cancel, error);
	if (result == 0)
		result = window_hash_all(&window, out, error);
	window_close(&window);
	return result;
}

int files_file(struct files *files, size_t number, bool hash, struct source_identity *out, struct error *error)
{
	struct stat facts;
	if (!files->several || number >= files->paths.count)
		return 0;
	const char *path = files->paths.items[number];
	if (facts_of(path, &facts, error) < 0)
		return -1;
	*out = (struct source_identity){ .known = true, .size = (uint64_t)facts.st_size };
	out->mtime_ns = (int64_t)facts.st_mtim.tv_sec * 1000000000 + facts.st_mtim.tv_nsec;
	memcpy(out->path, path, strlen(path) + 1);
	return hash && hash_of(files, path, out->hash, error) < 0 ? -1 : 1;
}

int files_pass(struct files *files, size_t number, const char *hash, struct error *error)
{
	(void)error;
	bool within = number == files->replay_to && *files->replay_at.token;
	if (number < files->replay_to || within || number < files->at || (number == files->at && files->begun))
		return 0;
	snprintf(files->passed[number], SHA256_HEX_SIZE, "%s", hash);
	return 1;
}

/* --- positions --- */

/* The file at hand is done with. */
static void add_to_chain(struct files *files, const char *hash)
{
	const char *path = files->paths.items[files->at];
	digest_add(files->chain, path, strlen(path) + 1);
	digest_add(files->chain, hash, strlen(hash));
	files->at++;
	files->begun = false;
}

static void mark(const struct files *files, struct position *position, const char *token)
{
	char chain[SHA256_HEX_SIZE], inner[POSITION_TOKEN_MAX / 2];
	snprintf(inner, sizeof inner, "%s", token);
	digest_hex(files->chain, chain);
	snprintf(position->token, sizeof position->token, "@%zu:%s:%s", files->at, chain, inner);
}

static int files_changed(const struct files *files, uint64_t number, struct error *error)
{
	return error_set(error, ERROR_CONFIG, files->path->items[0],
		"the first %" PRIu64 " file%s that an interrupted run had loaded are not the first of the list now, or what they hold changed; put them back, or load "
		"from the beginning with --restart", number, number == 1 ? "" : "s");
}

/* Over the content of the files before number, which becomes the file at hand. */
static int follow_chain(struct files *files, uint64_t number, const char *chain, struct error *error)
{
	char hash[SHA256_HEX_SIZE];
	if (number > files->paths.count)
		return files_changed(files, number, error);
	while (files->at < number) {
		if (hash_of(files, files->paths.items[files->at], hash, error) < 0)
			return -1;
		add_to_chain(files, hash);
	}
	digest_hex(files->chain, hash);
	return strncmp(hash, chain, strlen(hash)) == 0 ? 0 : files_changed(files, number, error);
}

static int resume_within(struct files *files, const struct position *at, bool replay, struct error *error)
{
	if (open_reader(files, error) < 0)
		return -1;
	files->begun = true;
	return files->ops->resume(files->reader, at, replay, error);
}

int files_resume(struct files *files, const struct position *at, bool replay, struct error *error)
{
	const char *text = at->token;
	uint64_t number;
	struct position within = *at;
	if (!files->several)
		return files->ops->resume(files->reader, at, replay, error);
	if (!*text)
		return 0;
	if (*text++ != '@' || !position_take(&text, ':', &number) || strlen(text) < SHA256_HEX_SIZE || text[SHA256_HEX_SIZE - 1] != ':')
		return error_set(error, ERROR_CONFIG, files->path->items[0],
			"the interrupted run read another list of files; put it back, or load from the beginning with --restart");
	snprintf(within.token, sizeof within.token, "%s", text + SHA256_HEX_SIZE);
	if (follow_chain(files, number, text, error) < 0)
		return -1;
	if (*within.token && files->at == files->paths.count)
		return files_changed(files, number, error);
	if (!replay)
		return *within.token ? resume_within(files, &within, false, error) : 0;
	files->replay_to = files->at;
	files->replay_at = within;
	files->at = 0;
	digest_reset(files->chain);
	return 0;
}

/* --- reading --- */

static int check_name(const struct files *files, const char *path, struct error *error)
{
	size_t length = strlen(path);
	if (files->field == SCHEMA_NO_FIELD || utf8_find_bad(path, length, 0) == length)
		return 0;
	return error_set(error, ERROR_SOURCE, path, "the file's name is no UTF-8, so that it cannot stand in a field");
}

/* The name into all rows that have cells. */
static void put_name(const struct files *files, struct batch *batch, struct span name)
{
	struct column *column = &batch->columns[files->field];
	size_t fault = 0;
	for (uint32_t row = 0; row < batch->rows; row++) {
		bool broken = false;
		for (; fault < batch->fault_count && batch->faults[fault].row <= row; fault++)
			broken = broken || (batch->faults[fault].row == row && batch->faults[fault].kind == FAULT_RECORD);
		if (broken || batch->status[row] != ROW_LIVE)
			continue;
		column->cells[row] = CELL_TEXT;
		column->texts[row] = name;
	}
}

/* A batch of the reader at hand. Without a field for the name it goes through as it is. */
static enum source_result read_some(struct files *files, struct batch *batch, struct error *error)
{
	if (files->field == SCHEMA_NO_FIELD)
		return files->ops->read(files->reader, batch, error);
	const char *path = files->ops->window(files->reader)->path;
	const struct schema *schema = batch->schema;
	struct column *columns = batch->columns;
	struct span name;
	if (check_name(files, path, error) < 0 || batch_store(batch, path, strlen(path), &name, error) < 0)
		return SOURCE_ERROR;
	for (size_t i = 0, kept = 0; i < schema->field_count; i++)
		if (i != files->field)
			files->columns[kept++] = columns[i];
	batch->schema = files->schema;
	batch->columns = files->columns;
	enum source_result result = files->ops->read(files->reader, batch, error);
	batch->schema = schema;
	batch->columns = columns;
	for (size_t i = 0; i < batch->fault_count; i++)
		if (batch->faults[i].field != SCHEMA_NO_FIELD && batch->faults[i].field >= files->field)
			batch->faults[i].field++;
	if (result == SOURCE_BATCH)
		put_name(files, batch, name);
	return result;
}

/* Goes on to the next file that is to be read, or to the end. */
static int next_file(struct files *files, struct error *error)
{
	while (files->at < files->paths.count && files->passed[files->at][0])
		add_to_chain(files, files->passed[files->at]);
	if (files->reader || files->at == files->paths.count)
		return 0;
	if (files->at != files->replay_to || !*files->replay_at.token)
		return open_reader(files, error);
	return resume_within(files, &files->replay_at, true, error);
}

static void end_file(struct files *files, struct batch *batch)
{
	struct source_file *file = &files->facts[files->at];
	const struct window *window = files->ops->window(files->reader);
	file->path = files->paths.items[files->at];
	file->size = window->size;
	file->mtime_ns = window->mtime_ns;
	file->records = files->ops->reading(files->reader)->records;
	memcpy(file->hash, batch->position.hash, SHA256_HEX_SIZE);
	batch->file_end = file;
	close_reader(files);
	add_to_chain(files, file->hash);
	mark(files, &batch->position, "");
	batch->position.hash[0] = '\0';
}

static enum source_result read_several(struct files *files, struct batch *batch, struct error *error)
{
	if (files->ended)
		return SOURCE_END;
	if (next_file(files, error) < 0)
		return SOURCE_ERROR;
	batch->file_number = files->at;
	if (files->at < files->paths.count) {
		batch->file = files->paths.items[files->at];
		files->begun = true;
		if (read_some(files, batch, error) != SOURCE_BATCH)
			return SOURCE_ERROR;
		batch->replayed = batch->replayed || files->at < files->replay_to;
		if (batch->last)
			end_file(files, batch);
		else
			mark(files, &batch->position, batch->position.token);
		/* What comes behind a replay is in a batch of its own. */
		batch->last = false;
		if (batch->replayed)
			return SOURCE_BATCH;
		while (files->at < files->paths.count && files->passed[files->at][0])
			add_to_chain(files, files->passed[files->at]);
		if (files->at < files->paths.count)
			return SOURCE_BATCH;
	}
	mark(files, &batch->position, "");
	batch->position.hash[0] = '\0';
	batch->last = true;
	files->ended = true;
	return SOURCE_BATCH;
}

enum source_result files_read(struct files *files, struct batch *batch, struct error *error)
{
	return files->several ? read_several(files, batch, error) : read_some(files, batch, error);
}

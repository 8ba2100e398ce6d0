/* sink.c - rows of a step into an Avro file.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/sink.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "connectors/avro/container.h"
#include "connectors/avro/encode.h"
#include "connectors/avro/keep.h"
#include "connectors/avro/manifest.h"
#include "connectors/avro/write_schema.h"
#include "engine/core/file_out.h"
#include "engine/core/folder.h"
#include "engine/core/version.h"

/* A block is given away once it has this many bytes; small enough that all blocks on their way stay in the caches. */
enum { BLOCK_BYTES = 64 << 10, ENTRIES = 6, DEFLATE_LEVEL_MAX = 9, ZSTANDARD_LEVEL_MAX = 19 };

#ifdef HAVE_SNAPPY
#define CODEC_FALLBACK "snappy"
#else
#define CODEC_FALLBACK "deflate"
#endif

static const char *const codecs[] = { "null", "deflate", "snappy", "zstandard", NULL };

struct avro_sink {
	const char *path;
	int codec;
	int64_t level; /* 0: the codec's own default */
	bool manifest;
	struct option_map keep;

	struct sink_context context;
	bool opened;
	char folder[FOLDER_PATH_MAX];
	enum codec chosen;
	struct keep kept;           /* of keep */
	struct encoder *encoder;
	char *schema;               /* Avro, JSON */
	struct backup *backup;      /* from begin on; belongs to the run */
	struct container_out *out;  /* between begin and publish */
	struct buffer *block;       /* being filled; NULL: none */
	uint64_t block_records;
	uint64_t records;
};

static const struct option options[] = {
	{ .name = "path", .kind = OPTION_STRING, .flags = OPTION_REQUIRED, .offset = offsetof(struct avro_sink, path),
	  .help = "Path of the file, relative to the working directory; it appears there complete, or not at all." },
	{ .name = "codec", .kind = OPTION_ENUM, .offset = offsetof(struct avro_sink, codec), .fallback = CODEC_FALLBACK, .values = codecs,
	  .help = "How blocks are compressed: null (not at all), deflate, snappy, zstandard." },
	{ .name = "level", .kind = OPTION_INTEGER, .offset = offsetof(struct avro_sink, level), .minimum = 1, .maximum = ZSTANDARD_LEVEL_MAX,
	  .help = "How hard to compress: deflate 1 to 9 (1 by default), zstandard 1 to 19 (3 by default)." },
	{ .name = "manifest", .kind = OPTION_BOOLEAN, .offset = offsetof(struct avro_sink, manifest), .fallback = "false",
	  .help = "The file is a table of the backup in its folder, whose name is ${run.id}; manifest.json there makes it complete." },
	{ .name = "keep", .kind = OPTION_MAP, .offset = offsetof(struct avro_sink, keep),
	  .help = "Which backups of the pipeline stay in the folder above once this one is complete: { last: 7, daily: 30, weekly: 8, monthly: 12, yearly: 10 }; without it all." },
	{ .name = NULL },
};

/* ---- open ---- */

static int choose_codec(const struct avro_sink *sink, const char *place, enum codec *chosen, struct error *error)
{
	if (!codec_find(codecs[sink->codec], chosen))
		return error_set(error, ERROR_CONFIG, place, "unknown codec \"%s\"", codecs[sink->codec]);
	int64_t most = *chosen == CODEC_DEFLATE ? DEFLATE_LEVEL_MAX : *chosen == CODEC_ZSTANDARD ? ZSTANDARD_LEVEL_MAX : 0;
	if (!codec_available(*chosen))
		return error_set(error, ERROR_CONFIG, place, "this build of penstock lacks the codec %s", codec_name(*chosen));
	if (sink->level > most && most == 0)
		return error_set(error, ERROR_CONFIG, place, "level: the codec %s has no levels; leave it out", codec_name(*chosen));
	if (sink->level > most)
		return error_set(error, ERROR_CONFIG, place, "level: the codec %s has levels 1 to %d", codec_name(*chosen), (int)most);
	return 0;
}

static int read_keep(const struct avro_sink *sink, const char *place, struct keep *kept, struct error *error)
{
	if (keep_read(&sink->keep, place, kept, error) < 0)
		return -1;
	if (kept->given && !sink->manifest)
		return error_set(error, ERROR_CONFIG, place, "keep is for backups: it needs manifest: true");
	return 0;
}

static int sink_check(const void *bound, struct error *error)
{
	const struct avro_sink *sink = bound;
	enum codec chosen;
	struct keep kept;
	char folder[FOLDER_PATH_MAX];

	if (folder_of(sink->path, folder, error) < 0)
		return -1;
	if (strcmp(sink->path, "-") == 0)
		return error_set(error, ERROR_CONFIG, NULL, "Avro files are published as a whole, and standard output is none: name a file");
	return read_keep(sink, NULL, &kept, error) < 0 ? -1 : choose_codec(sink, NULL, &chosen, error);
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length > tail && strcmp(text + length - tail, end) == 0;
}

static int check_path(struct avro_sink *sink, struct error *error)
{
	const char *run_id = sink->context.run_id;
	char resolved[FOLDER_PATH_MAX];
	struct stat found;

	if (folder_of(sink->path, sink->folder, error) < 0 || folder_resolve(sink->folder, resolved, error) < 0)
		return -1;
	if (stat(sink->path, &found) == 0 && !S_ISREG(found.st_mode))
		return error_set(error, ERROR_CONFIG, sink->path, "this is no file and cannot be replaced by one");
	if (!sink->manifest)
		return 0;
	if (!run_id || strcmp(folder_last(resolved), run_id) != 0)
		return error_set(error, ERROR_CONFIG, sink->path,
			"manifest: true needs a folder named by the run, such as ${params.folder}/${run.id}/${table}.avro");
	if (!ends_with(folder_last(sink->path), ".avro") || folder_last(sink->path)[0] == '.')
		return error_set(error, ERROR_CONFIG, sink->path, "manifest: true needs a file name that ends in .avro and begins with no dot");
	return 0;
}

static int sink_open(void *self, const struct sink_context *context, struct sink_info *info, struct error *error)
{
	struct avro_sink *sink = self;
	struct file_claim *claim;

	memset(info, 0, sizeof *info);
	sink->context = *context;
	sink->opened = true;
	if (read_keep(sink, sink->path, &sink->kept, error) < 0 || choose_codec(sink, sink->path, &sink->chosen, error) < 0 || check_path(sink, error) < 0 || folder_check(sink->folder, error) < 0 ||
	    file_claim(context->shared, sink->path, context->step ? context->step : "", &claim, error) < 0)
		return -1;
	info->wants_prints = sink->manifest;
	sink->encoder = encoder_new(context->schema, context->check_types_only, error);
	sink->schema = avro_schema_text(context->schema, context->check_types_only, error);
	return sink->encoder && sink->schema ? 0 : -1;
}

/* ---- begin, write ---- */

static struct container_entry entry_of(const char *key, const char *value)
{
	/* Borrowed, and only read. */
	return (struct container_entry){ .key = (char *)(uintptr_t)key, .value = (char *)(uintptr_t)value, .length = strlen(value) };
}

static int open_file(struct avro_sink *sink, struct error *error)
{
	const struct sink_context *context = &sink->context;
	struct container_entry entries[ENTRIES];
	size_t count = 0;

	entries[count++] = entry_of(AVRO_KEY_SCHEMA, sink->schema);
	entries[count++] = entry_of(AVRO_KEY_TABLE, context->schema->name);
	if (context->table_json)
		entries[count++] = entry_of(AVRO_KEY_TABLE_SCHEMA, context->table_json);
	if (context->dictionary_hash)
		entries[count++] = entry_of(AVRO_KEY_DICTIONARY_HASH, context->dictionary_hash);
	entries[count++] = entry_of(AVRO_KEY_VERSION, PENSTOCK_VERSION);
	if (context->run_id)
		entries[count++] = entry_of(AVRO_KEY_RUN_ID, context->run_id);
	assert(count <= ENTRIES);
	sink->out = container_out_open(&(struct container_out_options){ .path = sink->path, .codec = sink->chosen, .level = (int)sink->level,
					       .entries = entries, .entry_count = count, .cancel = context->cancel },
		error);
	return sink->out ? 0 : -1;
}

/* What was written since begin is gone. */
static void forget(struct avro_sink *sink)
{
	container_out_close(sink->out); /* the block that is being filled is one of its own */
	sink->out = NULL;
	sink->block = NULL;
	sink->block_records = sink->records = 0;
}

static int sink_begin(void *self, struct error *error)
{
	struct avro_sink *sink = self;
	const struct sink_context *context = &sink->context;

	if (context->dry_run)
		return 0;
	forget(sink);
	if (sink->manifest) {
		assert(context->shared);
		sink->backup = backup_begin(context->shared, sink->folder, context->run_id, context->pipeline ? context->pipeline : "",
			&sink->kept, error);
		if (!sink->backup || backup_expect(sink->backup, context->schema->name, error) < 0)
			return -1;
	} else if (folder_make(sink->folder, error) < 0) {
		return -1;
	}
	return open_file(sink, error);
}

static int give_block(struct avro_sink *sink, struct error *error)
{
	struct buffer *block = sink->block;
	uint64_t records = sink->block_records;

	sink->block = NULL;
	sink->block_records = 0;
	return block ? container_out_add(sink->out, block, records, error) : 0;
}

static int write_row(struct avro_sink *sink, const struct batch *batch, uint32_t row, struct error *error)
{
	size_t bound = encoder_bound(sink->encoder, batch, row);

	if (bound > CONTAINER_BLOCK_MAX)
		return error_set(error, ERROR_SINK, sink->path, "record %llu has about %zu bytes, and a record of an Avro file may have %d",
			(unsigned long long)batch->origins[row].record_no, bound, CONTAINER_BLOCK_MAX);
	if (sink->block && sink->block->length + bound > CONTAINER_BLOCK_MAX && give_block(sink, error) < 0)
		return -1;
	if (!sink->block && !(sink->block = container_out_block(sink->out, error)))
		return -1;
	if (buffer_reserve(sink->block, bound, error) < 0)
		return -1;
	encoder_add(sink->encoder, batch, row, sink->block);
	sink->block_records++;
	sink->records++;
	return sink->block->length >= BLOCK_BYTES ? give_block(sink, error) : 0;
}

static int sink_write(void *self, struct batch *batch, struct error *error)
{
	struct avro_sink *sink = self;

	if (sink->context.dry_run)
		return 0;
	for (uint32_t row = 0; row < batch->rows; row++)
		if (batch->status[row] == ROW_LIVE && write_row(sink, batch, row, error) < 0)
			return -1;
	return 0;
}

/* ---- publish ---- */

static int add_to_backup(struct avro_sink *sink, uint64_t size, const char hash[SHA256_HEX_SIZE], const struct outcome *outcome,
	struct error *error)
{
	const struct sink_context *context = &sink->context;
	const struct schema *schema = context->schema;
	char **texts = calloc(2 * schema->field_count + 1, sizeof *texts); /* names, then types; borrowed, and only read */
	struct manifest_table table = { .name = schema->name, .file = (char *)(uintptr_t)folder_last(sink->path), .rows = sink->records,
		.rejected = outcome->counts ? outcome->counts->rejected : 0, .size = size, .prints = *outcome->prints, .schema = (char *)(uintptr_t)(context->table_json ? context->table_json : "{}") };
	int result;

	if (!texts)
		return error_memory(error, "a backup");
	for (size_t i = 0; i < schema->field_count; i++) {
		texts[i] = schema->fields[i].name;
		texts[schema->field_count + i] = (char *)(uintptr_t)value_type_name(schema->fields[i].type);
	}
	table.columns = texts;
	table.types = texts + schema->field_count;
	if (context->source) {
		table.isolation = (char *)(uintptr_t)context->source->isolation;
		table.by_key = context->source->by_key;
	}
	memcpy(table.sha256, hash, SHA256_HEX_SIZE);
	snprintf(table.dictionary_hash, sizeof table.dictionary_hash, "%s", context->dictionary_hash ? context->dictionary_hash : "");
	result = backup_add(sink->backup, &table, error);
	free(texts);
	return result;
}

static int sink_publish(void *self, enum publish_phase phase, const struct outcome *outcome, struct error *error)
{
	struct avro_sink *sink = self;
	char hash[SHA256_HEX_SIZE];
	uint64_t size;

	if (phase != PUBLISH_PLACE || !outcome->complete || sink->context.dry_run)
		return 0;
	assert(sink->out && (!sink->manifest || outcome->prints));
	if (sink->manifest && outcome->prints->rows != sink->records)
		return error_set(error, ERROR_BOOKS, sink->path, "the file would hold %llu records, but the fingerprint is of %llu",
			(unsigned long long)sink->records, (unsigned long long)outcome->prints->rows);
	if (give_block(sink, error) < 0 || container_out_publish(sink->out, &size, hash, error) < 0)
		return -1;
	if (sink->manifest && add_to_backup(sink, size, hash, outcome, error) < 0)
		return -1;
	forget(sink);
	return 0;
}

static void sink_rollback(void *self)
{
	forget(self);
}

/* ---- explain, close ---- */

static int sink_explain(void *self, struct buffer *out, struct error *error)
{
	const struct avro_sink *sink = self;
	const struct schema *schema = sink->context.schema;

	if (buffer_printf(out, error, "file %s, Avro, codec %s%s\n", sink->path, codec_name(sink->chosen),
		    sink->manifest ? ", with manifest" : "") < 0)
		return -1;
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		char type[AVRO_TYPE_SIZE];

		avro_type_describe(field, type);
		if (buffer_printf(out, error, "  %-24s %-10s -> %s%s\n", field->name, value_type_name(field->type), type,
			    sink->context.check_types_only || !field->required ? " or null" : "") < 0)
			return -1;
	}
	return 0;
}

static void sink_close(void *self)
{
	struct avro_sink *sink = self;

	if (!sink->opened)
		return;
	forget(sink);
	encoder_free(sink->encoder);
	free(sink->schema);
	sink->encoder = NULL;
	sink->schema = NULL;
	sink->opened = false;
}

const struct sink_ops avro_sink_ops = {
	.name = "avro",
	.summary = "Writes an Avro file, or a table of a backup.",
	.size = sizeof(struct avro_sink),
	.options = options,
	.check = sink_check,
	.open = sink_open,
	.begin = sink_begin,
	.write = sink_write,
	.publish = sink_publish,
	.rollback = sink_rollback,
	.explain = sink_explain,
	.close = sink_close,
};

/* source.c - the Avro source: its options and hooks.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/source.h"

#include <stdlib.h>
#include <string.h>

#include "connectors/avro/explain.h"
#include "connectors/avro/promise.h"
#include "connectors/avro/reader.h"

struct avro_source {
	struct avro_options options; /* first: the engine binds them here */
	struct opened *opened;       /* NULL: not open */
};

struct opened {
	struct promise promise;
	struct avro_reader reader;
	const struct schema *schema;
	struct match_request request; /* the decoder borrows it */
};

static const char *const manifest_uses[] = { [PROMISE_AUTO] = "auto", [PROMISE_NONE] = "none", NULL };

static const struct option options[] = {
	{ .name = "path", .kind = OPTION_STRING, .offset = offsetof(struct avro_source, options.path),
	  .help = "The file to read, relative to the working directory; or else folder, backup and table." },
	{ .name = "folder", .kind = OPTION_STRING, .offset = offsetof(struct avro_source, options.folder),
	  .help = "The folder of the backups, of which each has a folder there." },
	{ .name = "backup", .kind = OPTION_STRING, .offset = offsetof(struct avro_source, options.backup),
	  .help = "Which backup in folder: its run id, or latest (the default), the newest complete one." },
	{ .name = "table", .kind = OPTION_STRING, .offset = offsetof(struct avro_source, options.table),
	  .help = "Which table of the backup, by its name when it was made; by default that of rules." },
	{ .name = "ignore", .kind = OPTION_LIST, .offset = offsetof(struct avro_source, options.ignore),
	  .help = "Fields of the file that may be left out; any other that the dictionary lacks is an error." },
	{ .name = "manifest", .kind = OPTION_ENUM, .offset = offsetof(struct avro_source, options.manifest), .fallback = "auto",
	  .values = manifest_uses,
	  .help = "auto: rows, SHA-256 and fingerprint are held against the manifest beside the file where it lists the file; none: they are "
	          "not." },
	{ .name = "once", .kind = OPTION_BOOLEAN, .offset = offsetof(struct avro_source, options.once), .fallback = "true",
	  .help = "Whether a file whose content this step has loaded into this table before is skipped (append only)." },
	{ .name = NULL },
};

static int avro_check(const void *bound, struct error *error)
{
	return promise_check(&((const struct avro_source *)bound)->options, error);
}

static int avro_open(void *self, const struct source_context *context, struct error *error)
{
	struct avro_source *source = self;
	struct opened *opened = source->opened = calloc(1, sizeof *opened);
	if (!opened)
		return error_memory(error, "a reader of Avro files");
	opened->schema = context->schema;
	if (promise_open(&opened->promise, &source->options, context, error) < 0 ||
	    avro_reader_open(&opened->reader, opened->promise.path, context->cancel, error) < 0)
		return -1;
	opened->request = (struct match_request){
		.file = opened->reader.schema,
		.schema = context->schema,
		.labels = context->labels,
		.ignore = &source->options.ignore,
		.limits = context->limits,
		.place = opened->promise.path,
	};
	opened->reader.decoder = decoder_new(&opened->request, error);
	return opened->reader.decoder ? 0 : -1;
}

static int avro_identify(void *self, bool hash, struct source_identity *out, struct error *error)
{
	const struct avro_source *source = self;
	const struct avro_reader *reader = &source->opened->reader;
	*out = (struct source_identity){
		.known = true,
		.size = container_in_size(reader->in),
		.mtime_ns = container_in_mtime_ns(reader->in),
	};
	memcpy(out->path, source->opened->promise.path, sizeof out->path);
	return hash ? avro_reader_hash(reader, out->hash, error) : 0;
}

static enum source_result avro_read(void *self, struct batch *batch, struct error *error)
{
	struct avro_source *source = self;
	struct opened *opened = source->opened;
	const struct manifest_table *table = opened->promise.table;
	char hash[SHA256_HEX_SIZE];
	enum source_result result = avro_reader_read(&opened->reader, batch, error);
	if (result != SOURCE_BATCH || !batch->last || !table)
		return result;
	avro_reader_hash_read(&opened->reader, hash);
	if (strcmp(hash, table->sha256) == 0)
		return SOURCE_BATCH;
	error_set(error, ERROR_SOURCE, opened->promise.path,
		"does not have the SHA-256 that its manifest recorded: %s of %" PRIu64 " bytes, recorded %s of %" PRIu64, hash,
		container_in_size(opened->reader.in), table->sha256, table->size);
	return SOURCE_ERROR;
}

static int avro_resume(void *self, const struct position *at, bool replay, struct error *error)
{
	struct avro_source *source = self;
	return avro_reader_resume(&source->opened->reader, at, replay, error);
}

static int avro_expect(void *self, const struct expectation **out, struct error *error)
{
	const struct avro_source *source = self;
	(void)error;
	*out = source->opened->promise.table ? &source->opened->promise.expectation : NULL;
	return 0;
}

static int avro_explains(void *self, struct buffer *out, struct error *error)
{
	const struct avro_source *source = self;
	const struct opened *opened = source->opened;
	return avro_explain(&opened->reader, opened->schema, &opened->promise, out, error);
}

static void avro_close(void *self)
{
	struct avro_source *source = self;
	if (!source->opened)
		return;
	avro_reader_close(&source->opened->reader);
	promise_close(&source->opened->promise);
	free(source->opened);
	source->opened = NULL;
}

const struct source_ops avro_source_ops = {
	.name = "avro",
	.summary = "Reads Avro files, and tables of a backup by its manifest; goes on where an interrupted run stopped.",
	.size = sizeof(struct avro_source),
	.options = options,
	.typed = true,
	.check = avro_check,
	.open = avro_open,
	.identify = avro_identify,
	.read = avro_read,
	.resume = avro_resume,
	.expect = avro_expect,
	.explain = avro_explains,
	.close = avro_close,
};

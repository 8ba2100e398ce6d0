/* source.c - the hooks that all sources of files have alike.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/file/source.h"

static struct files *files_of(void *self)
{
	return ((struct file_source *)self)->files;
}

int file_source_open(struct file_source *source, const struct file_reader_ops *ops, const char *what, const void *reader_options,
	const struct source_context *context, struct error *error)
{
	const struct files_options files = { .path = &source->options.path, .field = source->options.file_field, .reader = reader_options };

	if (paths_check(&source->options.path, what, error) < 0)
		return -1;
	source->files = files_open(ops, &files, context, error);
	return source->files ? 0 : -1;
}

int file_source_identify(void *self, bool hash, struct source_identity *out, struct error *error)
{
	return files_identify(files_of(self), hash, out, error);
}

int file_source_file(void *self, size_t number, bool hash, struct source_identity *out, struct error *error)
{
	return files_file(files_of(self), number, hash, out, error);
}

int file_source_pass(void *self, size_t number, const char *hash, struct error *error)
{
	return files_pass(files_of(self), number, hash, error);
}

enum source_result file_source_read(void *self, struct batch *batch, struct error *error)
{
	return files_read(files_of(self), batch, error);
}

int file_source_resume(void *self, const struct position *at, bool replay, struct error *error)
{
	return files_resume(files_of(self), at, replay, error);
}

void file_source_close(void *self)
{
	struct file_source *source = self;

	files_close(source->files);
	source->files = NULL;
}

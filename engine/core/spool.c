/* spool.c - length-prefixed records in an unlinked file.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/spool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/core/unnamed.h"

enum { SPOOL_TEXTS = 7, SPOOL_REJECT_MAX = 4 * 1024 * 1024 };

struct spool {
	FILE *file;
	uint64_t ceiling, used, count, given;
	struct buffer scratch;
};

/* Fixed part of a record; the texts follow in this order. Never leaves the process, so it has no version. */
struct header {
	uint64_t record_no, line_no, byte_offset;
	uint32_t lengths[SPOOL_TEXTS];
};

static void texts_of(struct reject *reject, struct text *texts[SPOOL_TEXTS])
{
	texts[0] = &reject->source;
	texts[1] = &reject->field;
	texts[2] = &reject->code;
	texts[3] = &reject->rule;
	texts[4] = &reject->message;
	texts[5] = &reject->violations;
	texts[6] = &reject->record;
}

struct spool *spool_new(uint64_t ceiling, struct error *error)
{
	struct spool *spool = calloc(1, sizeof *spool);
	if (!spool) {
		error_memory(error, "the spool of rejects");
		return NULL;
	}
	spool->ceiling = ceiling;
	buffer_init(&spool->scratch, SPOOL_REJECT_MAX);
	int descriptor = unnamed_open("the temporary file of rejects", error);
	spool->file = descriptor >= 0 ? fdopen(descriptor, "w+") : NULL;
	if (!spool->file) {
		if (descriptor >= 0) {
			error_memory(error, "the spool of rejects");
			close(descriptor);
		}
		spool_free(spool);
		return NULL;
	}
	return spool;
}

void spool_free(struct spool *spool)
{
	if (!spool)
		return;
	if (spool->file)
		fclose(spool->file);
	buffer_fini(&spool->scratch);
	free(spool);
}

int spool_add(struct spool *spool, const struct reject *reject, struct error *error)
{
	struct reject copy = *reject;
	struct text *texts[SPOOL_TEXTS];
	struct header header = { copy.record_no, copy.line_no, copy.byte_offset, { 0 } };
	uint64_t size = sizeof header;
	texts_of(&copy, texts);
	for (int i = 0; i < SPOOL_TEXTS; i++) {
		header.lengths[i] = (uint32_t)texts[i]->length;
		size += texts[i]->length;
	}
	if (size > spool->ceiling - spool->used)
		return error_set(error, ERROR_REJECTS, NULL,
			"the rejects of this step need more than limits.reject_spool (%llu bytes); mend the source, raise it, or commit in pieces",
			(unsigned long long)spool->ceiling);
	bool ok = fwrite(&header, sizeof header, 1, spool->file) == 1;
	for (int i = 0; i < SPOOL_TEXTS && ok; i++)
		ok = texts[i]->length == 0 || fwrite(texts[i]->data, texts[i]->length, 1, spool->file) == 1;
	if (!ok)
		return error_errno(error, ERROR_RESOURCE, NULL, errno, "cannot write the temporary file of rejects");
	spool->used += size;
	spool->count++;
	return 0;
}

uint64_t spool_count(const struct spool *spool)
{
	return spool->count;
}

void spool_cut(struct spool *spool, uint64_t count)
{
	if (count < spool->count)
		spool->count = count;
}

int spool_rewind(struct spool *spool, struct error *error)
{
	if (fflush(spool->file) != 0 || fseek(spool->file, 0, SEEK_SET) != 0)
		return error_errno(error, ERROR_RESOURCE, NULL, errno, "cannot write the temporary file of rejects");
	spool->given = 0;
	return 0;
}

int spool_next(struct spool *spool, struct reject *out, struct error *error)
{
	struct header header;
	if (spool->given == spool->count)
		return 0;
	size_t total = 0;
	bool ok = fread(&header, sizeof header, 1, spool->file) == 1;
	for (int i = 0; i < SPOOL_TEXTS && ok; i++)
		total += header.lengths[i];
	buffer_clear(&spool->scratch);
	if (ok && buffer_reserve(&spool->scratch, total, error) < 0)
		return -1;
	if (!ok || (total > 0 && fread(spool->scratch.data, total, 1, spool->file) != 1))
		return error_set(error, ERROR_RESOURCE, NULL, "the temporary file of rejects cannot be read back");
	struct text *texts[SPOOL_TEXTS];
	*out = (struct reject){ .record_no = header.record_no, .line_no = header.line_no, .byte_offset = header.byte_offset };
	texts_of(out, texts);
	const char *at = spool->scratch.data;
	for (int i = 0; i < SPOOL_TEXTS; i++) {
		*texts[i] = (struct text){ at, header.lengths[i] };
		at += header.lengths[i];
	}
	spool->given++;
	return 1;
}

/* staged.c - length-prefixed items in an unlinked file.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/mend/staged.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/core/buffer.h"
#include "engine/core/unnamed.h"

enum { TEXTS = 4, ITEM_MAX = 1 << 30 };

struct staged {
	FILE *file;
	uint64_t ceiling, used, count, given;
	struct buffer scratch;
};

/* Never leaves the process, so it has no version. */
struct head {
	int64_t reject_id;
	uint64_t record_no, byte_offset;
	uint32_t form, lengths[TEXTS];
};

struct staged *staged_new(uint64_t ceiling, struct error *error)
{
	struct staged *staged = calloc(1, sizeof *staged);
	if (!staged) {
		error_memory(error, "the rejects of a replay");
		return NULL;
	}
	staged->ceiling = ceiling;
	buffer_init(&staged->scratch, ITEM_MAX);
	int descriptor = unnamed_open("the temporary file of a replay", error);
	staged->file = descriptor >= 0 ? fdopen(descriptor, "w+") : NULL;
	if (staged->file)
		return staged;
	if (descriptor >= 0) {
		error_memory(error, "the rejects of a replay");
		close(descriptor);
	}
	staged_free(staged);
	return NULL;
}

void staged_free(struct staged *staged)
{
	if (!staged)
		return;
	if (staged->file)
		fclose(staged->file);
	buffer_fini(&staged->scratch);
	free(staged);
}

int staged_add(struct staged *staged, const struct staged_item *item, struct error *error)
{
	const struct text *const texts[TEXTS] = { &item->source, &item->rule, &item->message, &item->body };
	struct head head = { .reject_id = item->reject_id, .record_no = item->record_no, .byte_offset = item->byte_offset,
		.form = (uint32_t)item->form };
	uint64_t size = sizeof head;
	for (int i = 0; i < TEXTS; i++) {
		head.lengths[i] = (uint32_t)texts[i]->length;
		size += texts[i]->length;
	}
	if (size > ITEM_MAX || size > staged->ceiling - staged->used)
		return error_set(error, ERROR_RESOURCE, NULL,
			"the rejects of one replay need more than limits.reject_spool (%llu bytes); raise it, or take fewer at once with --rule",
			(unsigned long long)staged->ceiling);
	bool ok = fwrite(&head, sizeof head, 1, staged->file) == 1;
	for (int i = 0; i < TEXTS && ok; i++)
		ok = texts[i]->length == 0 || fwrite(texts[i]->data, texts[i]->length, 1, staged->file) == 1;
	if (!ok)
		return error_errno(error, ERROR_RESOURCE, NULL, errno, "cannot write the temporary file of a replay");
	staged->used += size;
	staged->count++;
	return 0;
}

int staged_rewind(struct staged *staged, struct error *error)
{
	if (fflush(staged->file) != 0 || fseek(staged->file, 0, SEEK_SET) != 0)
		return error_errno(error, ERROR_RESOURCE, NULL, errno, "cannot write the temporary file of a replay");
	staged->given = 0;
	return 0;
}

int staged_next(struct staged *staged, struct staged_item *out, struct error *error)
{
	struct text *const texts[TEXTS] = { &out->source, &out->rule, &out->message, &out->body };
	struct head head;
	size_t total = 0;
	if (staged->given == staged->count)
		return 0;
	bool ok = fread(&head, sizeof head, 1, staged->file) == 1;
	for (int i = 0; i < TEXTS && ok; i++)
		total += head.lengths[i];
	buffer_clear(&staged->scratch);
	if (ok && buffer_reserve(&staged->scratch, total, error) < 0)
		return -1;
	if (!ok || (total > 0 && fread(staged->scratch.data, total, 1, staged->file) != 1))
		return error_set(error, ERROR_RESOURCE, NULL, "the temporary file of a replay cannot be read back");
	*out = (struct staged_item){ .reject_id = head.reject_id, .record_no = head.record_no, .byte_offset = head.byte_offset,
		.form = (enum staged_form)head.form };
	const char *at = total > 0 ? staged->scratch.data : "";
	for (int i = 0; i < TEXTS; i++) {
		*texts[i] = (struct text){ at, head.lengths[i] };
		at += head.lengths[i];
	}
	staged->given++;
	return 1;
}

/* staged.c - length-prefixed items in an unlinked file.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rejects of records that waited for their parents stand behind those of later records. Items that do not come in the order of their
 * sources are put into it some ten thousand at a time, so that memory stays flat.
 */
#include "engine/mend/staged.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/core/buffer.h"
#include "engine/core/unnamed.h"

enum { TEXTS = 4, ITEM_MAX = 1 << 30, WINDOW_ITEMS = 1 << 16, WINDOW_SOURCES = 1024 };

/* Where an item stands in the file. */
struct ordered {
	uint64_t record_no, at;
	size_t source; /* of those of the window, in the order in which they came */
};

struct staged {
	FILE *file;
	uint64_t ceiling, used, count, given;
	struct buffer scratch;
	bool mixed;               /* the items are not in the order of one source */
	uint64_t last_no;         /* of the item that was added last, */
	uint64_t last_source;     /* and the hash of its source */
	struct ordered *window;   /* NULL until it is needed */
	uint64_t *sources;        /* hashes: two sources with the same one are read in turns, which is right, but slower */
	size_t window_count, window_given;
	uint64_t at;              /* behind the window in the file */
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
	free(staged->window);
	free(staged->sources);
	free(staged);
}

/* FNV-1a */
static uint64_t hash_of(struct text source)
{
	uint64_t hash = 14695981039346656037u;
	for (size_t i = 0; i < source.length; i++)
		hash = (hash ^ (unsigned char)source.data[i]) * 1099511628211u;
	return hash;
}

static void look_at_order(struct staged *staged, const struct staged_item *item)
{
	uint64_t source = hash_of(item->source);
	if (item->form != STAGED_PLACE)
		return;
	if (staged->last_no > 0 && (source != staged->last_source || item->record_no < staged->last_no))
		staged->mixed = true;
	staged->last_no = item->record_no;
	staged->last_source = source;
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
	look_at_order(staged, item);
	return 0;
}

static int go_to(struct staged *staged, uint64_t at, struct error *error)
{
	if (fseeko(staged->file, (off_t)at, SEEK_SET) == 0)
		return 0;
	return error_errno(error, ERROR_RESOURCE, NULL, errno, "cannot read back the temporary file of a replay");
}

int staged_rewind(struct staged *staged, struct error *error)
{
	if (fflush(staged->file) != 0 || fseek(staged->file, 0, SEEK_SET) != 0)
		return error_errno(error, ERROR_RESOURCE, NULL, errno, "cannot write the temporary file of a replay");
	staged->given = 0;
	staged->window_count = staged->window_given = 0;
	staged->at = 0;
	if (!staged->mixed || staged->window)
		return 0;
	staged->window = malloc(WINDOW_ITEMS * sizeof *staged->window);
	staged->sources = malloc(WINDOW_SOURCES * sizeof *staged->sources);
	return staged->window && staged->sources ? 0 : error_memory(error, "the rejects of a replay");
}

static int read_item(struct staged *staged, struct staged_item *out, struct error *error)
{
	struct text *const texts[TEXTS] = { &out->source, &out->rule, &out->message, &out->body };
	struct head head;
	size_t total = 0;
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
	return 0;
}

static int in_order(const void *left, const void *right)
{
	const struct ordered *a = left, *b = right;
	if (a->source != b->source)
		return a->source < b->source ? -1 : 1;
	if (a->record_no != b->record_no)
		return a->record_no < b->record_no ? -1 : 1;
	return (a->at > b->at) - (a->at < b->at);
}

/* The items from staged->at on that stand in sources, put in order. Empty where the next one does not. */
static int fill_window(struct staged *staged, struct error *error)
{
	size_t sources = 0, source = 0;
	struct staged_item item;
	staged->window_count = staged->window_given = 0;
	if (go_to(staged, staged->at, error) < 0)
		return -1;
	while (staged->window_count < WINDOW_ITEMS && staged->given + staged->window_count < staged->count) {
		if (read_item(staged, &item, error) < 0)
			return -1;
		uint64_t hash = hash_of(item.source);
		for (source = 0; source < sources && staged->sources[source] != hash;)
			source++;
		if (item.form != STAGED_PLACE || source == WINDOW_SOURCES)
			break;
		if (source == sources)
			staged->sources[sources++] = hash;
		staged->window[staged->window_count++] = (struct ordered){ item.record_no, staged->at, source };
		staged->at = (uint64_t)ftello(staged->file);
	}
	qsort(staged->window, staged->window_count, sizeof *staged->window, in_order);
	return 0;
}

static int next_of_window(struct staged *staged, struct staged_item *out, struct error *error)
{
	if (staged->window_given == staged->window_count && fill_window(staged, error) < 0)
		return -1;
	bool alone = staged->window_count == 0;
	if (go_to(staged, alone ? staged->at : staged->window[staged->window_given++].at, error) < 0 || read_item(staged, out, error) < 0)
		return -1;
	if (alone)
		staged->at = (uint64_t)ftello(staged->file);
	return 0;
}

int staged_next(struct staged *staged, struct staged_item *out, struct error *error)
{
	if (staged->given == staged->count)
		return 0;
	if ((staged->mixed ? next_of_window(staged, out, error) : read_item(staged, out, error)) < 0)
		return -1;
	staged->given++;
	return 1;
}

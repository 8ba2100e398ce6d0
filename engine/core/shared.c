/* shared.c - parts that live as long as a run.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/shared.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct part {
	struct part *next; /* added before this one */
	char *key;
	void *part;
	const struct shared_ops *ops;
};

enum { NOTES_MAX = 32 };

struct note {
	const char *level; /* static */
	char *text;
};

struct shared {
	struct part *newest;
	struct note notes[NOTES_MAX];
	size_t note_count;
};

struct shared *shared_new(struct error *error)
{
	struct shared *shared = calloc(1, sizeof *shared);
	if (!shared)
		error_memory(error, "a run");
	return shared;
}

static struct part **place_of(struct shared *shared, const char *key)
{
	struct part **place = &shared->newest;
	while (*place && strcmp((*place)->key, key) != 0)
		place = &(*place)->next;
	return place;
}

void *shared_find(const struct shared *shared, const char *key)
{
	const struct part *part = shared ? shared->newest : NULL;
	while (part && strcmp(part->key, key) != 0)
		part = part->next;
	return part ? part->part : NULL;
}

int shared_add(struct shared *shared, const char *key, void *part, const struct shared_ops *ops, struct error *error)
{
	struct part *new = calloc(1, sizeof *new);
	char *copy = strdup(key);
	if (!new || !copy) {
		free(new);
		free(copy);
		ops->close(part);
		return error_memory(error, "a run");
	}
	*new = (struct part){ .next = shared->newest, .key = copy, .part = part, .ops = ops };
	shared->newest = new;
	return 0;
}

static void close_part(struct part **place)
{
	struct part *part = *place;
	*place = part->next;
	part->ops->close(part->part);
	free(part->key);
	free(part);
}

void shared_drop(struct shared *shared, const char *key)
{
	struct part **place = place_of(shared, key);
	if (*place)
		close_part(place);
}

void shared_tell(struct shared *shared, const char *level, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	if (!shared || shared->note_count == NOTES_MAX)
		return;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	if (text)
		shared->notes[shared->note_count++] = (struct note){ .level = level, .text = text };
}

void shared_told(const struct shared *shared, void (*each)(void *arg, const char *level, const char *text), void *arg)
{
	for (size_t i = 0; shared && i < shared->note_count; i++)
		each(arg, shared->notes[i].level, shared->notes[i].text);
}

static int finish_from(struct part *part, struct error *error)
{
	if (!part)
		return 0;
	if (finish_from(part->next, error) < 0)
		return -1;
	return part->ops->finish ? part->ops->finish(part->part, error) : 0;
}

int shared_finish(struct shared *shared, struct error *error)
{
	return finish_from(shared->newest, error);
}

void shared_free(struct shared *shared)
{
	while (shared && shared->newest)
		close_part(&shared->newest);
	for (size_t i = 0; shared && i < shared->note_count; i++)
		free(shared->notes[i].text);
	free(shared);
}

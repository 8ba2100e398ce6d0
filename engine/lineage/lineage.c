/* lineage.c - events on their way, beside the run that they are about.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/lineage/lineage.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connectors/http/post.h"
#include "engine/core/patience.h"
#include "engine/core/thread.h"
#include "engine/lineage/parts.h"

enum { FILE_PERMISSIONS = 0640 };
static const char place[] = "lineage";

struct lineage {
	const struct lineage_target *target;
	const struct plan *plan;
	const struct run_options *options;
	char *start;          /* the first event */
	struct error failed;  /* of its delivery */
	pthread_t thread;
	bool threaded;
};

/* --- one event --- */

/* What a full disk or a crash left of a line must not spoil the next one. What cannot be read, as a FIFO, ends as it should. */
static bool ends_within_line(const char *path)
{
	struct stat now;
	char last;

	if (stat(path, &now) < 0 || !S_ISREG(now.st_mode) || now.st_size == 0)
		return false;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	bool torn = fd >= 0 && pread(fd, &last, 1, now.st_size - 1) == 1 && last != '\n';
	if (fd >= 0)
		close(fd);
	return torn;
}

/* One write: the lines of two runs do not mix. A FIFO that nobody reads must not be waited for. */
static int append(const char *path, char *text, struct error *error)
{
	size_t length = strlen(text);
	bool torn = ends_within_line(path);
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, FILE_PERMISSIONS), saved;
	ssize_t wrote;

	if (fd < 0)
		return error_errno(error, ERROR_SINK, path, errno, "cannot be opened for events of lineage");
	if (torn)
		(void)!write(fd, "\n", 1);
	text[length] = '\n'; /* in the place of its end */
	do
		wrote = write(fd, text, length + 1);
	while (wrote < 0 && errno == EINTR);
	saved = wrote < 0 ? errno : ENOSPC;
	text[length] = '\0';
	close(fd);
	return wrote == (ssize_t)length + 1 ? 0 : error_errno(error, ERROR_SINK, path, saved, "cannot take an event of lineage");
}

static int deliver(const struct lineage *lineage, char *text, struct error *error)
{
	const struct lineage_target *target = lineage->target;
	struct patience patience = patience_of(target->timeout_ms, lineage->options->cancel);

	if (!text)
		return error_memory(error, "an event of lineage");
	if (target->file)
		return append(target->file, text, error);
	return http_post(target->url, target->headers, text, strlen(text), target->timeout_ms, &(struct post_patience){patience_over, &patience}, place,
		error);
}

/* --- both --- */

static void *deliver_start(void *arg)
{
	struct lineage *lineage = arg;

	/* What is seen of it is the error. */
	(void)!deliver(lineage, lineage->start, &lineage->failed);
	return NULL;
}

struct lineage *lineage_begin(const struct lineage_target *target, const struct plan *plan, const struct run_options *options)
{
	struct lineage *lineage = calloc(1, sizeof *lineage);

	if (!lineage)
		return NULL;
	lineage->target = target;
	lineage->plan = plan;
	lineage->options = options;
	lineage->start = event_text(plan, options, target->job_namespace, NULL);
	lineage->threaded = thread_start(&lineage->thread, 0, deliver_start, lineage) == 0;
	if (!lineage->threaded)
		deliver_start(lineage);
	return lineage;
}

int lineage_end(struct lineage *lineage, const struct run_report *report, struct error *error)
{
	int result = 0;

	if (!lineage)
		return error_memory(error, "an event of lineage");
	char *text = event_text(lineage->plan, lineage->options, lineage->target->job_namespace, report);
	if (lineage->threaded)
		pthread_join(lineage->thread, NULL);
	/* Who was told to end does not wait again for whoever did not take the first. */
	if (!error_is_set(&lineage->failed) || !cancel_requested(lineage->options->cancel))
		result = deliver(lineage, text, error);
	if (error_is_set(&lineage->failed)) {
		*error = lineage->failed;
		result = -1;
	}
	free(text);
	free(lineage->start);
	free(lineage);
	return result;
}

/* --- where they go --- */

static size_t size_of(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static const char *put(char **at, const char *text)
{
	char *copy = text ? *at : NULL;

	if (copy)
		memcpy(copy, text, size_of(text));
	*at += size_of(text);
	return copy;
}

struct lineage_target *lineage_target_copy(const struct lineage_target *target, struct error *error)
{
	size_t size = size_of(target->url) + size_of(target->file) + size_of(target->job_namespace), count = 0;

	for (; target->headers && target->headers[count]; count++)
		size += size_of(target->headers[count]);
	struct lineage_target *copy = malloc(sizeof *copy + (count + 1) * sizeof(char *) + size);
	if (!copy) {
		error_memory(error, "where lineage goes");
		return NULL;
	}
	const char **headers = (const char **)(void *)(copy + 1);
	char *at = (char *)(headers + count + 1);
	*copy = (struct lineage_target){.timeout_ms = target->timeout_ms, .headers = headers};
	copy->url = put(&at, target->url);
	copy->file = put(&at, target->file);
	copy->job_namespace = put(&at, target->job_namespace);
	for (size_t i = 0; i < count; i++)
		headers[i] = put(&at, target->headers[i]);
	headers[count] = NULL;
	return copy;
}

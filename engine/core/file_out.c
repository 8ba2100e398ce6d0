/* file_out.c - writing a file that appears complete or not at all, and standard output, which does not.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/file_out.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/core/buffer.h"
#include "engine/core/folder.h"

enum {
	BUFFER_BYTES = 64 << 10,
	NAME_TRIES = 100,
	NAME_SHOWN = 200,    /* bytes of the name in that of the temporary file, whose own name has a ceiling (NAME_MAX) */
	WAIT_MS = 200,       /* how long a reader is waited for until cancel is looked at again */
};

#define STANDARD_OUTPUT "standard output"

struct file_out {
	char path[FOLDER_PATH_MAX], temporary[FOLDER_PATH_MAX], folder[FOLDER_PATH_MAX]; /* a stream: only path, for messages */
	int fd;
	bool stream;
	bool waits;            /* a stream that is no file: its reader may let it wait */
	bool begun;
	struct cancel *cancel; /* a stream's; may be NULL */
	size_t used;
	char buffer[BUFFER_BYTES];
};

static struct file_out *file_out_new(struct error *error)
{
	struct file_out *out = malloc(sizeof *out);

	if (!out) {
		error_memory(error, "a file");
		return NULL;
	}
	*out->path = *out->temporary = *out->folder = '\0';
	out->fd = -1;
	out->stream = out->waits = out->begun = false;
	out->cancel = NULL;
	out->used = 0;
	return out;
}

/* A new file beside the one that it will become. */
static int open_temporary(struct file_out *out, unsigned permissions, struct error *error)
{
	const char *name = folder_last(out->path);

	for (int tries = 0; tries < NAME_TRIES; tries++) {
		uint64_t lot;

		if (getrandom(&lot, sizeof lot, 0) != (ssize_t)sizeof lot)
			return error_errno(error, ERROR_RESOURCE, out->folder, errno, "no random bytes for a file name");
		if (snprintf(out->temporary, sizeof out->temporary, "%s/.%.*s.%06x.tmp", out->folder, NAME_SHOWN, name,
			    (unsigned)(lot & 0xffffff)) >= (int)sizeof out->temporary)
			break;
		out->fd = open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)permissions);
		if (out->fd >= 0)
			return 0;
		if (errno != EEXIST) {
			int number = errno;

			*out->temporary = '\0';
			return error_errno(error, ERROR_SINK, out->path, number, "the file cannot be made");
		}
	}
	*out->temporary = '\0';
	return error_set(error, ERROR_SINK, out->path, "no name is left for a file beside it, or the path is too long");
}

struct file_out *file_out_open(const char *path, unsigned permissions, struct error *error)
{
	struct file_out *out = file_out_new(error);

	if (!out)
		return NULL;
	if (folder_of(path, out->folder, error) == 0 && folder_free_for(path, error) == 0) {
		if (snprintf(out->path, sizeof out->path, "%s", path) >= (int)sizeof out->path)
			error_set(error, ERROR_CONFIG, path, "the path is longer than %d bytes", FOLDER_PATH_MAX - 1);
		else if (open_temporary(out, permissions, error) == 0)
			return out;
	}
	file_out_close(out);
	return NULL;
}

void file_out_keep_permissions(struct file_out *out)
{
	folder_keep_permissions(out->fd, out->path);
}

struct file_out *file_out_standard(struct cancel *cancel, struct error *error)
{
	struct file_out *out = file_out_new(error);
	struct stat found;

	if (!out)
		return NULL;
	strcpy(out->path, STANDARD_OUTPUT);
	out->stream = true;
	out->fd = STDOUT_FILENO;
	out->cancel = cancel;
	out->waits = fstat(out->fd, &found) < 0 || !S_ISREG(found.st_mode);
	return out;
}

/* Until a reader takes PIPE_BUF bytes (POSIX: what a pipe that can be written to takes at once). */
static int wait_for_reader(struct file_out *out, struct error *error)
{
	struct pollfd ready = { .fd = out->fd, .events = POLLOUT };

	for (;;) {
		if (cancel_requested(out->cancel))
			return error_set(error, ERROR_CANCELLED, out->path, "cancelled while its reader was waited for");
		int count = poll(&ready, 1, WAIT_MS);
		if (count > 0)
			return 0;
		if (count < 0 && errno != EINTR)
			return error_errno(error, ERROR_SINK, out->path, errno, "cannot be written");
	}
}

static int drain(struct file_out *out, const char *data, size_t length, struct error *error)
{
	while (length > 0) {
		if (out->waits && wait_for_reader(out, error) < 0)
			return -1;
		ssize_t done = write(out->fd, data, out->waits && length > PIPE_BUF ? PIPE_BUF : length);
		if (done < 0 && (errno == EINTR || (out->waits && errno == EAGAIN)))
			continue;
		if (done <= 0)
			return error_errno(error, ERROR_SINK, out->path, done < 0 ? errno : EIO, "cannot be written");
		out->begun = true;
		data += done;
		length -= (size_t)done;
	}
	return 0;
}

int file_out_write(void *self, const char *data, size_t length, struct error *error)
{
	struct file_out *out = self;

	if (length > sizeof out->buffer - out->used) {
		size_t used = out->used;

		out->used = 0;
		if (drain(out, out->buffer, used, error) < 0)
			return -1;
	}
	if (length > sizeof out->buffer)
		return drain(out, data, length, error);
	memcpy(out->buffer + out->used, data, length);
	out->used += length;
	return 0;
}

int file_out_publish(struct file_out *out, struct error *error)
{
	size_t used = out->used;

	out->used = 0;
	if (drain(out, out->buffer, used, error) < 0)
		return -1;
	if (out->stream)
		return 0;
	if (fsync(out->fd) < 0)
		return error_errno(error, ERROR_SINK, out->path, errno, "cannot be flushed to the disk");
	int failed = close(out->fd);
	out->fd = -1;
	if (failed < 0)
		return error_errno(error, ERROR_SINK, out->path, errno, "cannot be closed");
	if (rename(out->temporary, out->path) < 0)
		return error_errno(error, ERROR_SINK, out->path, errno, "cannot be put into its place");
	*out->temporary = '\0';
	return folder_sync(out->folder, error);
}

bool file_out_begun(const struct file_out *out)
{
	return out->stream && out->begun;
}

void file_out_close(struct file_out *out)
{
	if (!out)
		return;
	if (out->fd >= 0 && !out->stream)
		close(out->fd);
	if (*out->temporary)
		unlink(out->temporary);
	free(out);
}

int file_out_whole(const char *folder, const char *name, const char *data, size_t length, struct error *error)
{
	char path[FOLDER_PATH_MAX];
	struct file_out *out;
	int result = -1;

	if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
		return error_set(error, ERROR_CONFIG, folder, "the path is longer than %d bytes", FOLDER_PATH_MAX - 1);
	out = file_out_open(path, 0666, error);
	if (out && file_out_write(out, data, length, error) == 0)
		result = file_out_publish(out, error);
	file_out_close(out);
	return result;
}

/* ---- claims ---- */

static const struct shared_ops claim_ops = { .close = free };

/* What the file is called in `shared`: by its one absolute name. */
static int put_key(const char *path, struct buffer *key, struct error *error)
{
	char folder[FOLDER_PATH_MAX], resolved[FOLDER_PATH_MAX];

	if (!path)
		return buffer_puts(key, STANDARD_OUTPUT, error);
	if (folder_of(path, folder, error) < 0 || folder_resolve(folder, resolved, error) < 0)
		return -1;
	return buffer_printf(key, error, "file %s/%s", resolved, folder_last(path));
}

static struct file_claim *claim_new(const char *step, struct error *error)
{
	size_t size = strlen(step) + 1;
	struct file_claim *claim = malloc(sizeof *claim + size);

	if (!claim) {
		error_memory(error, "a file");
		return NULL;
	}
	claim->begun = false;
	memcpy(claim->step, step, size);
	return claim;
}

int file_claim(struct shared *shared, const char *path, const char *step, struct file_claim **out, struct error *error)
{
	struct file_claim *claim;
	struct buffer key;
	int result = -1;

	*out = NULL;
	if (!shared)
		return 0;
	buffer_init(&key, 2 * FOLDER_PATH_MAX);
	if (put_key(path, &key, error) == 0) {
		claim = shared_find(shared, key.data);
		if (claim && strcmp(claim->step, step) != 0) {
			error_set(error, ERROR_CONFIG, path ? path : STANDARD_OUTPUT, "step %s of this run writes %s; give each step its own path",
				claim->step, path ? "the same file" : "there, too");
		} else if (claim || ((claim = claim_new(step, error)) && shared_add(shared, key.data, claim, &claim_ops, error) == 0)) {
			*out = claim;
			result = 0;
		}
	}
	buffer_fini(&key);
	return result;
}

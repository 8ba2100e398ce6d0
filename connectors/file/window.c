/* window.c - reading a file or a stream block by block, hashing what is behind.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/file/window.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	WINDOW_FIRST = 2 * WINDOW_BLOCK,
	STREAM_WAIT_MS = 100, /* how soon a stream that gives nothing notices that it was cancelled */
};

static int64_t mtime_ns(const struct stat *facts)
{
	return (int64_t)facts->st_mtim.tv_sec * 1000000000 + facts->st_mtim.tv_nsec;
}

static int cancelled(struct error *error)
{
	return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
}

/* Never read twice, even where it is a file today. */
static bool is_standard_input(const char *path)
{
	return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdin") == 0;
}

static struct window window_of(const char *path, uint64_t ahead, struct cancel *cancel)
{
	/* A quarter more than must be seen at once, so that a caller who needs all of it for every small step does not make
	 * window_more move all of it for every small block. */
	uint64_t spare = ahead / 4 > WINDOW_BLOCK ? ahead / 4 : WINDOW_BLOCK;
	return (struct window){ .path = path, .cancel = cancel, .fd = -1, .most = (size_t)(ahead + spare) };
}

/* The rest, once fd is there. */
static int open_rest(struct window *window, bool stream, struct error *error)
{
	struct stat facts;
	if (fstat(window->fd, &facts) < 0)
		return error_errno(error, ERROR_SOURCE, window->path, errno, "cannot look at the file");
	if (S_ISDIR(facts.st_mode))
		return error_set(error, ERROR_SOURCE, window->path, "is a folder, not a file");
	window->regular = S_ISREG(facts.st_mode) && !stream;
	if (window->regular) {
		window->size = (uint64_t)facts.st_size;
		window->mtime_ns = mtime_ns(&facts);
		/* Only advice: a file system that does not take it reads as well. */
		(void)posix_fadvise(window->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	}
	window->room = window->most < WINDOW_FIRST ? window->most : WINDOW_FIRST;
	window->data = malloc(window->room);
	if (!window->data)
		return error_memory(error, "a read buffer");
	window->digest = digest_new(error);
	return window->digest ? 0 : -1;
}

int window_open(struct window *window, const char *path, uint64_t ahead, struct cancel *cancel, struct error *error)
{
	*window = window_of(path, ahead, cancel);
	/* O_NONBLOCK: a FIFO without a writer must not keep open() from being cancelled. */
	window->fd = is_standard_input(path) ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
					     : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (window->fd < 0)
		return error_errno(error, ERROR_SOURCE, path, errno, "cannot open the file");
	return open_rest(window, is_standard_input(path), error);
}

int window_open_fd(struct window *window, const char *name, int fd, uint64_t ahead, struct cancel *cancel, struct error *error)
{
	*window = window_of(name, ahead, cancel);
	window->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (window->fd < 0 || lseek(window->fd, 0, SEEK_SET) < 0)
		return error_errno(error, ERROR_SOURCE, name, errno, "cannot read the file");
	return open_rest(window, false, error);
}

void window_close(struct window *window)
{
	if (window->fd >= 0)
		close(window->fd);
	window->fd = -1;
	free(window->data);
	window->data = NULL;
	digest_free(window->digest);
	window->digest = NULL;
	digest_free(window->kept);
	window->kept = NULL;
	while (window->layer_count > 0) {
		struct layer *layer = window->layers[--window->layer_count];
		free(layer->in.data);
		layer->free(layer);
	}
}

static void hash_behind(struct window *window)
{
	if (window->hashed < window->position) {
		digest_add(window->digest, window_at(window, window->hashed), (size_t)(window->position - window->hashed));
		window->hashed = window->position;
	}
}

void window_hash(struct window *window, char out[SHA256_HEX_SIZE])
{
	hash_behind(window);
	bool whole = window->layer_count > 0 && window->eof && window->position == window->end;
	digest_hex(whole ? window->kept : window->digest, out);
}

static int resize(struct window *window, size_t room, struct error *error)
{
	char *data = realloc(window->data, room);
	if (!data)
		return error_memory(error, "a read buffer");
	window->data = data;
	window->room = room;
	return 0;
}

/* Room for a block behind end: first by moving what is still wanted to the front, then by growing. */
static int make_room(struct window *window, struct error *error)
{
	if (window->room - (size_t)(window->end - window->base) >= WINDOW_BLOCK)
		return 0;
	hash_behind(window);
	size_t kept = (size_t)(window->end - window->position);
	if (kept > 0 && window->position > window->base)
		memmove(window->data, window_at(window, window->position), kept);
	window->base = window->position;
	/* One huge record must not keep its memory for the rest of the file. */
	if (window->room > WINDOW_FIRST && kept < WINDOW_BLOCK / 4)
		return resize(window, WINDOW_FIRST < window->most ? WINDOW_FIRST : window->most, error);
	if (window->room - kept >= WINDOW_BLOCK || window->room == window->most)
		return 0;
	return resize(window, window->room < window->most / 2 ? 2 * window->room : window->most, error);
}

/* Bytes read, 0 at the end, -1 and error. A stream is waited for in short spells that look at cancel. */
static ssize_t read_some(struct window *window, char *to, size_t size, struct error *error)
{
	for (;;) {
		if (cancel_requested(window->cancel))
			return cancelled(error);
		if (!window->regular) {
			struct pollfd wait = { .fd = window->fd, .events = POLLIN };
			int ready = poll(&wait, 1, STREAM_WAIT_MS);
			if (ready == 0 || (ready < 0 && errno == EINTR))
				continue;
		}
		ssize_t got = read(window->fd, to, size);
		if (got >= 0)
			return got;
		if (errno != EINTR && errno != EAGAIN)
			return error_errno(error, ERROR_SOURCE, window->path, errno, "cannot read at byte %" PRIu64,
				window->layer_count > 0 ? window->kept_end : window->end);
	}
}

/* --- layers --- */

static ssize_t feed_from_file(void *from, char *to, size_t size, struct error *error)
{
	struct window *window = from;
	ssize_t got = read_some(window, to, size, error);
	if (got > 0) {
		digest_add(window->kept, to, (size_t)got);
		window->kept_end += (uint64_t)got;
	}
	return got;
}

static ssize_t feed_from_layer(void *from, char *to, size_t size, struct error *error)
{
	struct layer *layer = from;
	return layer->read(layer, to, size, error);
}

int window_put(struct window *window, struct layer *layer, struct error *error)
{
	assert(window->base == 0 && window->position == 0 && window->layer_count < WINDOW_LAYERS);
	unsigned count = window->layer_count;
	window->layers[window->layer_count++] = layer;
	layer->in = (struct feed){ .data = window->data, .end = (size_t)window->end, .room = window->room, .eof = window->eof };
	layer->in.read = count == 0 ? feed_from_file : feed_from_layer;
	layer->in.from = count == 0 ? (void *)window : (void *)window->layers[count - 1];
	window->data = malloc(window->room);
	if (!window->data)
		return error_memory(error, "a read buffer");
	if (count == 0) {
		window->kept = digest_new(error);
		if (!window->kept)
			return -1;
		digest_add(window->kept, layer->in.data, layer->in.end);
		window->kept_end = window->end;
	}
	window->end = 0;
	window->eof = false;
	return 0;
}

int window_more(struct window *window, struct error *error)
{
	assert(!window->eof);
	if (make_room(window, error) < 0)
		return -1;
	size_t used = (size_t)(window->end - window->base);
	assert(used < window->room);
	/* What a layer makes of a little may be much. */
	if (window->layer_count > 0 && cancel_requested(window->cancel))
		return cancelled(error);
	ssize_t got = window->layer_count > 0 ? feed_from_layer(window->layers[window->layer_count - 1], window->data + used, window->room - used, error)
					      : read_some(window, window->data + used, window->room - used, error);
	if (got < 0)
		return -1;
	window->end += (uint64_t)got;
	window->eof = got == 0;
	return 0;
}

static int changed(const struct window *window, const char *how, struct error *error)
{
	return error_set(error, ERROR_CONFIG, window->path,
		"changed while it was read (%s); run it again when nobody writes to the file", how);
}

static int check_facts(const struct window *window, struct error *error)
{
	struct stat facts;
	if (fstat(window->fd, &facts) < 0)
		return error_errno(error, ERROR_SOURCE, window->path, errno, "cannot look at the file");
	if ((uint64_t)facts.st_size != window->size)
		return changed(window, "it has another size now", error);
	if (mtime_ns(&facts) != window->mtime_ns)
		return changed(window, "it was written to", error);
	return 0;
}

int window_check_unchanged(const struct window *window, struct error *error)
{
	if (!window->regular)
		return 0;
	if (check_facts(window, error) < 0)
		return -1;
	if ((window->layer_count > 0 ? window->kept_end : window->end) != window->size)
		return changed(window, "it did not give as many bytes as its size says", error);
	return 0;
}

int window_hash_all(struct window *window, char out[SHA256_HEX_SIZE], struct error *error)
{
	int result = -1;
	char *block = malloc(WINDOW_BLOCK);
	struct digest *digest = digest_new(error);
	uint64_t at = 0;
	if (!block) {
		error_memory(error, "a read buffer");
		goto out;
	}
	if (!digest)
		goto out;
	for (;;) {
		if (cancel_requested(window->cancel)) {
			cancelled(error);
			goto out;
		}
		ssize_t got = pread(window->fd, block, WINDOW_BLOCK, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			error_errno(error, ERROR_SOURCE, window->path, errno, "cannot read at byte %" PRIu64, at);
			goto out;
		}
		if (got == 0)
			break;
		digest_add(digest, block, (size_t)got);
		at += (uint64_t)got;
	}
	if (check_facts(window, error) < 0)
		goto out;
	if (at != window->size) {
		changed(window, "it did not give as many bytes as its size says", error);
		goto out;
	}
	digest_hex(digest, out);
	result = 0;
out:
	digest_free(digest);
	free(block);
	return result;
}

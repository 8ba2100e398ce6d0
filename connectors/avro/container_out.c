/* container_out.c - writing a container file: blocks are compressed by several threads and written in their order.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   slots in a ring:   FREE -> (caller fills) -> READY -> (a thread packs) PACKED -> (a thread writes, in order) -> FREE
 *
 * The number of slots and the bytes in them bound memory; a caller who is faster than the threads waits for the next one.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connectors/avro/codec.h"
#include "engine/core/digest.h"
#include "engine/core/folder.h"

enum {
	THREADS_MAX = 4,
	SLOTS_MAX = 2 * THREADS_MAX + 2,
	PATH_BYTES = 4096,
	NAME_TRIES = 100,
	HEAD_BYTES = 20,
	PACKED_MAX = 2 * CONTAINER_BLOCK_MAX,
	WAITING_MAX = 8 << 20, /* bytes of blocks that are not yet in the file, beyond which no new one is given out */
	KEEP_BYTES = 1 << 20,  /* a larger buffer is given back once its block is written */
};

enum slot_state { SLOT_FREE = 0, SLOT_READY, SLOT_PACKING, SLOT_PACKED };

struct slot {
	struct buffer plain; /* first: what the caller holds */
	struct buffer packed;
	uint64_t records;
	enum slot_state state;
};

struct container_out {
	char path[PATH_BYTES], temporary[PATH_BYTES], folder[PATH_BYTES];
	int fd;
	enum codec codec;
	struct cancel *cancel;
	char sync[CONTAINER_SYNC_BYTES];
	struct digest *digest;
	uint64_t size;

	pthread_mutex_t mutex; /* guards all that follows, but not the buffers of a slot that somebody works on */
	pthread_cond_t changed;
	struct slot slots[SLOTS_MAX];
	unsigned slot_count;
	uint64_t given, packing, written; /* blocks: given out to the caller or filled; taken by a thread; in the file */
	uint64_t waiting;                 /* bytes of blocks that were added and are not yet in the file, before compression */
	bool writing;                     /* a thread is at the file */
	bool stop;
	struct error error;               /* the first one of any thread */

	struct packer *packers[THREADS_MAX];
	pthread_t threads[THREADS_MAX];
	unsigned thread_count;
};

struct worker {
	struct container_out *out;
	struct packer *packer;
};

/* ---- the file ---- */

static int write_all(struct container_out *out, const char *data, size_t length, struct error *error)
{
	digest_add(out->digest, data, length);
	while (length > 0) {
		ssize_t done = write(out->fd, data, length);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return error_errno(error, ERROR_SINK, out->path, done < 0 ? errno : EIO, "cannot be written");
		data += done;
		length -= (size_t)done;
		out->size += (uint64_t)done;
	}
	return 0;
}

static size_t put_long(char *to, int64_t value)
{
	uint64_t bits = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
	size_t at = 0;
	for (; bits > 0x7f; bits >>= 7)
		to[at++] = (char)(0x80 | (bits & 0x7f));
	to[at++] = (char)bits;
	return at;
}

static int put_bytes(struct buffer *head, const char *data, size_t length, struct error *error)
{
	char number[HEAD_BYTES];
	if (buffer_append(head, number, put_long(number, (int64_t)length), error) < 0)
		return -1;
	return buffer_append(head, data, length, error);
}

static int write_header(struct container_out *out, const struct container_out_options *options, struct error *error)
{
	struct buffer head;
	char number[HEAD_BYTES];
	buffer_init(&head, CONTAINER_HEADER_MAX);
	int result = buffer_append(&head, "Obj\1", 4, error);
	if (result == 0)
		result = buffer_append(&head, number, put_long(number, (int64_t)options->entry_count + 1), error);
	for (size_t i = 0; i < options->entry_count && result == 0; i++) {
		const struct container_entry *entry = &options->entries[i];
		result = put_bytes(&head, entry->key, strlen(entry->key), error);
		if (result == 0)
			result = put_bytes(&head, entry->value, entry->length, error);
	}
	const char *codec = codec_name(out->codec);
	if (result == 0 && (put_bytes(&head, "avro.codec", strlen("avro.codec"), error) < 0 ||
				put_bytes(&head, codec, strlen(codec), error) < 0 || buffer_append(&head, "\0", 1, error) < 0 ||
				buffer_append(&head, out->sync, sizeof out->sync, error) < 0 ||
				write_all(out, head.data, head.length, error) < 0))
		result = -1;
	buffer_fini(&head);
	return result;
}

static int split_path(struct container_out *out, const char *path, const char **name, struct error *error)
{
	const char *slash = strrchr(path, '/');
	*name = slash ? slash + 1 : path;
	if (!**name)
		return error_set(error, ERROR_CONFIG, path, "names no file");
	if (snprintf(out->path, sizeof out->path, "%s", path) >= (int)sizeof out->path)
		return error_set(error, ERROR_CONFIG, path, "is too long for a path");
	snprintf(out->folder, sizeof out->folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	if (slash == path)
		snprintf(out->folder, sizeof out->folder, "/");
	return 0;
}

/* A name in the same folder that nobody has, since a rename does not leave a file system. */
static int make_file(struct container_out *out, const char *path, struct error *error)
{
	const char *name;
	if (split_path(out, path, &name, error) < 0)
		return -1;
	for (int i = 0; i < NAME_TRIES; i++) {
		unsigned chance;
		if (getrandom(&chance, sizeof chance, 0) != sizeof chance)
			return error_errno(error, ERROR_RESOURCE, out->path, errno, "no random numbers");
		if (snprintf(out->temporary, sizeof out->temporary, "%s/.%s.%08x.tmp", out->folder, name, chance) >= (int)sizeof out->temporary)
			return error_set(error, ERROR_CONFIG, path, "is too long for a path");
		out->fd = open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (out->fd >= 0) {
			folder_keep_permissions(out->fd, out->path);
			return 0;
		}
		if (errno != EEXIST)
			break;
	}
	out->temporary[0] = '\0';
	return error_errno(error, ERROR_SINK, out->path, errno, "cannot be made");
}

/* ---- the threads ---- */

static void fail(struct container_out *out, const struct error *error)
{
	if (!error_is_set(&out->error))
		out->error = *error;
	out->stop = true;
	pthread_cond_broadcast(&out->changed);
}

static int write_block(struct container_out *out, const struct slot *slot, struct error *error)
{
	const struct buffer *data = out->codec == CODEC_NULL ? &slot->plain : &slot->packed;
	char head[HEAD_BYTES];
	size_t length = put_long(head, (int64_t)slot->records);
	length += put_long(head + length, (int64_t)data->length);
	if (write_all(out, head, length, error) < 0 || write_all(out, buffer_text(data), data->length, error) < 0)
		return -1;
	return write_all(out, out->sync, sizeof out->sync, error);
}

/* One huge record must not keep its memory for the rest of the file. */
static void trim(struct buffer *buffer)
{
	if (buffer->size > KEEP_BYTES)
		buffer_fini(buffer);
}

/* Writes what is packed and next, as long as there is such a block and nobody else is at it. Called and left with the mutex held. */
static void write_next(struct container_out *out)
{
	while (!out->writing && !out->stop && out->slots[out->written % out->slot_count].state == SLOT_PACKED) {
		struct slot *slot = &out->slots[out->written % out->slot_count];
		struct error error = ERROR_INIT;
		size_t length = slot->plain.length;
		out->writing = true;
		pthread_mutex_unlock(&out->mutex);
		int result = write_block(out, slot, &error);
		trim(&slot->plain);
		trim(&slot->packed);
		pthread_mutex_lock(&out->mutex);
		out->writing = false;
		out->waiting -= length;
		if (result < 0) {
			fail(out, &error);
			return;
		}
		slot->state = SLOT_FREE;
		out->written++;
		pthread_cond_broadcast(&out->changed);
	}
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct container_out *out = worker->out;
	pthread_mutex_lock(&out->mutex);
	while (!out->stop) {
		struct slot *slot = &out->slots[out->packing % out->slot_count];
		struct error error = ERROR_INIT;
		if (slot->state != SLOT_READY) {
			pthread_cond_wait(&out->changed, &out->mutex);
			continue;
		}
		slot->state = SLOT_PACKING;
		out->packing++;
		pthread_mutex_unlock(&out->mutex);
		int result = out->codec == CODEC_NULL
			? 0
			: packer_pack(worker->packer, buffer_text(&slot->plain), slot->plain.length, &slot->packed, &error);
		pthread_mutex_lock(&out->mutex);
		if (result < 0) {
			fail(out, &error);
			break;
		}
		slot->state = SLOT_PACKED;
		write_next(out);
	}
	pthread_mutex_unlock(&out->mutex);
	free(worker);
	return NULL;
}

static int start_threads(struct container_out *out, unsigned wanted, int level, struct error *error)
{
	for (unsigned i = 0; i < wanted; i++) {
		struct worker *worker = malloc(sizeof *worker);
		out->packers[i] = worker ? packer_new(out->codec, level, error) : NULL;
		if (!out->packers[i]) {
			free(worker);
			return error_memory(error, "a thread that compresses");
		}
		*worker = (struct worker){ .out = out, .packer = out->packers[i] };
		int failed = pthread_create(&out->threads[i], NULL, work, worker);
		if (failed) {
			free(worker);
			if (i > 0)
				return 0; /* fewer threads are slower, not wrong */
			return error_errno(error, ERROR_RESOURCE, NULL, failed, "cannot start a thread");
		}
		out->thread_count++;
	}
	return 0;
}

static unsigned threads_for(const struct container_out_options *options)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned wanted = options->threads ? options->threads : cores > 0 ? (unsigned)cores : 1;
	if (options->codec == CODEC_NULL)
		return 1;
	return wanted < THREADS_MAX ? wanted : THREADS_MAX;
}

/* ---- for the caller ---- */

struct container_out *container_out_open(const struct container_out_options *options, struct error *error)
{
	struct container_out *out = calloc(1, sizeof *out);
	unsigned threads = threads_for(options);
	if (!out) {
		error_memory(error, "an Avro file");
		return NULL;
	}
	out->fd = -1;
	out->codec = options->codec;
	out->cancel = options->cancel;
	out->slot_count = 2 * threads + 2;
	pthread_mutex_init(&out->mutex, NULL);
	pthread_cond_init(&out->changed, NULL);
	for (unsigned i = 0; i < out->slot_count; i++) {
		buffer_init(&out->slots[i].plain, CONTAINER_BLOCK_MAX);
		buffer_init(&out->slots[i].packed, PACKED_MAX);
	}
	out->digest = digest_new(error);
	if (out->digest && getrandom(out->sync, sizeof out->sync, 0) != sizeof out->sync)
		error_errno(error, ERROR_RESOURCE, options->path, errno, "no random numbers");
	if (error_is_set(error) || make_file(out, options->path, error) < 0 || write_header(out, options, error) < 0 ||
		start_threads(out, threads, options->level, error) < 0) {
		container_out_close(out);
		return NULL;
	}
	return out;
}

/* The first error of a thread, or that of a signal, as the caller's own. The mutex is held. */
static int failure(struct container_out *out, struct error *error)
{
	if (!out->stop && cancel_requested(out->cancel)) {
		struct error cancelled = ERROR_INIT;
		error_set(&cancelled, ERROR_CANCELLED, out->path, "cancelled");
		fail(out, &cancelled);
	}
	if (!out->stop)
		return 0;
	if (!error_is_set(error))
		*error = out->error;
	return -1;
}

struct buffer *container_out_block(struct container_out *out, struct error *error)
{
	struct buffer *block = NULL;
	pthread_mutex_lock(&out->mutex);
	struct slot *slot = &out->slots[out->given % out->slot_count];
	while (failure(out, error) == 0 && (slot->state != SLOT_FREE || out->waiting > WAITING_MAX))
		pthread_cond_wait(&out->changed, &out->mutex);
	if (!out->stop) {
		out->given++;
		block = &slot->plain;
	}
	pthread_mutex_unlock(&out->mutex);
	if (block)
		buffer_clear(block);
	return block;
}

int container_out_add(struct container_out *out, struct buffer *block, uint64_t records, struct error *error)
{
	struct slot *slot = (struct slot *)(void *)block;
	pthread_mutex_lock(&out->mutex);
	int result = failure(out, error);
	if (result == 0) {
		slot->records = records;
		slot->state = SLOT_READY;
		out->waiting += block->length;
		pthread_cond_broadcast(&out->changed);
	}
	pthread_mutex_unlock(&out->mutex);
	return result;
}

static void stop_threads(struct container_out *out)
{
	pthread_mutex_lock(&out->mutex);
	out->stop = true;
	pthread_cond_broadcast(&out->changed);
	pthread_mutex_unlock(&out->mutex);
	for (unsigned i = 0; i < out->thread_count; i++)
		pthread_join(out->threads[i], NULL);
	out->thread_count = 0;
}

/* Until every block that was added is in the file. One that was given out and not added (the last, without a record) does not count. */
static int drain(struct container_out *out, struct error *error)
{
	pthread_mutex_lock(&out->mutex);
	int result;
	for (;;) {
		bool busy = false;
		result = failure(out, error);
		for (unsigned i = 0; i < out->slot_count; i++)
			busy = busy || out->slots[i].state != SLOT_FREE;
		if (result < 0 || !busy)
			break;
		pthread_cond_wait(&out->changed, &out->mutex);
	}
	pthread_mutex_unlock(&out->mutex);
	return result;
}

static int put_in_place(struct container_out *out, struct error *error)
{
	if (fsync(out->fd) < 0)
		return error_errno(error, ERROR_SINK, out->path, errno, "cannot be synchronised to disk");
	int failed = close(out->fd);
	out->fd = -1;
	if (failed < 0)
		return error_errno(error, ERROR_SINK, out->path, errno, "cannot be closed");
	if (rename(out->temporary, out->path) < 0)
		return error_errno(error, ERROR_SINK, out->path, errno, "cannot be put into its place");
	out->temporary[0] = '\0';
	return folder_sync(out->folder, error);
}

int container_out_publish(struct container_out *out, uint64_t *size, char hash[SHA256_HEX_SIZE], struct error *error)
{
	if (drain(out, error) < 0)
		return -1;
	stop_threads(out);
	*size = out->size;
	digest_hex(out->digest, hash);
	return put_in_place(out, error);
}

void container_out_close(struct container_out *out)
{
	if (!out)
		return;
	stop_threads(out);
	if (out->fd >= 0)
		close(out->fd);
	if (out->temporary[0])
		unlink(out->temporary);
	for (unsigned i = 0; i < THREADS_MAX; i++)
		packer_free(out->packers[i]);
	for (unsigned i = 0; i < out->slot_count; i++) {
		buffer_fini(&out->slots[i].plain);
		buffer_fini(&out->slots[i].packed);
	}
	digest_free(out->digest);
	pthread_cond_destroy(&out->changed);
	pthread_mutex_destroy(&out->mutex);
	free(out);
}

/* body.c - reads bodies, into memory or, of uploads, into a file without a name.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/core/clock.h"
#include "engine/core/json_depth.h"
#include "engine/core/json_text.h"
#include "engine/http/exchange.h"

/* One piece of the body into at: as long as CHUNK or what is left of it. */
static int read_piece(struct exchange *x, char *at, size_t size, int64_t deadline_ms)
{
	int64_t soon = clock_elapsed_ms() + x->service->limits.header_ms;
	int got;

	deadline_enter(x, PHASE_READ, soon < deadline_ms ? soon : deadline_ms);
	got = exchange_read(x, at, size);
	deadline_enter(x, PHASE_WORK, 0);
	x->taken += got > 0 ? (uint64_t)got : 0;
	if (got == (int)size)
		return 0;
	x->last = true;
	/* civetweb's own patience is the same, by another clock. */
	if (deadline_cut(x) || clock_elapsed_ms() >= soon - x->service->limits.header_ms / 10)
		return REFUSE(x, 408, "the body came too slowly");
	return REFUSE(x, 400, "the body ended before its Content-Length");
}

static size_t piece_size(const struct exchange *x)
{
	return x->length - x->taken < CHUNK ? (size_t)(x->length - x->taken) : CHUNK;
}

/* A body that is refused takes nobody's room: its own goes back before the answer, which a slow client may take its time to read. */
static int give_back(struct exchange *x, const char *why)
{
	atomic_fetch_sub(&x->server->bodies, x->reserved);
	x->reserved = 0;
	buffer_fini(&x->body);
	return exchange_busy(x, why);
}

/* Memory is taken as bytes arrive, not as they are announced. */
static int read_memory(struct exchange *x)
{
	int64_t deadline = clock_elapsed_ms() + x->service->limits.body_ms;

	buffer_init(&x->body, (size_t)x->length);
	while (x->taken < x->length) {
		size_t size = piece_size(x);
		unsigned long long all = atomic_fetch_add(&x->server->bodies, size) + size;

		x->reserved += size;
		if (all > x->service->limits.bodies)
			return give_back(x, "all bodies in flight are more than limits.bodies; try again");
		if (buffer_reserve(&x->body, size, &x->error) < 0)
			return give_back(x, "out of memory for the body; try again");
		if (read_piece(x, x->body.data + x->body.length, size, deadline) < 0)
			return -1;
		x->body.length += size;
		x->body.data[x->body.length] = '\0';
	}
	x->request.body = buffer_text(&x->body);
	x->request.body_length = x->body.length;
	if (!depth_fits(x->request.body, x->request.body_length))
		return REFUSE(x, 400, "the JSON nests more than %d deep", JSON_DEPTH_MAX);
	return 0;
}

static int open_spool(struct error *error)
{
	const char *folder = getenv("TMPDIR");
	int fd;

	folder = folder && folder[0] ? folder : "/tmp";
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd >= 0 ? fd : error_errno(error, ERROR_RESOURCE, folder, errno, "cannot make a file for an upload (TMPDIR)");
}

static int read_upload(struct exchange *x)
{
	int64_t deadline = clock_elapsed_ms() + x->service->limits.upload_ms;

	x->request.upload = open_spool(&x->error);
	if (x->request.upload < 0)
		return -1;
	buffer_init(&x->body, CHUNK);
	if (buffer_reserve(&x->body, CHUNK, &x->error) < 0)
		return exchange_busy(x, "out of memory; try again");
	while (x->taken < x->length) {
		size_t size = piece_size(x);

		if (read_piece(x, x->body.data, size, deadline) < 0)
			return -1;
		for (size_t done = 0; done < size;) {
			ssize_t wrote = write(x->request.upload, x->body.data + done, size - done);

			if (wrote < 0 && errno == EINTR)
				continue;
			if (wrote <= 0) {
				error_errno(&x->error, ERROR_RESOURCE, NULL, wrote < 0 ? errno : ENOSPC, "cannot keep an upload");
				return REFUSE(x, 507, "there is no room for this upload");
			}
			done += (size_t)wrote;
		}
	}
	x->request.body_length = (size_t)x->length;
	return lseek(x->request.upload, 0, SEEK_SET) == 0 ? 0 : error_errno(&x->error, ERROR_RESOURCE, NULL, errno, "cannot read an upload");
}

int body_read(struct exchange *x)
{
	if (x->length == 0)
		return 0;
	if (exchange_go_on(x) < 0) {
		x->last = true;
		return REFUSE(x, 400, "the client went away");
	}
	return x->uploads ? read_upload(x) : read_memory(x);
}

/* lock_sqlite.c - locks beside an SQLite database: open file description locks on bytes of `<database>-penstock.lock`.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The kernel drops such a lock with the last descriptor of its opening, so a holder that dies lets go; a second opening in the same
 * process is kept out as any other (fcntl(2), F_OFD_SETLK). The file is never deleted: two processes must never lock two files.
 *
 *   byte 0 .. SLOTS * SLOT_SIZE        who holds what: one line a slot, found by the lock's hash. Only a hint for messages:
 *                                      a line may be stale (its holder died) and is then overwritten
 *   byte GUARD                         held for an instant while a lock is taken and its line is written or read
 *   byte 2^62 .. 2^63 - 1              the locks
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "connectors/odbc/connect.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/lock.h"
#include "connectors/odbc/session.h"
#include "connectors/odbc/state.h"
#include "engine/core/clock.h"

#define LOCK_FILE_END "-penstock.lock"

enum { SLOTS = 256, SLOT_SIZE = 512, SLOT_PROBES = 8, GUARD = SLOTS * SLOT_SIZE, GUARD_WAIT_MS = 1000 };

struct sqlite_locks {
	struct locks base;
	int file; /* -1: a database in memory, which nobody else can see */
	char path[PATH_MAX + 32];
	char place[ERROR_PLACE_MAX];
	char run_id[LOCK_RUN_SIZE];
	uint64_t held[LOCKS_MAX];
	size_t count;
};

static off_t lock_offset(uint64_t lock)
{
	return (off_t)((lock >> 2) | UINT64_C(1) << 62);
}

/* type: F_WRLCK or F_UNLCK. False with errno EAGAIN or EACCES: somebody else has it. */
static bool set_lock(const struct sqlite_locks *locks, off_t offset, short type)
{
	struct flock range = { .l_type = type, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1 };
	int code;

	do
		code = fcntl(locks->file, F_OFD_SETLK, &range);
	while (code && errno == EINTR);
	return code == 0;
}

/* Without it (a holder of the guard that was stopped) all goes on: the guard only keeps the lines fresh. */
static void take_guard(const struct sqlite_locks *locks)
{
	int64_t deadline = clock_elapsed_ms() + GUARD_WAIT_MS;
	const struct timespec pause = { .tv_nsec = 1000000 };

	while (!set_lock(locks, GUARD, F_WRLCK) && (errno == EAGAIN || errno == EACCES) && clock_elapsed_ms() < deadline)
		nanosleep(&pause, NULL);
}

static void release_guard(const struct sqlite_locks *locks)
{
	set_lock(locks, GUARD, F_UNLCK);
}

/* ---- the lines: "HASH RUN PID SINCE HOST", filled with blanks ---- */

static bool read_slot(const struct sqlite_locks *locks, size_t slot, uint64_t *lock, struct lock_holder *holder)
{
	char line[SLOT_SIZE];
	ssize_t got = pread(locks->file, line, sizeof line - 1, (off_t)(slot * SLOT_SIZE));

	memset(holder, 0, sizeof *holder);
	if (got <= 0)
		return false;
	line[got] = '\0';
	return sscanf(line, "%16" SCNx64 " %63s %" SCNd64 " %31s %255s", lock, holder->run_id, &holder->pid, holder->since,
		       holder->host) >= 4;
}

static bool is_ours(const struct sqlite_locks *locks, uint64_t lock)
{
	for (size_t i = 0; i < locks->count; i++)
		if (locks->held[i] == lock)
			return true;
	return false;
}

/* By somebody else: the kernel does not count the locks of the file's own opening. */
static bool is_held(const struct sqlite_locks *locks, uint64_t lock)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = lock_offset(lock), .l_len = 1 };
	return fcntl(locks->file, F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

/* Its own slot, else one that nobody needs, else (all of them are in use) the first. */
static size_t choose_slot(const struct sqlite_locks *locks, uint64_t lock)
{
	size_t first = (size_t)(lock % SLOTS), free = SLOTS;
	struct lock_holder holder;
	uint64_t other;

	for (size_t i = 0; i < SLOT_PROBES; i++) {
		size_t slot = (first + i) % SLOTS;
		bool used = read_slot(locks, slot, &other, &holder);

		if (used && other == lock)
			return slot;
		if (free == SLOTS && (!used || (!is_ours(locks, other) && !is_held(locks, other))))
			free = slot;
	}
	return free == SLOTS ? first : free;
}

static void write_line(const struct sqlite_locks *locks, uint64_t lock)
{
	char line[SLOT_SIZE + 1], since[STATE_TIME_SIZE], host[LOCK_HOST_SIZE];
	int length;

	state_time_text(clock_wall_us(), since);
	lock_this_host(host);
	length = snprintf(line, sizeof line, "%016" PRIx64 " %s %ld %s %s", lock, locks->run_id, (long)getpid(), since,
		host[0] ? host : "-");
	if (length < 0 || length >= SLOT_SIZE)
		return;
	memset(line + length, ' ', SLOT_SIZE - (size_t)length);
	line[SLOT_SIZE - 1] = '\n';
	/* A full disk costs the holder its name in a message, not its lock. */
	if (pwrite(locks->file, line, SLOT_SIZE, (off_t)(choose_slot(locks, lock) * SLOT_SIZE)) != SLOT_SIZE)
		return;
}

static void find_holder(const struct sqlite_locks *locks, uint64_t lock, struct lock_holder *out)
{
	uint64_t other;

	for (size_t i = 0; i < SLOT_PROBES; i++)
		if (read_slot(locks, (size_t)(lock + i) % SLOTS, &other, out) && other == lock)
			return;
	memset(out, 0, sizeof *out);
}

/* ---- the interface ---- */

static int locks_open(struct session *session, const char *run_id, struct locks **out, struct error *error)
{
	struct sqlite_locks *locks = calloc(1, sizeof *locks);

	if (!locks)
		return error_memory(error, "locks");
	locks->base.ops = &lock_sqlite;
	locks->file = -1;
	snprintf(locks->place, sizeof locks->place, "%s", session->place);
	snprintf(locks->run_id, sizeof locks->run_id, "%s", run_id && run_id[0] ? run_id : "-");
	/* SQLite gives no path for a database in memory and for a temporary one. */
	if (session->database[0] && strcmp(session->database, ":memory:") != 0) {
		snprintf(locks->path, sizeof locks->path, "%s" LOCK_FILE_END, session->database);
		locks->file = open(locks->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
		if (locks->file < 0) {
			error_errno(error, ERROR_SINK, locks->place, errno, "cannot open the lock file %s", locks->path);
			free(locks);
			return -1;
		}
	}
	*out = &locks->base;
	return 0;
}

static void locks_close(struct locks *base)
{
	struct sqlite_locks *locks = (struct sqlite_locks *)base;

	if (locks->file >= 0)
		close(locks->file);
	free(locks);
}

static int locks_take(struct locks *base, uint64_t lock, struct lock_holder *holder, struct error *error)
{
	struct sqlite_locks *locks = (struct sqlite_locks *)base;
	int result = 1;

	memset(holder, 0, sizeof *holder);
	if (locks->file < 0)
		return 1;
	if (is_ours(locks, lock))
		return 1;
	if (locks->count >= LOCKS_MAX)
		return error_set(error, ERROR_RESOURCE, locks->place, "more than %d locks in one run", LOCKS_MAX);
	take_guard(locks);
	if (set_lock(locks, lock_offset(lock), F_WRLCK)) {
		locks->held[locks->count++] = lock;
		write_line(locks, lock);
	} else if (errno == EAGAIN || errno == EACCES) {
		find_holder(locks, lock, holder);
		result = 0;
	} else {
		result = error_errno(error, ERROR_SINK, locks->place, errno, "cannot lock %s (its file system must know locks)",
			locks->path);
	}
	release_guard(locks);
	return result;
}

/* The path as SQLite resolves it. */
static bool database_of(const char *connect, char path[PATH_MAX])
{
	struct connect_string string = { .count = 0 };
	struct error ignored = ERROR_INIT;
	const char *driver, *database;
	bool found = false;

	if (connect_parse(&string, connect, NULL, &ignored))
		return false;
	driver = connect_find(&string, "Driver");
	database = connect_find(&string, "Database");
	if (driver && database && dialect_by_driver(driver) == &dialect_sqlite)
		found = realpath(database, path) != NULL;
	connect_fini(&string);
	return found;
}

static bool locks_peek(struct locks *base, uint64_t lock, struct lock_holder *holder)
{
	const struct sqlite_locks *locks = (const struct sqlite_locks *)base;

	memset(holder, 0, sizeof *holder);
	if (locks->file < 0 || is_ours(locks, lock) || !is_held(locks, lock))
		return false;
	find_holder(locks, lock, holder);
	return true;
}

bool lock_sqlite_peek(const char *connect, uint64_t lock, struct lock_holder *holder)
{
	struct sqlite_locks locks = { .count = 0 };
	char path[PATH_MAX];
	bool held = false;

	memset(holder, 0, sizeof *holder);
	if (!database_of(connect, path))
		return false;
	snprintf(locks.path, sizeof locks.path, "%s" LOCK_FILE_END, path);
	locks.file = open(locks.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (locks.file < 0)
		return false;
	held = is_held(&locks, lock);
	if (held)
		find_holder(&locks, lock, holder);
	close(locks.file);
	return held;
}

static void locks_release(struct locks *base, uint64_t lock)
{
	struct sqlite_locks *locks = (struct sqlite_locks *)base;

	for (size_t i = 0; i < locks->count; i++)
		if (locks->held[i] == lock) {
			set_lock(locks, lock_offset(lock), F_UNLCK);
			locks->held[i] = locks->held[--locks->count];
			return;
		}
}

const struct lock_ops lock_sqlite = {
	.open = locks_open,
	.close = locks_close,
	.take = locks_take,
	.release = locks_release,
	.peek = locks_peek,
};

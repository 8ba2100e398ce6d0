/* child.c - a command of penstock in a process of its own.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/http/child.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/core/clock.h"
#include "engine/core/unnamed.h"

enum { LOOK_NS = 10000000, ARGUMENTS_MAX = 256, PIECE = 65536, SAID_MAX = 4096 };
static const char self[] = "/proc/self/exe";

extern char **environ;

/* Signals as a shell would give them: those of ours are blocked in threads. */
static int spawn(const char *const *arguments, int out, int said, pid_t *child)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int failed = ENOMEM;

	sigemptyset(&none);
	sigfillset(&all);
	if (posix_spawn_file_actions_init(&files) != 0)
		return failed;
	if (posix_spawnattr_init(&attributes) == 0) {
		failed = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", 0, 0);
		failed = failed ? failed : posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
		failed = failed ? failed : posix_spawn_file_actions_adddup2(&files, said, STDERR_FILENO);
		failed = failed ? failed : posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
		failed = failed ? failed : posix_spawnattr_setsigmask(&attributes, &none);
		failed = failed ? failed : posix_spawnattr_setsigdefault(&attributes, &all);
		failed = failed ? failed : posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
		if (!failed) /* execv does not change what its arguments point to */
			failed = posix_spawn(child, self, &files, &attributes, (char *const *)(uintptr_t)(const void *)arguments, environ);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&files);
	return failed;
}

static bool beyond(int fd, size_t most)
{
	struct stat now;

	return fstat(fd, &now) == 0 && (uint64_t)now.st_size > most;
}

/* Until it has ended, or has to. */
static int wait_for(pid_t child, int64_t until_ms, struct cancel *cancel, int out, size_t most, struct child_end *end)
{
	const struct timespec look = {.tv_nsec = LOOK_NS};
	bool told = false;
	int status = 0;

	for (;;) {
		pid_t ended = waitpid(child, &status, WNOHANG);

		if (ended < 0 && errno != EINTR)
			return -1;
		if (ended == child)
			break;
		end->too_much = end->too_much || beyond(out, most);
		end->too_long = end->too_long || clock_elapsed_ms() >= until_ms;
		if (!told && (end->too_much || end->too_long || cancel_requested(cancel))) {
			/* It writes nothing but to these files. */
			kill(child, SIGKILL);
			told = true;
		}
		nanosleep(&look, NULL);
	}
	end->too_much = end->too_much || beyond(out, most);
	end->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return 0;
}

static int take(int fd, size_t most, struct buffer *into, struct error *error)
{
	char *piece = malloc(PIECE);
	ssize_t got = 0;

	if (!piece)
		return error_memory(error, "the output of a command");
	for (size_t done = 0; done < most; done += (size_t)got) {
		got = pread(fd, piece, most - done < PIECE ? most - done : PIECE, (off_t)done);
		if (got <= 0 || buffer_append(into, piece, (size_t)got, error) < 0)
			break;
	}
	free(piece);
	if (got < 0)
		return error_errno(error, ERROR_RESOURCE, NULL, errno, "cannot read the output of a command");
	return error_is_set(error) ? -1 : 0;
}

int child_run(const char *const *arguments, int64_t most_ms, struct cancel *cancel, struct buffer *out, struct buffer *said, struct child_end *end,
	struct error *error)
{
	const char *all[ARGUMENTS_MAX + 2] = {"penstock"};
	int files[2] = {-1, -1}, result = -1;
	pid_t child = 0;
	size_t count = 0, most = out->ceiling - 1;

	*end = (struct child_end){.code = -1};
	while (arguments[count] && count < ARGUMENTS_MAX) {
		all[count + 1] = arguments[count];
		count++;
	}
	files[0] = unnamed_open("the output of a command", error);
	files[1] = files[0] >= 0 ? unnamed_open("the output of a command", error) : -1;
	if (files[1] >= 0) {
		int failed = spawn(all, files[0], files[1], &child);

		if (failed)
			error_errno(error, ERROR_RESOURCE, NULL, failed, "cannot run penstock");
		else if (wait_for(child, clock_elapsed_ms() + most_ms, cancel, files[0], most, end) < 0)
			error_errno(error, ERROR_RESOURCE, NULL, errno, "nobody knows how a command ended");
		else
			result = (end->too_much ? 0 : take(files[0], most, out, error)) | take(files[1], SAID_MAX, said, error);
	}
	for (size_t i = 0; i < 2; i++)
		if (files[i] >= 0)
			close(files[i]);
	return result;
}

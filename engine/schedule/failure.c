/* failure.c - tells whoever wants to know of a run that did not succeed.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/schedule/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "connectors/http/post.h"
#include "engine/core/patience.h"
#include "engine/core/unnamed.h"

enum { LOOK_NS = 20000000, KILL_AFTER_MS = 2000, STANDARD_FILES = 3, ROOM_MAX = 64 << 10 };

extern char **environ;

/* What a command prints: the beginning of it is kept. */
struct said {
	int fd;              /* a file without a name, as one that goes on behind its parent must not die of a pipe that nobody reads; or standard error */
	struct buffer *text; /* NULL: that is standard error's */
	bool kept;
};

/* The summary as a file that is read from its beginning: nobody has to wait for a program that reads nothing. In memory, as a disk that is full may be why
 * the run failed. */
static int summary_file(const char *summary, struct error *error)
{
	int fd = memfd_create("summary", MFD_CLOEXEC);
	size_t length = strlen(summary);

	if (fd < 0)
		return error_errno(error, ERROR_RESOURCE, NULL, errno, "cannot make the summary for on_failure");
	for (size_t done = 0; done < length;) {
		ssize_t wrote = write(fd, summary + done, length - done);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0) {
			error_errno(error, ERROR_RESOURCE, NULL, wrote < 0 ? errno : ENOSPC, "cannot write the summary for on_failure");
			close(fd);
			return -1;
		}
		done += (size_t)wrote;
	}
	if (lseek(fd, 0, SEEK_SET) < 0) {
		error_errno(error, ERROR_RESOURCE, NULL, errno, "cannot write the summary for on_failure");
		close(fd);
		return -1;
	}
	return fd;
}

/* Whoever is to be told is told, also where there is no room for such a file. */
static void open_said(struct said *said, struct buffer *text)
{
	struct error ignored = ERROR_INIT;
	int fd = text ? unnamed_open("what on_failure prints", &ignored) : -1;

	*said = (struct said){.fd = fd >= 0 ? fd : STDERR_FILENO, .text = fd >= 0 ? text : NULL};
	if (fd >= 0)
		(void)fcntl(fd, F_SETFL, O_APPEND);
}

static void close_said(const struct said *said)
{
	if (said->text)
		close(said->fd);
}

static void keep_said(struct said *said)
{
	size_t room = said->text->ceiling - 1;
	struct error ignored = ERROR_INIT;
	ssize_t got;

	said->kept = true;
	if (buffer_reserve(said->text, room, &ignored) < 0)
		return;
	got = pread(said->fd, said->text->data, room, 0);
	said->text->length = got > 0 ? (size_t)got : 0;
	said->text->data[said->text->length] = '\0';
}

/* However much it prints, the file stays small. */
static void look_at_said(struct said *said)
{
	struct stat now;

	if (!said->text || fstat(said->fd, &now) < 0 || now.st_size < ROOM_MAX)
		return;
	if (!said->kept)
		keep_said(said);
	(void)!ftruncate(said->fd, 0);
}

/* A new process with signals as a shell would give them: those of ours are blocked in threads. It gets no file of ours but three, whatever libraries have
 * open: a session with a database whose socket it held would outlive this process, and with it the locks of that session. */
static int spawn(const struct option_list *command, int input, int output, pid_t *child)
{
	const char **arguments = calloc(command->count + 1, sizeof *arguments);
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int failed = ENOMEM;

	if (!arguments)
		return failed;
	memcpy(arguments, command->items, command->count * sizeof *arguments);
	sigemptyset(&none);
	sigfillset(&all);
	if (posix_spawn_file_actions_init(&files) == 0) {
		if (posix_spawnattr_init(&attributes) == 0) {
			failed = posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
			failed = failed ? failed : posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
			failed = failed ? failed : posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
			failed = failed ? failed : posix_spawn_file_actions_addclosefrom_np(&files, STANDARD_FILES);
			failed = failed ? failed : posix_spawnattr_setsigmask(&attributes, &none);
			failed = failed ? failed : posix_spawnattr_setsigdefault(&attributes, &all);
			failed = failed ? failed : posix_spawnattr_setpgroup(&attributes, 0);
			failed = failed ? failed : posix_spawnattr_setflags(&attributes,
				POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
			if (!failed) /* execv does not change what its arguments point to */
				failed = posix_spawnp(child, arguments[0], &files, &attributes, (char *const *)(void *)arguments, environ);
			posix_spawnattr_destroy(&attributes);
		}
		posix_spawn_file_actions_destroy(&files);
	}
	free(arguments);
	return failed;
}

/* 1 and *status when it has ended, 0 when that took too long, -1 when it cannot be waited for. */
static int wait_for(pid_t child, struct patience *patience, struct said *said, int *status)
{
	const struct timespec look = {.tv_nsec = LOOK_NS};

	for (;;) {
		pid_t ended = waitpid(child, status, WNOHANG);

		look_at_said(said);
		if (ended == child)
			return 1;
		if (ended < 0 && errno != EINTR)
			return -1;
		if (patience_over(patience))
			return 0;
		nanosleep(&look, NULL);
	}
}

/* The command and what it has begun. */
static void stop(pid_t child, struct said *said, int *status)
{
	struct patience last = patience_of(KILL_AFTER_MS, NULL);

	kill(-child, SIGTERM);
	int ended = wait_for(child, &last, said, status);
	kill(-child, SIGKILL);
	if (ended == 0)
		(void)waitpid(child, status, 0);
}

static int run_command(const struct plan_failure *failure, const char *summary, struct said *said, struct patience *patience, struct error *error)
{
	const char *program = failure->command.items[0];
	int input = summary_file(summary, error), status = 0;
	pid_t child = 0;

	if (input < 0)
		return -1;
	int failed = spawn(&failure->command, input, said->fd, &child);
	close(input);
	if (failed)
		return error_errno(error, ERROR_RESOURCE, "on_failure", failed, "cannot run \"%s\"", program);
	*patience = patience_of(failure->timeout_ms, patience->cancel);
	int ended = wait_for(child, patience, said, &status);
	if (said->text && !said->kept)
		keep_said(said);
	if (ended == 0) {
		stop(child, said, &status);
		return error_set(error, ERROR_RESOURCE, "on_failure", "\"%s\" was stopped: it took longer than %s", program,
			patience->told_to_end ? "penstock, which was told to end, could wait" : "its timeout");
	}
	if (ended < 0)
		return error_errno(error, ERROR_RESOURCE, "on_failure", errno, "nobody knows how \"%s\" ended", program);
	if (WIFSIGNALED(status))
		return error_set(error, ERROR_RESOURCE, "on_failure", "\"%s\" died of signal %d", program, WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return error_set(error, ERROR_RESOURCE, "on_failure", "\"%s\" ended with exit code %d", program, WEXITSTATUS(status));
	return 0;
}

static int tell_command(const struct plan_failure *failure, const char *summary, struct buffer *text, struct patience *patience, struct error *error)
{
	struct said said;
	int result;

	open_said(&said, text);
	result = run_command(failure, summary, &said, patience, error);
	close_said(&said);
	return result;
}

int failure_tell(const struct plan *plan, const struct run_report *report, struct cancel *cancel, struct buffer *said, struct error *error)
{
	const struct plan_failure *failure = &plan->on_failure;
	struct patience patience = patience_of(failure->timeout_ms, cancel);
	char *summary;
	int result;

	if ((failure->command.count == 0 && !failure->url) || (report->status != RUN_FAILED && report->status != RUN_REJECTED))
		return 0;
	summary = run_report_json(report, plan->name);
	if (!summary)
		return error_memory(error, "the summary for on_failure");
	if (failure->url)
		result = http_post(failure->url, NULL, summary, strlen(summary), failure->timeout_ms, &(struct post_patience){patience_over, &patience},
			"on_failure", error);
	else
		result = tell_command(failure, summary, said, &patience, error);
	free(summary);
	return result;
}

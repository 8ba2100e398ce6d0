/* failure.c - tells whoever wants to know of a run that did not succeed.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/schedule/failure.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "connectors/http/post.h"
#include "engine/core/patience.h"
#include "engine/core/unnamed.h"

enum { LOOK_NS = 20000000, KILL_AFTER_MS = 2000 };

extern char **environ;

/* The summary as a file that is read from its beginning: nobody has to wait for a program that reads nothing. */
static int summary_file(const char *summary, struct error *error)
{
	int fd = unnamed_open("the summary for on_failure", error);
	size_t length = strlen(summary);

	for (size_t done = 0; fd >= 0 && done < length;) {
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
	if (fd >= 0 && lseek(fd, 0, SEEK_SET) < 0) {
		error_errno(error, ERROR_RESOURCE, NULL, errno, "cannot write the summary for on_failure");
		close(fd);
		return -1;
	}
	return fd;
}

/* A new process with signals as a shell would give them: those of ours are blocked in threads. Its output goes to standard error, as standard output may
 * be somebody's data. */
static int spawn(const struct option_list *command, int input, pid_t *child)
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
			failed = failed ? failed : posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
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
static int wait_for(pid_t child, struct patience *patience, int *status)
{
	const struct timespec look = {.tv_nsec = LOOK_NS};

	for (;;) {
		pid_t ended = waitpid(child, status, WNOHANG);

		if (ended == child)
			return 1;
		if (ended < 0 && errno != EINTR)
			return -1;
		if (patience_over(patience))
			return 0;
		nanosleep(&look, NULL);
	}
}

static int run_command(const struct plan_failure *failure, const char *summary, struct patience *patience, struct error *error)
{
	const char *program = failure->command.items[0];
	int input = summary_file(summary, error), status = 0;
	pid_t child = 0;

	if (input < 0)
		return -1;
	int failed = spawn(&failure->command, input, &child);
	close(input);
	if (failed)
		return error_errno(error, ERROR_RESOURCE, "on_failure", failed, "cannot run \"%s\"", program);
	*patience = patience_of(failure->timeout_ms, patience->cancel);
	int ended = wait_for(child, patience, &status);
	if (ended == 0) {
		struct patience last = patience_of(KILL_AFTER_MS, NULL);

		kill(-child, SIGTERM);
		if (wait_for(child, &last, &status) == 0) {
			kill(-child, SIGKILL);
			(void)waitpid(child, &status, 0);
		}
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

int failure_tell(const struct plan *plan, const struct run_report *report, struct cancel *cancel, struct error *error)
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
		result = run_command(failure, summary, &patience, error);
	free(summary);
	return result;
}

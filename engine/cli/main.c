/* main.c - the program: prepares the process, finds the command, and sees to it that what was printed has arrived.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine/cli/args.h"
#include "engine/cli/log.h"
#include "engine/cli/usage.h"

/* A file that gets the number of a closed standard stream would receive our messages: a database, for instance. The
 * stand-in is opened the wrong way round, so that using it is an error that is seen. */
static void occupy_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* Memory holds passwords. The limit stops the kernel's own dumps; a dump piped to a crash reporter ignores the limit, but
 * an empty filter leaves it without memory. Neither is in the way of a debugger. */
static void forbid_core_dumps(void)
{
	struct rlimit none = {0, 0};
	(void)setrlimit(RLIMIT_CORE, &none);
	int filter = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
	if (filter >= 0) {
		(void)!write(filter, "0", 1);
		close(filter);
	}
}

/* A failed assertion of ours has an exit code like every other failure; its message is out already. */
static void on_abort(int number)
{
	(void)number;
	_exit(ERROR_RESOURCE);
}

static void prepare_process(void)
{
	occupy_standard_streams();
	forbid_core_dumps();
	/* Character widths and what drivers make of names need UTF-8; numbers keep their point. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		(void)setlocale(LC_CTYPE, "");
	/* Unless this tells it, psqlodbc looks for the encoding in LC_CTYPE, which it changes for a moment, for all threads, whenever it connects; another
	 * thread that connects then reads the name of a locale that is no more. Our sessions speak UTF-8 in any case. */
	(void)setenv("PGCLIENTENCODING", "UTF8", 1);
	struct sigaction action = {.sa_handler = SIG_IGN};
	sigaction(SIGPIPE, &action, NULL);
	sigaction(SIGXFSZ, &action, NULL); /* a file that may not grow is an error of the write, like a full disk */
	action.sa_handler = on_abort;
	sigaction(SIGABRT, &action, NULL);
	setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
}

/* A reader that went away (head, a pager) is not our failure; a full disk is. */
static int finish(int code)
{
	errno = 0;
	bool failed = fflush(stdout) != 0;
	int errnum = errno;
	failed = ferror(stdout) || failed;
	if (!failed || errnum == EPIPE)
		return code;
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
	if (poll(&out, 1, 0) == 1 && (out.revents & POLLERR))
		return code;
	struct error error = ERROR_INIT;
	if (errnum)
		error_errno(&error, ERROR_RESOURCE, "standard output", errnum, "cannot write");
	else
		error_set(&error, ERROR_RESOURCE, "standard output", "cannot write all of it");
	complain(&error);
	return code ? code : ERROR_RESOURCE;
}

static int run_command(const char *group, const struct command *command, int argc, char **argv)
{
	struct error error = ERROR_INIT;
	struct parsed parsed;
	char name[64];
	snprintf(name, sizeof name, "%s%s%s", group ? group : "", group ? " " : "", command->name);
	int code = 0;
	if (args_parse(command, argc, argv, &parsed, &error))
		code = error.kind == ERROR_CONFIG ? complain_usage(&error, name) : complain(&error);
	else if (parsed.help)
		usage_command(stdout, group, command);
	else
		code = command->run(parsed.flags, &parsed.arguments);
	parsed_fini(&parsed, command);
	return code;
}

static int run_group(const struct command *group, int argc, char **argv)
{
	struct error error = ERROR_INIT;
	if (argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)) {
		usage_command(stdout, NULL, group);
		return 0;
	}
	char what[64];
	snprintf(what, sizeof what, "%s command", group->name);
	if (argc == 0 || argv[0][0] == '-') {
		error_set(&error, ERROR_CONFIG, NULL, "which %s? say \"%s %s\", for instance", what, group->name,
			group->subcommands[0]->name);
		return complain_usage(&error, group->name);
	}
	const struct command *command = command_find(group->subcommands, what, argv[0], &error);
	if (!command)
		return complain_usage(&error, group->name);
	return run_command(group->name, command, argc - 1, argv + 1);
}

static int dispatch(int argc, char **argv)
{
	struct error error = ERROR_INIT;
	if (argc < 1) {
		usage_program(stderr);
		return ERROR_CONFIG;
	}
	if (args_refuse_secrets(argc, argv, &error))
		return complain(&error);
	const char *name = argv[0];
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		usage_program(stdout);
		return 0;
	}
	if (strcmp(name, "--version") == 0)
		name = "version";
	if (name[0] == '-') {
		error_set(&error, ERROR_CONFIG, NULL, "unknown option %s (options stand behind the command)", name);
		return complain_usage(&error, NULL);
	}
	const struct command *command = command_find(commands, "command", name, &error);
	if (!command)
		return complain_usage(&error, NULL);
	if (command->subcommands)
		return run_group(command, argc - 1, argv + 1);
	return run_command(NULL, command, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	prepare_process();
	return finish(dispatch(argc - 1, argv + 1));
}

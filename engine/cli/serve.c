/* serve.c - penstock serve.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cli/command.h"
#include "engine/cli/display.h"
#include "engine/cli/log.h"
#include "engine/http/access.h"
#include "engine/http/server.h"

struct serve_flags {
	bool check;
};

enum { LOOK_NS = 50000000, BLOCK_BYTES = 1 << 20 };

/* glibc keeps a large block that was freed for the next one of that size, and so in each of its arenas: after some large bodies the service would stay
 * as large as all threads together ever were. A fixed threshold gives each large block back to the system. */
static void give_memory_back(void)
{
#ifdef M_MMAP_THRESHOLD
	(void)mallopt(M_MMAP_THRESHOLD, BLOCK_BYTES);
#endif
}

/* Blocked here, and so in all threads that are started later: the signals come to whoever waits for them. */
static void hold_signals(sigset_t *signals)
{
	struct sigaction before;

	sigemptyset(signals);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGTERM);
	if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN) /* nohup means it */
		sigaddset(signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, signals, NULL);
}

/* Until everybody who was accepted has an answer. Returns the exit code. */
static int leave(struct server *server, const sigset_t *signals)
{
	const struct timespec look = {.tv_nsec = LOOK_NS};
	int second = 0;

	access_event("stopping", NULL, NULL);
	server_leave(server);
	while (server_busy(server)) {
		int number = sigtimedwait(signals, NULL, &look);

		if (number > 0 && !second) {
			second = number;
			access_event("cancelled", NULL, NULL);
			server_cancel(server, number);
		} else if (number > 0) {
			_Exit(128 + number);
		}
	}
	return second ? 128 + second : 0;
}

static int serve(struct service *service, const struct serve_file *file, struct error *error)
{
	struct server *server;
	sigset_t signals;
	char address[128];
	bool six = strchr(file->address, ':') != NULL;
	int number, code;

	hold_signals(&signals);
	if (service_start(service, error) < 0)
		return -1;
	server = server_open(service, error);
	if (!server)
		return -1;
	snprintf(address, sizeof(address), "http://%s%s%s:%u", six ? "[" : "", file->address, six ? "]" : "", server_port(server));
	access_event("listening", "address", address);
	while (sigwait(&signals, &number) != 0)
		;
	code = leave(server, &signals);
	server_close(server);
	return code;
}

/* What is wrong with the file or its pipelines was told already when this gives NULL. */
static struct service *load(struct log *log, const char *path, const struct serve_file **file, int *code)
{
	struct diagnostics diagnostics;
	struct service *service = NULL;

	diagnostics_init(&diagnostics);
	*file = serve_file_load(path, &diagnostics);
	if (*file)
		service = service_new(*file, &diagnostics);
	*code = log_diagnostics(log, &diagnostics);
	diagnostics_fini(&diagnostics);
	return service;
}

static int serve_main(const void *bound, const struct arguments *arguments)
{
	const struct serve_flags *flags = bound;
	const struct serve_file *file = NULL;
	struct error error = ERROR_INIT;
	struct log log;
	int code = 0;

	give_memory_back();
	log_init(&log, LOG_TEXT, false, false);
	struct service *service = load(&log, arguments->items[0], &file, &code);
	if (service && flags->check) {
		display_puts(stdout, arguments->items[0]);
		puts(": ok");
		code = 0;
	} else if (service) {
		code = serve(service, file, &error);
		if (code < 0)
			code = log_error(&log, NULL, &error);
	}
	service_free(service);
	serve_file_free(file);
	if (service && !flags->check && !error_is_set(&error))
		access_event("stopped", NULL, NULL);
	log_fini(&log);
	return code;
}

static const struct flag flags_of_serve[] = {
	{.name = "check", .kind = FLAG_SWITCH, .offset = offsetof(struct serve_flags, check),
		.help = "read the serve file and its pipelines, say what is wrong with them, and end"},
	{.name = NULL},
};

static const char *const examples[] = {
	"penstock serve --check examples/serve/serve.yaml",
	"penstock serve examples/serve/serve.yaml",
	NULL,
};

const struct command command_serve = {
	.name = "serve",
	.arguments = "FILE",
	.least = 1,
	.most = 1,
	.summary = "the HTTP service: ingest, triggered runs, reports",
	.description =
		"Serves the pipelines that the serve file names: rows are posted to those with an http source and each is answered "
		"with a verdict, other pipelines are started and followed, and reports are fetched. Requests are logged to standard "
		"error as JSON, one a line. Beyond loopback it needs keys, and a proxy for TLS."
		"\n"
		"SIGTERM or SIGINT: no further connection is accepted, whoever was accepted is answered, and the exit code is 0. "
		"A second signal cancels what is under way.",
	.flags = flags_of_serve,
	.size = sizeof(struct serve_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2) | EXITS(5) | EXITS(EXIT_SIGNAL),
	.examples = examples,
	.run = serve_main,
};

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
#include "engine/cli/notify.h"
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
static int leave(struct server *server, const sigset_t *signals, const struct notify *notify)
{
	const struct timespec look = {.tv_nsec = LOOK_NS};
	int second = 0;

	access_event("stopping", NULL, NULL);
	notify_stopping(notify);
	server_leave(server);
	while (server_busy(server)) {
		int number = sigtimedwait(signals, NULL, &look);

		notify_alive(notify);
		if (number <= 0 || number == SIGHUP)
			continue;
		if (second)
			_Exit(128 + number);
		second = number;
		access_event("cancelled", NULL, NULL);
		server_cancel(server, number);
	}
	return second ? 128 + second : 0;
}

/* What may wait while the last things are closed, such as sessions with a database that says nothing any more. */
struct impatience {
	sigset_t signals;
	int told; /* a signal after the one that began the end; 0: none yet */
	bool watched;
	pthread_t thread;
};

static void *end_at_once(void *arg)
{
	struct impatience *impatience = arg;
	int number;

	for (;;) {
		if (sigwait(&impatience->signals, &number) != 0 || number == SIGHUP)
			continue;
		if (impatience->told)
			_Exit(128 + number);
		impatience->told = number;
	}
}

static void watch_impatience(struct impatience *impatience, const sigset_t *signals, int code)
{
	impatience->signals = *signals;
	impatience->told = code;
	impatience->watched = pthread_create(&impatience->thread, NULL, end_at_once, impatience) == 0;
}

static void forget_impatience(struct impatience *impatience)
{
	if (!impatience->watched)
		return;
	pthread_cancel(impatience->thread);
	pthread_join(impatience->thread, NULL);
}

static void free_service(struct service *service)
{
	const struct serve_file *file = service ? service_file(service) : NULL;

	service_free(service);
	serve_file_free(file);
}

/* --- SIGHUP --- */

/* A service of the file as it is now, that is not started yet; NULL and error. */
static struct service *read_again(const char *path, struct error *error)
{
	struct diagnostics diagnostics;
	struct service *service = NULL;

	diagnostics_init(&diagnostics);
	const struct serve_file *file = serve_file_load(path, &diagnostics);
	if (file)
		service = service_new(file, &diagnostics);
	if (!service) {
		diagnostics_error_of(&diagnostics, error);
		serve_file_free(file);
	}
	diagnostics_fini(&diagnostics);
	return service;
}

/* Whatever is wrong, the service goes on as it was. */
static void reload(struct server *server, const char *path, const struct notify *notify)
{
	char kept[KEPT_SIZE] = "", why[ERROR_PLACE_MAX + ERROR_MESSAGE_MAX], status[sizeof why + 32];
	struct error error = ERROR_INIT;

	notify_reloading(notify);
	struct service *next = read_again(path, &error);
	if (next && service_succeed(next, server_service(server), kept, &error) == 0) {
		server_replace(server, next);
		if (kept[0])
			access_event("reload_needs_restart", "settings", kept);
		access_event("reloaded", NULL, NULL);
		notify_ready(notify, "reloaded");
		return;
	}
	free_service(next);
	error_text(&error, why, sizeof why);
	access_event("reload_failed", "error", why);
	snprintf(status, sizeof status, "reload failed: %.200s", why);
	notify_ready(notify, status);
}

/* The next signal, or 0 after a while: while somebody has to be told that we live, or retired services wait for their last requests. */
static int next_signal(const struct server *server, const sigset_t *signals, const struct notify *notify)
{
	int64_t ms = server_has_retired(server) ? LOOK_NS / 1000000 : notify->watchdog_ms;
	const struct timespec look = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	int number = 0;

	if (ms > 0)
		number = sigtimedwait(signals, NULL, &look);
	else
		number = sigwaitinfo(signals, NULL);
	if (notify->watchdog_ms > 0)
		notify_alive(notify);
	return number > 0 ? number : 0;
}

/* Until a signal tells it to end. */
static void keep_going(struct server *server, const char *path, const sigset_t *signals, const struct notify *notify)
{
	bool asked = false;

	for (;;) {
		int number = next_signal(server, signals, notify);
		struct service *retired;

		if (number == SIGINT || number == SIGTERM)
			return;
		asked = asked || number == SIGHUP;
		while ((retired = server_take_retired(server)))
			free_service(retired);
		/* As many as there may be wait for their last requests: it is done when one of them has gone. */
		if (asked && server_may_replace(server)) {
			asked = false;
			reload(server, path, notify);
		}
	}
}

/* Takes the service. */
static int serve(struct service *service, const char *path, struct error *error)
{
	const struct serve_file *file = service_file(service);
	struct server *server = NULL;
	struct impatience impatience = {.watched = false};
	struct service *retired;
	struct notify notify;
	sigset_t signals;
	char address[128];
	bool six = strchr(file->address, ':') != NULL;
	int code = -1;

	hold_signals(&signals);
	notify_init(&notify);
	if (service_start(service, error) == 0)
		server = server_open(service, error);
	if (server) {
		snprintf(address, sizeof(address), "http://%s%s%s:%u", six ? "[" : "", file->address, six ? "]" : "", server_port(server));
		access_event("listening", "address", address);
		service_begin_schedule(service);
		notify_ready(&notify, address);
		keep_going(server, path, &signals, &notify);
		code = leave(server, &signals, &notify);
		watch_impatience(&impatience, &signals, code);
		service = server_service(server);
		server_stop(server);
		while ((retired = server_take_retired(server)))
			free_service(retired);
		server_close(server);
	}
	free_service(service);
	forget_impatience(&impatience);
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
		free_service(service);
	} else if (service) {
		code = serve(service, arguments->items[0], &error);
		if (code < 0)
			code = log_error(&log, NULL, &error);
		else
			access_event("stopped", NULL, NULL);
	} else {
		serve_file_free(file);
	}
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
		"A second signal cancels what is under way."
		"\n"
		"SIGHUP: the serve file and its pipelines are read again. Requests and runs under way go on, those that come next see the new keys and pipelines; "
		"where something is wrong with them, the log says where, and everything stays as it was. Ignored under nohup.",
	.flags = flags_of_serve,
	.size = sizeof(struct serve_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2) | EXITS(5) | EXITS(EXIT_SIGNAL),
	.examples = examples,
	.run = serve_main,
};

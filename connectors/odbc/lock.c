/* lock.c - the names of locks, and naming their holders.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connectors/odbc/lock.h"
#include "engine/core/buffer.h"
#include "engine/core/digest.h"

enum { NAME_CEILING = 1024 * 1024 };

int lock_name(const char *const *parts, size_t count, uint64_t *out, struct error *error)
{
	char hex[SHA256_HEX_SIZE], first[17];
	struct buffer text;
	int result;

	buffer_init(&text, NAME_CEILING);
	result = buffer_puts(&text, "8:penstock,", error);
	for (size_t i = 0; result == 0 && i < count; i++)
		result = buffer_printf(&text, error, "%zu:%s,", strlen(parts[i]), parts[i]);
	if (result == 0) {
		digest_of(buffer_text(&text), text.length, hex);
		memcpy(first, hex, 16);
		first[16] = '\0';
		*out = strtoull(first, NULL, 16);
	}
	buffer_fini(&text);
	return result;
}

char *lock_holder_text(const struct lock_holder *holder, char *text, size_t size)
{
	char process[64] = "", server[64] = "";

	if (holder->pid)
		snprintf(process, sizeof process, ", process %lld", (long long)holder->pid);
	if (holder->server_pid)
		snprintf(server, sizeof server, ", server process %lld", (long long)holder->server_pid);
	snprintf(text, size, "%s%s%s%s%s%s%s%s", holder->run_id[0] ? "run " : "a run that left no name", holder->run_id,
		holder->since[0] ? " since " : "", holder->since, holder->host[0] ? " on host " : "", holder->host, process,
		server);
	return text;
}

bool lock_holder_is_dead(const struct lock_holder *holder)
{
	char host[LOCK_HOST_SIZE];

	lock_this_host(host);
	return holder->pid > 0 && host[0] && strcmp(holder->host, host) == 0 && kill((pid_t)holder->pid, 0) != 0 &&
		errno == ESRCH;
}

void lock_this_host(char out[LOCK_HOST_SIZE])
{
	if (gethostname(out, LOCK_HOST_SIZE))
		out[0] = '\0';
	out[LOCK_HOST_SIZE - 1] = '\0';
	/* It stands in a line of words. */
	for (char *p = out; *p; p++)
		if ((unsigned char)*p <= ' ')
			*p = '_';
}

bool lock_list_has(const struct lock_list *list, uint64_t lock)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->held[i] == lock)
			return true;
	return false;
}

int lock_list_room(const struct lock_list *list, const char *place, struct error *error)
{
	if (list->count < LOCKS_MAX)
		return 0;
	return error_set(error, ERROR_RESOURCE, place, "more than %d locks in one run", LOCKS_MAX);
}

void lock_list_add(struct lock_list *list, uint64_t lock)
{
	list->held[list->count++] = lock;
}

bool lock_list_drop(struct lock_list *list, uint64_t lock)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->held[i] == lock) {
			list->held[i] = list->held[--list->count];
			return true;
		}
	return false;
}

/* shim_libpq.c - preloaded: libpq as a stranger would have it. SHIM_LIBPQ=shared: what is asked over libpq is answered by another session than
 * the driver's; SHIM_LIBPQ=private: nobody is told of a connection, as where the driver has a libpq of its own.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static int is(const char *mode)
{
	const char *set = getenv("SHIM_LIBPQ");

	return set && strcmp(set, mode) == 0;
}

void *PQexec(void *connection, const char *sql)
{
	union {
		void *found;
		void *(*call)(void *, const char *);
	} next = { .found = dlsym(RTLD_NEXT, "PQexec") };

	return next.call(connection, is("shared") && strstr(sql, "penstock.session") ? "SELECT NULL::text" : sql);
}

int PQregisterEventProc(void *connection, void *procedure, const char *name, void *argument)
{
	union {
		void *found;
		int (*call)(void *, void *, const char *, void *);
	} next = { .found = dlsym(RTLD_NEXT, "PQregisterEventProc") };

	return is("private") ? 0 : next.call(connection, procedure, name, argument);
}

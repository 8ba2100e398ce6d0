/* my.c - noting the connection that Connector/ODBC makes with libmariadb.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dlfcn.h>
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/my.h"
#include "connectors/odbc/session.h"

/* libmariadb's interface has no place for an argument of ours while a driver connects; a thread connects one session at a time. */
static _Thread_local struct my *listening;

/* Called by the driver in place of libmariadb's own, which it calls: see pq.c, which does the same with libpq. */
MYSQL *mysql_real_connect(MYSQL *mysql, const char *host, const char *user, const char *passwd, const char *db, unsigned int port,
	const char *unix_socket, unsigned long clientflag)
{
	union {
		void *found;
		MYSQL *(*connect)(MYSQL *, const char *, const char *, const char *, const char *, unsigned int, const char *, unsigned long);
	} next = { .found = dlsym(RTLD_NEXT, "mysql_real_connect") };
	MYSQL *connection;

	if (!next.found)
		return NULL;
	connection = next.connect(mysql, host, user, passwd, db, port, unix_socket, clientflag);
	if (listening)
		*listening = (struct my){ .connection = connection };
	return connection;
}

void my_listen(struct my *my)
{
	/* What was noted before was disconnected from. */
	my->connection = NULL;
	listening = my;
}

void my_heard(void)
{
	listening = NULL;
}

void my_close(struct my *my)
{
	memset(my, 0, sizeof *my);
}

static void prove(struct session *session, char why[MY_WHY_MAX])
{
	struct error error = ERROR_INIT;
	char number[24];

	why[0] = '\0';
	if (!session->my.connection)
		snprintf(why, MY_WHY_MAX,
			"the driver did not connect through this process's libmariadb: it has one of its own, or the connection came from a pool");
	else if (session_query_text(session, "SELECT CONNECTION_ID()", number, sizeof number, &error) < 0)
		snprintf(why, MY_WHY_MAX, "the session could not be proved: %.160s", error.message);
	else if (strtoul(number, NULL, 10) != mysql_thread_id(session->my.connection))
		snprintf(why, MY_WHY_MAX, "the number of the session is another one over ODBC than over libmariadb");
}

bool my_usable(struct session *session, char why[MY_WHY_MAX])
{
	struct my *my = &session->my;

	if (!my->asked) {
		prove(session, my->why);
		my->asked = true;
	}
	memcpy(why, my->why, sizeof my->why);
	return !my->why[0];
}

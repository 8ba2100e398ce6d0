/* shim_trace.c - LD_PRELOAD: writes down every SQL text that a process gives to SQLite, and the settings of its session.
 * SPDX-License-Identifier: Apache-2.0
 *
 * SHIM_TRACE_LOG=FILE gets "sql TEXT" (line ends as spaces), "config OP", and at the first COMMIT of each connection
 * "setting NAME VALUE", read back on that very connection.
 */
#include "shim.h"

struct sqlite3;
struct sqlite3_stmt;
typedef int (*callback)(void *, int, char **, char **);

static __thread int inside;

/* SQLite may come with a driver that was loaded at run time, where RTLD_NEXT does not look. */
static void *sqlite(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name), *library;
	if (!found && (library = dlopen("libsqlite3.so.0", RTLD_LAZY | RTLD_NOLOAD)))
		found = dlsym(library, name);
	if (!found)
		abort();
	return found;
}
#undef REAL
#define REAL(name) \
	static __typeof__(name) *real; \
	if (!real) { \
		void *found = sqlite(#name); \
		memcpy(&real, &found, sizeof(real)); \
	}

static void note(const char *sql, int bytes)
{
	if (!sql || inside)
		return;
	char text[3000];
	size_t length = strlen(sql);
	if (bytes >= 0 && (size_t)bytes < length)
		length = (size_t)bytes;
	if (length > sizeof(text) - 1)
		length = sizeof(text) - 1;
	memcpy(text, sql, length);
	text[length] = '\0';
	for (char *at = text; *at; at++)
		if (*at == '\n' || *at == '\r')
			*at = ' ';
	shim_log("SHIM_TRACE_LOG", "sql %s", text);
}

static int setting(void *name, int count, char **values, char **names)
{
	(void)names;
	shim_log("SHIM_TRACE_LOG", "setting %s %s", (const char *)name, count > 0 && values[0] ? values[0] : "");
	return 0;
}

int sqlite3_exec(struct sqlite3 *db, const char *sql, callback call, void *arg, char **message);

/* The settings of this session, once a connection. */
static void read_back(struct sqlite3 *db)
{
	static struct sqlite3 *_Atomic seen[64];
	REAL(sqlite3_exec)
	for (int i = 0; i < 64; i++) {
		if (seen[i] == db)
			return;
		if (!seen[i]) {
			seen[i] = db;
			break;
		}
	}
	inside = 1;
	static const char *const names[] = { "synchronous", "journal_mode", "foreign_keys", "ignore_check_constraints", "locking_mode", "fullfsync" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char sql[64];
		snprintf(sql, sizeof(sql), "PRAGMA %s", names[i]);
		void *name;
		memcpy(&name, &names[i], sizeof(name));
		real(db, sql, setting, name, NULL);
	}
	inside = 0;
}

static int is_commit(const char *sql)
{
	while (*sql == ' ')
		sql++;
	return strncasecmp(sql, "commit", 6) == 0 || strncasecmp(sql, "end", 3) == 0;
}

int sqlite3_exec(struct sqlite3 *db, const char *sql, callback call, void *arg, char **message)
{
	REAL(sqlite3_exec)
	note(sql, -1);
	if (sql && !inside && is_commit(sql))
		read_back(db);
	int was = inside;
	inside = 1;
	int result = real(db, sql, call, arg, message);
	inside = was;
	return result;
}

int sqlite3_get_table(struct sqlite3 *db, const char *sql, char ***out, int *rows, int *columns, char **message)
{
	REAL(sqlite3_get_table)
	note(sql, -1);
	int was = inside;
	inside = 1;
	int result = real(db, sql, out, rows, columns, message);
	inside = was;
	return result;
}

int sqlite3_prepare(struct sqlite3 *db, const char *sql, int bytes, struct sqlite3_stmt **out, const char **tail)
{
	REAL(sqlite3_prepare)
	note(sql, bytes);
	if (sql && !inside && is_commit(sql))
		read_back(db);
	return real(db, sql, bytes, out, tail);
}

int sqlite3_prepare_v2(struct sqlite3 *db, const char *sql, int bytes, struct sqlite3_stmt **out, const char **tail)
{
	REAL(sqlite3_prepare_v2)
	note(sql, bytes);
	if (sql && !inside && is_commit(sql))
		read_back(db);
	return real(db, sql, bytes, out, tail);
}

int sqlite3_prepare_v3(struct sqlite3 *db, const char *sql, int bytes, unsigned flags, struct sqlite3_stmt **out, const char **tail)
{
	REAL(sqlite3_prepare_v3)
	note(sql, bytes);
	if (sql && !inside && is_commit(sql))
		read_back(db);
	return real(db, sql, bytes, flags, out, tail);
}

int sqlite3_db_config(struct sqlite3 *db, int op, ...)
{
	/* Its arguments are an int and a pointer, or a pointer and two ints: as registers they pass through alike. */
	REAL(sqlite3_db_config)
	va_list list;
	va_start(list, op);
	long first = va_arg(list, long);
	void *second = va_arg(list, void *);
	long third = va_arg(list, long);
	va_end(list);
	shim_log("SHIM_TRACE_LOG", "config %d %ld", op, (long)(int)first);
	return real(db, op, first, second, third);
}

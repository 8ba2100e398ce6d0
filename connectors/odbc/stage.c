/* stage.c - the temporary table that the rows of a referenced table are written to before they replace it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/replace_parts.h"
#include "connectors/odbc/stage.h"

enum { SQL_MAX = 8192 };

void stage_name(struct staging *stage, const struct session *session, unsigned number)
{
	const char *schema = replace_traits_of(session)->temporary_schema;

	const char *dot = schema[0] ? "." : "";

	snprintf(stage->name, sizeof stage->name, "%s%s" STAGE_PREFIX "%u", schema, dot, number);
	snprintf(stage->changed, sizeof stage->changed, "%s%spenstock_changed_%u", schema, dot, number);
	snprintf(stage->refused, sizeof stage->refused, "%s%spenstock_refused_%u", schema, dot, number);
}

int stage_open(struct staging *stage, struct session *session, const struct schema *schema, const struct catalog *target,
	struct error *error)
{
	struct staging **end = &session->stages;

	memset(stage, 0, sizeof *stage);
	stage->session = session;
	stage->table = target->table;
	stage_name(stage, session, ++session->stage_count);
	if (replace_traits_of(session)->make_stage(session, schema, target, stage->name, error) ||
	    catalog_read(session, stage->name, &stage->catalog, error))
		return -1;
	if (!stage->catalog.exists) {
		catalog_fini(&stage->catalog);
		return error_set(error, ERROR_SINK, session->place, "the temporary table %s was made, but cannot be found",
			stage->name);
	}
	while (*end)
		end = &(*end)->next;
	*end = stage;
	stage->open = true;
	session->stage_changes++;
	return 0;
}

static int drop(struct session *session, const char *table, struct error *error)
{
	const char *words = replace_traits_of(session)->drop;
	struct buffer sql;
	int result = -1;

	buffer_init(&sql, SQL_MAX);
	if (buffer_puts(&sql, words ? words : "DROP TABLE IF EXISTS ", error) == 0 &&
	    dialect_quote_table(session->dialect, &sql, table, error) == 0)
		result = session_execute(session, buffer_text(&sql), error);
	buffer_fini(&sql);
	return result;
}

int stage_drop_lists(struct staging *stage, struct error *error)
{
	return drop(stage->session, stage->refused, error) || drop(stage->session, stage->changed, error) ? -1 : 0;
}

int stage_drop(struct staging *stage, struct error *error)
{
	if (stage_drop_lists(stage, error))
		return -1;
	return drop(stage->session, stage->name, error);
}

void stage_close(struct staging *stage)
{
	if (stage->open) {
		struct staging **at = &stage->session->stages;

		while (*at && *at != stage)
			at = &(*at)->next;
		if (*at)
			*at = stage->next;
		stage->session->stage_changes++;
	}
	catalog_fini(&stage->catalog);
	stage->open = false;
}

static bool same_table(const struct session *session, const char *a, const char *b)
{
	int (*compare)(const char *, const char *) = session->dialect->names_ignore_case ? strcasecmp : strcmp;
	char schema_a[NAME_MAX_BYTES], schema_b[NAME_MAX_BYTES];
	const char *name_a, *name_b;

	dialect_split(a, schema_a, sizeof schema_a, &name_a);
	dialect_split(b, schema_b, sizeof schema_b, &name_b);
	return compare(name_a, name_b) == 0 && compare(schema_a[0] ? schema_a : session->default_schema,
						       schema_b[0] ? schema_b : session->default_schema) == 0;
}

struct staging *stage_find(const struct session *session, const char *table)
{
	struct staging *stage = session->stages;

	while (stage && !same_table(session, stage->table, table))
		stage = stage->next;
	return stage;
}

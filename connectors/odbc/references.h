/* references.h - who references a table: the foreign keys of other tables that lead to it, and what they do when its rows go.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_REFERENCES_H
#define PENSTOCK_ODBC_REFERENCES_H

#include <stdbool.h>
#include <stddef.h>

#include "connectors/odbc/session.h"

struct reference {
	char *constraint;      /* its name; empty where the database does not tell it (SQLite) */
	char *table;           /* the referencing table, "schema.name" or "name" */
	bool itself;           /* it is the referenced table */
	char on_delete[16];    /* "NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT" */
	char on_update[16];
	char **columns;        /* count names, of the referencing table */
	char **parent_columns; /* count names, of the referenced one; an empty one where that table is not there to tell */
	size_t count;
};

struct references {
	struct reference *items;
	size_t count;
};

/* The keys that lead to table ("schema.name" or "name"). Fills out; free with references_fini. */
int references_read(struct session *session, const char *table, struct references *out, struct error *error) MUST_CHECK;
void references_fini(struct references *references);

/* True where such an action changes rows of the referencing table. */
bool reference_acts(const char *action);

/* "constraint \"c\" of table t", or "the foreign key (a, b) of table t" where it has no name. Returns out. */
const char *reference_text(const struct reference *reference, char *out, size_t size);

#endif

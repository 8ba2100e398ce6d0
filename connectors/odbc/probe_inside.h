/* probe_inside.h - which of some keys are in a table of SQLite: one statement of constant text over the batch, which the database reads in
 * this process.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_PROBE_INSIDE_H
#define PENSTOCK_ODBC_PROBE_INSIDE_H

#include "connectors/odbc/catalog.h"
#include "connectors/odbc/session.h"
#include "engine/core/batch.h"

struct probe_inside;

/* *out stays NULL where the session has no such database, or not for so many columns. Prepares nothing yet. what is borrowed, the other
 * arguments as of probe_open. */
int probe_inside_open(struct probe_inside **out, struct session *session, const char *what, const struct catalog *table,
	const char *const *columns, const struct field *const *fields, size_t count, struct error *error) MUST_CHECK;
void probe_inside_close(struct probe_inside *probe); /* NULL is fine */

/* As probe_rows; 1: nothing was asked, as where the database has a table of its own by the name of what is shown. */
int probe_inside_rows(struct probe_inside *probe, const struct batch *batch, const size_t *in_columns, const uint32_t *rows, size_t count,
	bool *found, struct error *error) MUST_CHECK;

#endif

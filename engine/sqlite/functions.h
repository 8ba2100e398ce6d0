/* functions.h - which functions of SQLite a transform may call: those that give the same for the same values, whenever they are called.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_SQLITE_FUNCTIONS_H
#define PENSTOCK_SQLITE_FUNCTIONS_H

#include <sqlite3.h>
#include <stdbool.h>

#include "engine/core/error.h"

/* Names of those that may be called, NULL at the end. */
extern const char *const functions_allowed[];

/* Why this one may not be called, for people; NULL: it may. Names are those that SQLite has them by, case aside. */
const char *functions_refusal(const char *name);

/* Functions of dates that refuse the clock ('now', no time at all) and the machine's time zone, whatever value asks for it. They are SQLite's own,
 * called on a connection beside. Their texts have the subtype ROWS_CANONICAL. */
struct dates;
struct dates *dates_add(sqlite3 *db, struct error *error) MUST_CHECK; /* NULL and error */
bool dates_refused(const struct dates *dates);                          /* whether one has done so */
void dates_free(struct dates *dates);                                   /* after the connection was closed; NULL is fine */

#endif

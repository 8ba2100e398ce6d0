/* dataset.h - what a table behind a connection is called where data of many systems is catalogued.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_DATASET_H
#define PENSTOCK_ODBC_DATASET_H

#include <stdbool.h>
#include <stddef.h>

/* By the naming conventions of OpenLineage, from the connection string alone, of which user and password are never part:
 *
 *   postgres://HOST:PORT  DATABASE.SCHEMA.TABLE      mysql://HOST:PORT  DATABASE.TABLE
 *   mssql://HOST:PORT     DATABASE.SCHEMA.TABLE      sqlite:///PATH     TABLE          odbc://DSN  TABLE (a DSN, whose settings are elsewhere)
 *
 * table: "name" or "schema.name". False where the string cannot be read, or a name has no room. */
bool odbc_dataset(const char *connect, const char *table, char *space, size_t space_size, char *name, size_t name_size);

#endif

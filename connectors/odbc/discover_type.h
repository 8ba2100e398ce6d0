/* discover_type.h - the type of the dictionary that holds all values of a column.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_DISCOVER_TYPE_H
#define PENSTOCK_ODBC_DISCOVER_TYPE_H

#include "connectors/odbc/catalog.h"
#include "connectors/odbc/dialect.h"

struct discovered_type {
	const char *type;     /* "string", "number", ... */
	const char *format;   /* NULL: none */
	unsigned max_length;  /* 0: none */
	int precision, scale; /* precision 0: none */
	const char *note;     /* why it is only this; NULL: nothing to say. The declared type belongs behind it. */
};

struct discovered_type discover_type(const struct dialect *dialect, const struct catalog_column *column);

/* True where values of both compare the same way in a dictionary. */
bool discovered_alike(const struct discovered_type *a, const struct discovered_type *b);

#endif

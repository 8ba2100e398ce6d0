/* version.c - the version of unixODBC.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/odbc/version.h"

/* The driver manager tells only on an open connection; configure asked pkg-config when this was built. */
#define TEXT(x) #x
#define EXPANDED(x) TEXT(x)

const char *odbc_library_version(void)
{
#ifdef PENSTOCK_ODBC_VERSION
	return EXPANDED(PENSTOCK_ODBC_VERSION);
#else
	return "unknown";
#endif
}

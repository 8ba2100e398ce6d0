/* version.h - which unixODBC this program uses.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_VERSION_H
#define PENSTOCK_ODBC_VERSION_H

/* Static text; never NULL. */
const char *odbc_library_version(void);

#endif

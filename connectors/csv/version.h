/* version.h - which libcsv this program uses.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CSV_VERSION_H
#define PENSTOCK_CSV_VERSION_H

/* Static text; never NULL. */
const char *csv_library_version(void);

#endif

/* version.c - the version of libcsv.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/csv/version.h"

#include <csv.h>

#define TEXT(x) #x
#define DOTTED(major, minor, release) TEXT(major) "." TEXT(minor) "." TEXT(release)

/* The library does not tell; its header, at build time, does. */
const char *csv_library_version(void)
{
	return DOTTED(CSV_MAJOR, CSV_MINOR, CSV_RELEASE);
}

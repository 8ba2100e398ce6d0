/* csv_oracle.h - a second reading of CSV, slow and simple, that shares nothing with the one under test but its results.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_TESTS_SUPPORT_CSV_ORACLE_H
#define PENSTOCK_TESTS_SUPPORT_CSV_ORACLE_H

#include "tests/support/csv_seen.h"

/* What must be seen of data (header: false; how->path is not looked at). Rescans after every record that is given
 * up, so its time is the size of the data times limits.record. */
void csv_oracle(const struct csv_case *how, const char *data, size_t size, struct csv_seen *seen);

#endif

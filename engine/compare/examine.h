/* examine.h - one Avro file, decoded to its end and held against what its manifest says.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_COMPARE_EXAMINE_H
#define PENSTOCK_COMPARE_EXAMINE_H

#include <jansson.h>

#include "connectors/avro/manifest.h"
#include "engine/core/cancel.h"

/* Gives an entry of "tables" in the report of verify.h. table NULL: there is nothing to hold it against. NULL and error where memory ran out
 * or the work was cancelled; whatever is wrong with the file is in the report. */
json_t *examine_file(const char *path, const struct manifest_table *table, struct cancel *cancel, struct error *error) MUST_CHECK;

/* The resource of a table: of its manifest where that has one, else of the file itself. NULL and error. */
json_t *examine_resource(const char *path, const struct manifest_table *table, struct error *error) MUST_CHECK;

/* SHA-256 of a whole file, and its size. ERROR_SOURCE. */
int examine_hash(const char *path, struct cancel *cancel, uint64_t *size, char hash[SHA256_HEX_SIZE], struct error *error) MUST_CHECK;

/* Rows, total and columns of what was read against what was promised; each difference is added to problems. -1: out of memory. */
int examine_prints(const struct fingerprints *read, const struct manifest_table *table, json_t *problems) MUST_CHECK;

#endif

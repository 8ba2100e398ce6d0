/* csv.h - the CSV source.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How a file is read: window (its bytes) -> frame (where a record ends) -> split (its cells) -> fill (a row of a batch);
 * reader.h puts them together.
 */
#ifndef PENSTOCK_CONNECTORS_CSV_CSV_H
#define PENSTOCK_CONNECTORS_CSV_CSV_H

#include "connectors/csv/style.h"
#include "connectors/file/source.h"
#include "engine/core/source.h"

/* What an instance of the source is; all of it but `files` are options. */
struct csv_source {
	struct file_source file;
	struct csv_options options;
};

/* `type: csv`. Its positions are "BYTE_OFFSET:RECORDS:LINE": the offset of the next record, how many were read before it,
 * and the line on which it begins. */
extern const struct source_ops csv_source_ops;

#endif

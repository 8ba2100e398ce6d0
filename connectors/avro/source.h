/* source.h - the Avro source.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How a file is read: container (its blocks) -> decode (records into rows: match, cell, scalar, nested); reader puts them together,
 * promise finds the file and what its manifest says of it.
 */
#ifndef PENSTOCK_AVRO_SOURCE_H
#define PENSTOCK_AVRO_SOURCE_H

#include "engine/core/source.h"

/* `type: avro`. Its positions are "BLOCK:INDEX:RECORDS": the offset of the block of the next record, how many of its records come before
 * it, and how many of the file. */
extern const struct source_ops avro_source_ops;

#endif

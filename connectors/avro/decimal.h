/* decimal.h - decimals of Avro: big-endian two's complement of any length (Avro 1.11, "Decimal").
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_AVRO_DECIMAL_H
#define PENSTOCK_AVRO_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/value.h"

/* Longer numbers are refused: of 48 bytes, with up to 255 digits behind the point. */
enum { AVRO_DECIMAL_BYTES = 48, AVRO_DECIMAL_SCALE = 255, AVRO_DECIMAL_TEXT = 512 };

/* False where there are no bytes, or more than 128 bits are needed. */
bool avro_decimal_read(struct text bytes, decimal_t *out);

/* value / 10^from as a value of this precision and scale; false where it is none exactly. */
bool avro_decimal_rescale(decimal_t value, uint32_t from, unsigned precision, unsigned scale, decimal_t *out);

/* The number as digits, terminated; its length, or 0 where it is longer than this file cares for. */
size_t avro_decimal_text(struct text bytes, uint32_t scale, char out[AVRO_DECIMAL_TEXT]);

#endif

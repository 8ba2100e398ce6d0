/* sample_pattern.h - texts that match the pattern of a field.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Private to rules/.
 */
#ifndef PENSTOCK_RULES_SAMPLE_PATTERN_H
#define PENSTOCK_RULES_SAMPLE_PATTERN_H

#include "rules/sample.h"

/* The k-th text that matches, another one for each k as far as there are so many. length: of so many characters; UINT64_MAX: of as many as the
 * field's rules allow. False: none was found. */
bool sample_pattern(const struct field_rules *rules, unsigned k, uint64_t length, struct sample *out);

#endif

/* style.h - what a CSV source and a CSV sink demand alike of their options.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CSV_STYLE_H
#define PENSTOCK_CSV_STYLE_H

#include "engine/core/error.h"

/* Each returns 0, or -1 and ERROR_CONFIG. what: "csv source", for messages. */
int csv_check_path(const char *path, const char *what, struct error *error) MUST_CHECK;
int csv_check_characters(const char *path, char delimiter, char quote, struct error *error) MUST_CHECK;

#endif

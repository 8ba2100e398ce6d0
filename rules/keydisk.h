/* keydisk.h - sets of keys in a temporary file, for those that are too large for memory. Over SQLite.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One file for all sets of a judge, made when the first key goes into it, unlinked at once, in the folder that
 * SQLITE_TMPDIR or TMPDIR names. Its cache is bounded, so memory stays flat at any number of keys.
 */
#ifndef PENSTOCK_RULES_KEYDISK_H
#define PENSTOCK_RULES_KEYDISK_H

#include "rules/keyvalue.h"

struct keydisk;
struct keyfile; /* one set */

/* NULL and error. */
struct keydisk *keydisk_open(struct error *error) MUST_CHECK;
void keydisk_close(struct keydisk *disk);

/* An empty set; belongs to disk, which outlives it. NULL and error. */
struct keyfile *keyfile_open(struct keydisk *disk, enum key_kind kind, struct error *error) MUST_CHECK;
void keyfile_close(struct keyfile *file);

/* Each returns 0 or -1 and error (ERROR_RESOURCE when there is no space left). Adding what is there is right. */
int keyfile_has(struct keyfile *file, const struct keyvalue *key, bool *out, struct error *error) MUST_CHECK;
int keyfile_add(struct keyfile *file, const struct keyvalue *key, struct error *error) MUST_CHECK;

#endif

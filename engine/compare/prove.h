/* prove.h - restores a backup into a scratch database and holds what came of it against the manifest; and the note that this was done.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_COMPARE_PROVE_H
#define PENSTOCK_COMPARE_PROVE_H

#include <jansson.h>

#include "connectors/avro/manifest.h"
#include "engine/core/cancel.h"

/* Restores every table of the backup in folder into an SQLite database in a folder of its own below $TMPDIR, which is removed in any case.
 * What differs is added to the "problems" of the table in tables (of the report of verify.h, in the manifest's order), its result becomes
 * "different". Returns 0; -1 and error where the restore itself failed: ERROR_BOOKS where it was refused for its content. */
int prove_restore(const struct manifest *manifest, const char *folder, json_t *tables, struct cancel *cancel, struct error *error) MUST_CHECK;

/* Writes folder/PROOF_NAME, complete or not at all. ERROR_SINK. */
int proof_write(const struct manifest *manifest, const char *folder, struct error *error) MUST_CHECK;

/* Takes the note away, since the backup was found not to hold. Where it cannot be, as on a medium that is read-only, it stays. */
void proof_withdraw(const char *folder);

/* What the note says, with "holds" set to whether the manifest is still the one that was proven; JSON null where there is no note. NULL and error
 * where it is there and is none. */
json_t *proof_read(const char *folder, struct error *error) MUST_CHECK;

#endif

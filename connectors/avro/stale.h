/* stale.h - removes backups that never ended.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_AVRO_STALE_H
#define PENSTOCK_AVRO_STALE_H

#include <stdint.h>

enum { STALE_AGE_HOURS = 24 };

/* Removes each folder in folder whose name is the id of a run, that holds nothing but Avro files, the rejects of a step beside its file, temporary files
 * and a manifest's checksum, where the id and every file are older than a day (now_us: microseconds since 1970), and that no living run holds (flock).
 * Follows no symbolic link. Whatever it cannot look into or remove stays: that is no reason for a backup to fail. */
void stale_remove(const char *folder, int64_t now_us);

/* Says to others that a run is writing into the folder, until the descriptor is closed. -1 where the system has no such lock; not an error. */
int stale_hold(const char *folder);

#endif

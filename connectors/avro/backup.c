/* backup.c - the folder that one run writes its backup into, and which backups there are.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connectors/avro/keep.h"
#include "connectors/avro/runid.h"
#include "connectors/avro/stale.h"
#include "engine/core/clock.h"
#include "engine/core/folder.h"
#include "engine/core/plural.h"

struct backup {
	char folder[FOLDER_PATH_MAX];
	struct manifest *manifest;
	json_t *expected; /* names of tables that are begun and not added yet */
	int held;         /* stale_hold, or -1 */
	struct keep keep;
	uint64_t rejected; /* records of its tables that are not in it */
	struct shared *shared; /* borrowed: it closes this */
};

static void backup_close(void *part)
{
	struct backup *backup = part;

	/* Of a backup that never wrote a file nothing stays. */
	if (!manifest_exists(backup->folder))
		rmdir(backup->folder);
	if (backup->held >= 0)
		close(backup->held);
	json_decref(backup->expected);
	manifest_free(backup->manifest);
	free(backup);
}

static int backup_finish(void *part, struct error *error)
{
	struct backup *backup = part;
	const char *missing = json_object_iter_key(json_object_iter(backup->expected));
	char above[FOLDER_PATH_MAX];

	if (missing)
		return error_set(error, ERROR_SINK, backup->folder,
			"table %s was not written to its end, so the backup stays incomplete: no manifest is written", missing);
	if (folder_of(backup->folder, above, error) < 0 || manifest_write(backup->manifest, backup->folder, error) < 0)
		return -1;
	if (folder_sync(above, error) < 0)
		return -1;
	if (backup->rejected > 0) {
		/* Nobody knows yet whether it can stand in for an older one. */
		shared_tell(backup->shared, "warning", "the backup %s lacks %" PRIu64 " %s rejected; with max_rejects: 0 it would not have been made", backup->folder,
			backup->rejected, plural(backup->rejected, "record, which was", "records, which were"));
		if (backup->keep.given)
			shared_tell(backup->shared, "warning", "keep: nothing was removed, since the backup is not whole");
		return 0;
	}
	return keep_apply(&backup->keep, above, backup->manifest->pipeline, backup->manifest->run_id, backup->shared, error);
}

static const struct shared_ops part_ops = { .finish = backup_finish, .close = backup_close };

static struct backup *backup_new(const char *folder, const char *run_id, const char *pipeline, struct error *error)
{
	struct backup *backup = calloc(1, sizeof *backup);
	char above[FOLDER_PATH_MAX];

	if (!backup) {
		error_memory(error, "a backup");
		return NULL;
	}
	snprintf(backup->folder, sizeof backup->folder, "%s", folder);
	backup->held = -1;
	backup->expected = json_object();
	backup->manifest = manifest_new(run_id, pipeline, error);
	if (!backup->expected)
		error_memory(error, "a backup");
	else if (backup->manifest && folder_make(folder, error) == 0 && folder_of(folder, above, error) == 0) {
		backup->held = stale_hold(folder);
		stale_remove(above, clock_wall_us());
		if (!manifest_exists(folder))
			return backup;
		error_set(error, ERROR_SINK, folder, "a complete backup is there already");
	}
	backup_close(backup);
	return NULL;
}

struct backup *backup_begin(struct shared *shared, const char *folder, const char *run_id, const char *pipeline, const struct keep *keep,
	struct error *error)
{
	char resolved[FOLDER_PATH_MAX], key[FOLDER_PATH_MAX + 16];
	struct backup *backup;

	if (folder_resolve(folder, resolved, error) < 0)
		return NULL;
	if (strcmp(folder_last(resolved), run_id) != 0 || !runid_read(run_id, NULL)) {
		error_set(error, ERROR_CONFIG, folder, "the folder of a backup is named by its run, %s, as in ${params.folder}/${run.id}", run_id);
		return NULL;
	}
	snprintf(key, sizeof key, "avro backup %s", resolved);
	backup = shared_find(shared, key);
	if (backup && !keep_same(&backup->keep, keep)) {
		error_set(error, ERROR_CONFIG, folder, "the tables of one backup have the same `keep`");
		return NULL;
	}
	if (backup)
		return backup;
	backup = backup_new(resolved, run_id, pipeline, error);
	if (backup) {
		backup->keep = *keep;
		backup->shared = shared;
	}
	if (!backup || shared_add(shared, key, backup, &part_ops, error) < 0)
		return NULL;
	return backup;
}

int backup_expect(struct backup *backup, const char *table, struct error *error)
{
	if (manifest_find(backup->manifest, table))
		return error_set(error, ERROR_CONFIG, backup->folder, "table %s stands in the backup already: a backup holds a table once", table);
	return json_object_set_new(backup->expected, table, json_true()) < 0 ? error_memory(error, "a backup") : 0;
}

int backup_add(struct backup *backup, const struct manifest_table *table, struct error *error)
{
	backup->rejected += table->rejected;
	if (manifest_add(backup->manifest, table, error) < 0)
		return -1;
	json_object_del(backup->expected, table->name);
	return 0;
}

/* ---- which backups there are ---- */

struct found {
	char newest[RUN_ID_SIZE]; /* complete; empty: none */
	size_t complete;
	size_t incomplete;
};

static int look_through(const char *folder, struct found *out, struct error *error)
{
	DIR *entries = opendir(folder);
	const struct dirent *entry;
	char path[FOLDER_PATH_MAX];

	*out = (struct found){ .complete = 0 };
	if (!entries)
		return error_errno(error, ERROR_SOURCE, folder, errno, "the folder of the backups cannot be read");
	while (errno = 0, (entry = readdir(entries))) {
		if (!runid_read(entry->d_name, NULL) || snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path)
			continue;
		if (!manifest_exists(path)) {
			out->incomplete++;
			continue;
		}
		out->complete++;
		if (strcmp(entry->d_name, out->newest) > 0)
			memcpy(out->newest, entry->d_name, RUN_ID_SIZE);
	}
	int number = errno;
	closedir(entries);
	return number ? error_errno(error, ERROR_SOURCE, folder, number, "the folder of the backups cannot be read") : 0;
}

/* backup: the one that was asked for; NULL: any. */
static int refuse(const char *folder, const char *backup, const struct found *found, struct error *error)
{
	char path[FOLDER_PATH_MAX];
	bool there = backup && snprintf(path, sizeof path, "%s/%s", folder, backup) < (int)sizeof path && access(path, F_OK) == 0;

	if (there)
		return error_set(error, ERROR_SOURCE, path, "the backup never ended: it has no " MANIFEST_NAME "%s%s",
			found->complete ? "; the newest complete one is " : "", found->newest);
	if (backup && found->complete)
		return error_set(error, ERROR_SOURCE, folder, "there is no backup %s; of the %zu complete ones the newest is %s", backup,
			found->complete, found->newest);
	return error_set(error, ERROR_SOURCE, folder, "there is no complete backup in this folder (%zu that never ended)", found->incomplete);
}

int backup_find(const char *folder, const char *backup, char run_id[RUN_ID_SIZE], struct error *error)
{
	struct found found;
	char path[FOLDER_PATH_MAX];
	bool latest = strcmp(backup, "latest") == 0;

	if (!latest && !runid_read(backup, NULL))
		return error_set(error, ERROR_SOURCE, folder, "\"%s\" is no backup: it must be the id of a run, or latest", backup);
	if (!latest && snprintf(path, sizeof path, "%s/%s", folder, backup) < (int)sizeof path && manifest_exists(path)) {
		memcpy(run_id, backup, RUN_ID_SIZE);
		return 0;
	}
	if (look_through(folder, &found, error) < 0)
		return -1;
	if (!latest || !found.complete)
		return refuse(folder, latest ? NULL : backup, &found, error);
	memcpy(run_id, found.newest, RUN_ID_SIZE);
	return 0;
}

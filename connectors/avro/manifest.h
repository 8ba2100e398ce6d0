/* manifest.h - what a backup holds: one folder a run, a file a table, and manifest.json that makes it complete.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   FOLDER/RUN_ID/TABLE.avro ...   FOLDER/RUN_ID/manifest.json.sha256   FOLDER/RUN_ID/manifest.json (renamed into place last)
 *
 * A folder without manifest.json is a backup that never ended; nobody reads it, and one older than a day is removed by the next backup into FOLDER.
 */
#ifndef PENSTOCK_AVRO_MANIFEST_H
#define PENSTOCK_AVRO_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/fingerprint.h"
#include "engine/core/shared.h"
#include "engine/core/store.h"

struct manifest_table {
	char *name;               /* of the dictionary */
	char *file;               /* beside the manifest: "jobs.avro" */
	uint64_t rows;
	uint64_t rejected;        /* records that were read and are not in it */
	uint64_t size;            /* bytes of the file */
	char sha256[SHA256_HEX_SIZE];
	char dictionary_hash[SHA256_HEX_SIZE];
	char *isolation;          /* what the reading saw; empty where the source is no database */
	bool by_key;
	char **columns;           /* prints.count names */
	char **types;             /* "integer", "string", ... */
	struct fingerprints prints;
	char *schema;             /* Table Schema descriptor of the table, JSON: {"name": ..., "schema": {...}} as a resource */
};

struct manifest {
	char run_id[RUN_ID_SIZE];
	char *pipeline;
	char *created_at;         /* RFC 3339, UTC */
	char *isolation;          /* of the whole: of its tables where they agree and share a snapshot */
	struct manifest_table *tables;
	size_t count;
};

enum { MANIFEST_FORMAT = 1, MANIFEST_BYTES_MAX = 64 << 20, MANIFEST_TABLES_MAX = 10000,
	MANIFEST_REAL_DIGITS = 15 /* of numbers in a descriptor: 0.1 stays 0.1 */ };

#define MANIFEST_NAME "manifest.json"
#define MANIFEST_SUM_NAME "manifest.json.sha256"
#define PROOF_NAME "proof.json" /* the note that the backup was restored and found equal */

/* Reads FOLDER/manifest.json, checks it against manifest.json.sha256. ERROR_SOURCE where it is missing or damaged, naming the file. NULL and error. */
struct manifest *manifest_read(const char *folder, struct error *error) MUST_CHECK;
void manifest_free(struct manifest *manifest);
const struct manifest_table *manifest_find(const struct manifest *manifest, const char *table);

/* A manifest without tables, made now. Texts are copied. NULL and error when out of memory. */
struct manifest *manifest_new(const char *run_id, const char *pipeline, struct error *error) MUST_CHECK;
/* Adds a copy. ERROR_CONFIG where a table or a file of that name is in it already, or its schema is no JSON object. */
int manifest_add(struct manifest *manifest, const struct manifest_table *table, struct error *error) MUST_CHECK;
/* Writes manifest.json.sha256 and then manifest.json into folder, each complete or not at all. ERROR_SINK. */
int manifest_write(const struct manifest *manifest, const char *folder, struct error *error) MUST_CHECK;

/* True where folder/manifest.json is there. */
bool manifest_exists(const char *folder);

/* True where folder/proof.json says that this very manifest was proven. What cannot be read proves nothing. */
bool manifest_proven(const char *folder);

/* The newest complete backup below folder (by the time in its run id, a UUIDv7): its run id; or, with backup no "latest", that one if it is there and complete.
 * ERROR_SOURCE that says what there is instead. */
int backup_find(const char *folder, const char *backup, char run_id[RUN_ID_SIZE], struct error *error) MUST_CHECK;

/* Adds a table to the backup that this run writes in folder (which it makes, with the folders above it; begun before by backup_begin). Copies. */
struct backup;

/* The backup of this run in folder (".../RUN_ID"), through shared: made at the first call of a run. Creates the folder, removes incomplete backups beside it
 * that are older than a day (by their run id and the time of their newest file). Its finish writes manifest.json.sha256 and manifest.json, and removes
 * what keep does not. NULL and ERROR_SINK; ERROR_CONFIG where keep is not that of the first call. */
struct keep;
struct backup *backup_begin(struct shared *shared, const char *folder, const char *run_id, const char *pipeline, const struct keep *keep,
	struct error *error) MUST_CHECK;
/* A table whose file is begun: until it is added the backup cannot become complete. ERROR_CONFIG where the backup holds it already. */
int backup_expect(struct backup *backup, const char *table, struct error *error) MUST_CHECK;
/* Where records of it were rejected, the run says so at its end, and `keep` removes nothing. */
int backup_add(struct backup *backup, const struct manifest_table *table, struct error *error) MUST_CHECK;

#endif

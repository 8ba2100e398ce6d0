/* side.h - one side of a comparison: what an argument names, which tables it has, and how they are read.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   FILE.csv   FILE.avro   FOLDER of a backup, or of several: the newest complete one   CONNECTION#TABLE   CONNECTION
 */
#ifndef PENSTOCK_COMPARE_SIDE_H
#define PENSTOCK_COMPARE_SIDE_H

#include "connectors/avro/manifest.h"
#include "engine/compare/descriptor.h"
#include "engine/compare/pull.h"

enum side_kind { OF_CSV = 1, OF_AVRO, OF_BACKUP, OF_DATABASE };

/* How well a side knows the types of its columns, worst first. */
enum side_rank { RANK_TEXT = 0, RANK_SQLITE, RANK_MARIADB, RANK_DATABASE, RANK_AVRO, RANK_DICTIONARY };

struct side_table {
	char *name;             /* by which tables of two sides are matched */
	char *place;            /* path of its file, or the table as the database knows it */
	const json_t *resource; /* what the side itself says of it (descriptor.h); NULL: nothing. Borrowed from the side */
};

struct side {
	enum side_kind kind;
	enum side_rank rank;
	char *title;            /* for people */
	bool one;               /* it is one table, whatever that is called */
	bool header;            /* of a CSV file */
	struct side_table *tables;
	size_t count;
	json_t *resources;
	struct manifest *manifest; /* OF_BACKUP */
	char *folder;              /* OF_BACKUP: of the manifest */
	struct connection_target connection; /* OF_DATABASE; its name is NULL for others */
	struct shared *shared;
	struct cancel *cancel;
};

struct side_options {
	const char *table;      /* NULL: the tables that are there; else this one, and the name of a side that is one table */
	bool header;
	struct cancel *cancel;
};

/* Looks at what argument names: kinds, tables, columns; of a database the catalog. ERROR_CONFIG where it names nothing of these, ERROR_SOURCE,
 * ERROR_SINK. side_close in any case. */
int side_open(struct side *side, const char *argument, const struct side_options *options, struct error *error) MUST_CHECK;
void side_close(struct side *side);

/* NULL where there is none. */
const struct side_table *side_find(const struct side *side, const char *name);

/* A pull of one of its tables under package, which has one table of that name (descriptor_package). ignore: names of columns that are left
 * out. */
int side_pull(const struct side *side, const struct side_table *table, const char *package, const char *name, const json_t *ignore,
	struct pull *pull, struct error *error) MUST_CHECK;

#endif

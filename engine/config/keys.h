/* keys.h - the keys of a pipeline file that the engine itself knows, as option tables; connectors bring their own.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is a map or a list of maps is walked by hand; everything else is bound through these tables.
 */
#ifndef PENSTOCK_CONFIG_KEYS_H
#define PENSTOCK_CONFIG_KEYS_H

#include "engine/core/limits.h"
#include "engine/core/option.h"

/* params: NAME: {...} */
struct param_keys {
	const char *fallback;
	const char *description;
	struct option_list values;
	const char *pattern;
	int type; /* index into declared_names */
	bool request;
	bool upload;
};
extern const struct option keys_of_param[];

/* connections: NAME: {...} */
struct connection_keys {
	const char *type;
	const char *connect;
	int64_t lock_timeout_ms;
};
extern const struct option keys_of_connection[];

/* connections: NAME: state: {...}; the first table has the key `state` alone. */
struct state_keys {
	const char *schema;
};
extern const struct option key_state[];
extern const struct option keys_of_state[];

/* limits: bound into struct limits. */
extern const struct option keys_of_limits[];

/* rules: */
enum { CHECK_ALL = 0, CHECK_TYPES };
enum { VIOLATION_REJECT = 0, VIOLATION_ABORT };
struct rules_keys {
	const char *table;
	int check;
	int on_violation;
	const char *max_rejects; /* NULL: not given */
	struct option_map columns;
};
extern const struct option keys_of_rules[];

/* transform: */
extern const struct option keys_of_transform[];

/* source: and sink: beside those of their connector. */
struct type_key {
	const char *type;
};
extern const struct option key_type[];

/* commit: { ... } */
struct commit_keys {
	int64_t rows, every;
};
extern const struct option keys_of_commit[];

/* rejects: */
struct rejects_keys {
	const char *type;
	const char *connection; /* the connection string; only compared */
	const char *path;
};
extern const struct option keys_of_rejects[];
extern const char *const rejects_types[];

/* schedule: */
struct schedule_keys {
	const char *cron;
	const char *timezone;
	int overlap; /* enum schedule_overlap */
	int missed;  /* enum schedule_missed */
};
extern const struct option keys_of_schedule[];

/* on_failure: bound into struct plan_failure. */
extern const struct option keys_of_failure[];

/* Words that stand at the top of a pipeline file, and in a step; NULL at the end. */
extern const char *const keys_of_pipeline[];
extern const char *const keys_of_step[];

#endif

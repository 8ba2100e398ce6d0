/* serve.h - the serve file: where `penstock serve` listens, who may do what, which pipelines it offers, and its limits.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is unsafe is refused when the file is read: without keys nothing but loopback; beyond loopback keys and one of behind_proxy and
 * plaintext, since nothing here speaks TLS.
 */
#ifndef PENSTOCK_CONFIG_SERVE_H
#define PENSTOCK_CONFIG_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/batch.h"
#include "engine/core/diagnostics.h"
#include "engine/core/lineage.h"

enum { SERVE_KEYS_MAX = 1000, SERVE_SCOPES_MAX = 64, SERVE_PIPELINES_MAX = 256, SERVE_HOSTS_MAX = 64, SERVE_NAME_MAX = 64 };

struct service_limits {
	uint64_t body;        /* bytes of one; 16 MiB */
	uint64_t bodies;      /* bytes of all in flight; 64 MiB */
	uint64_t upload;      /* bytes of one; 1 GiB */
	uint64_t connections; /* 1,100 */
	uint64_t workers;     /* threads that run handlers; 0: twice the cores, at least 32 */
	uint64_t queue;       /* requests that wait for one; 256 */
	uint64_t runs;        /* pipelines that run at once; 2 */
	uint64_t run_queue;   /* that wait; 16 */
	uint64_t streams;     /* answers that go on, each with the thread of its connection; 64 */
	int64_t header_ms;    /* for the head of a request, and how long a connection may be idle; 10 s */
	int64_t body_ms;      /* for a whole body; 60 s, uploads 1 h */
	int64_t upload_ms;
	int64_t answer_ms;    /* for a reader to take an answer; 60 s */
};

/* Token buckets. */
struct serve_rates {
	int64_t requests;       /* a second, for each key (without keys: each client address) */
	int64_t burst;
	int64_t failures;       /* requests a second with a wrong key or none, for each client address */
	int64_t failure_burst;
};

struct serve_key {
	const char *name;         /* unique; letters, digits, - _ . */
	char sha256[SHA256_HEX_SIZE]; /* of the key's text, lower case */
	const char *const *scopes; /* "VERB:PIPELINE", either may be * */
	size_t scope_count;
	const struct node *node;   /* of the scopes, or NULL; for messages; lives as long as the file */
};

struct serve_pipeline {
	const char *path;         /* relative to the serve file, as it can be opened */
	const struct node *node;  /* for messages; lives as long as the file */
};

struct serve_file {
	const char *listen;       /* as written */
	const char *address;      /* numeric: "127.0.0.1", "::1", without brackets */
	unsigned port;            /* 0: any free one */
	bool loopback, any;       /* the address is one of loopback; is 0.0.0.0 or :: */
	const struct serve_key *keys;
	size_t key_count;
	const struct serve_pipeline *pipelines;
	size_t pipeline_count;
	const char *const *hosts; /* lower case, without a port */
	size_t host_count;
	bool behind_proxy, plaintext;
	bool console;             /* its files are served */
	struct service_limits limits;
	struct serve_rates rates;
	struct lineage_target lineage; /* of the runs of the service */
};

/* The verbs that stand in a scope, NULL at the end. */
extern const char *const serve_verbs[];

/* Reads and checks a serve file; the pipelines are not opened. NULL when diagnostics got an error. Free with serve_file_free. */
const struct serve_file *serve_file_load(const char *file, struct diagnostics *diagnostics);
void serve_file_free(const struct serve_file *file);

#endif

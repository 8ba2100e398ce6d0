/* load.h - from files to a plan: reads a pipeline file and its dictionary, interpolates, binds options, compiles.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONFIG_LOAD_H
#define PENSTOCK_CONFIG_LOAD_H

#include "engine/core/diagnostics.h"
#include "engine/core/plan.h"
#include "rules/dictionary.h"

struct load_options {
	const char *const *sets;  /* "k=v" of --set, in order; the last of a name counts */
	size_t set_count;
	bool request;             /* they come from a request: only params declared `request: true`, none in a connection, and what is made
	                             of them leads out of no folder */
};

struct pipeline; /* owns the plan, its dictionary and all their texts */

/* Reads, checks and plans a pipeline file. NULL when diagnostics got an error. No I/O beyond the files it names (no
 * connection is opened; sources are not looked at). */
struct pipeline *pipeline_load(const char *file, const struct load_options *options, struct diagnostics *diagnostics);
/* The same from JSON texts, for parts of the program that run a pipeline of their own: one that reads a table to compare it, say. name
 * stands for the file in messages. dictionary is a Data Package descriptor, or NULL where the pipeline names its file. The pipeline
 * is interpolated as files are, so a text that must stay as it is goes through pipeline_quote first. A text with a secret in it is
 * the caller's to wipe. */
struct pipeline *pipeline_load_text(const char *name, const char *text, const char *dictionary, struct diagnostics *diagnostics);
void pipeline_free(struct pipeline *pipeline);
/* From now on it takes one pipeline_free more; from any thread. */
void pipeline_hold(struct pipeline *pipeline);

/* Text that comes out of the interpolation as text is: malloc'd, NULL when out of memory. */
char *pipeline_quote(const char *text);

const struct plan *pipeline_plan(const struct pipeline *pipeline);
const struct dictionary *pipeline_dictionary(const struct pipeline *pipeline); /* NULL where it names none */
struct params;
const struct params *pipeline_params(const struct pipeline *pipeline); /* see params.h; their places are no longer valid */

/* Reads a dictionary file (YAML or JSON). NULL when diagnostics got an error. Free with dictionary_free. */
struct dictionary *dictionary_read(const char *file, struct diagnostics *diagnostics);
/* The same from a JSON text; name stands for the file in messages. */
struct dictionary *dictionary_read_text(const char *name, const char *text, struct diagnostics *diagnostics);

/* Appends a dictionary file as JSON, after it was read and checked as above. Returns 0, or -1 when diagnostics got an error. */
struct buffer;
int dictionary_to_json(const char *file, struct buffer *out, struct diagnostics *diagnostics);

/* True when the document is a dictionary (has resources and no steps), for `penstock validate`. */
bool document_is_dictionary(const struct node *root);

/* True when it is a serve file (has pipelines and no steps). */
bool document_is_serve_file(const struct node *root);

/* Parses a YAML or JSON file (the latter by its name, *.json) within the limits (1 MiB, depth 64, aliases bounded,
 * duplicate keys refused). NULL and error with file:line:column. Free with node_free; the nodes borrow file. */
struct node *document_parse(const char *file, struct error *error);

/* A CONNECTION argument of a command: "pipeline.yaml:name", "env:NAME" or "file:PATH" -> the connection string
 * (malloc'd, secret). A string that holds a password is refused with that hint. Returns 0 or -1 (ERROR_CONFIG). */
int connection_resolve(const char *argument, char **connect, struct error *error) MUST_CHECK;

/* The same with all that a pipeline says of the connection. */
struct connection_target {
	char *name;              /* for messages: the name in the pipeline, or the argument */
	char *connect;           /* secret */
	char *state_schema;      /* NULL: default; always so for env: and file: */
	int64_t lock_timeout_ms;
};
int connection_target_init(struct connection_target *target, const char *argument, struct error *error) MUST_CHECK;
void connection_target_fini(struct connection_target *target); /* wipes the string; may be called twice */

#endif

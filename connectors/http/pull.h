/* pull.h - the http source with a url: page after page, each fetched whole before its first record is given on.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Made of libcurl (pull.c and what it uses), or, in a build without it, of a word about that (pull_absent.c).
 */
#ifndef PENSTOCK_CONNECTORS_HTTP_PULL_H
#define PENSTOCK_CONNECTORS_HTTP_PULL_H

#include "connectors/http/options.h"
#include "engine/core/source.h"

struct pull;

/* Whether url can be read by this build at all, without I/O: ERROR_CONFIG. */
int pull_check(const struct http_options *options, struct error *error) MUST_CHECK;

/* options are borrowed. NULL and error. Nothing is asked for but by a probe. */
struct pull *pull_new(const struct http_options *options, const struct source_context *context, struct error *error) MUST_CHECK;
void pull_free(struct pull *pull);

/* As source_ops says for its hooks of these names. */
void pull_identify(const struct pull *pull, struct source_identity *out);
enum source_result pull_read(struct pull *pull, struct batch *batch, struct error *error);
int pull_explain(const struct pull *pull, struct buffer *out, struct error *error) MUST_CHECK;

/* What `penstock connectors` says of the http source. */
extern const char http_source_summary[];

/* Of libcurl, or why there is none. */
const char *http_library_version(void);

#endif

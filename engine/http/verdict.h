/* verdict.h - what an ingest request is answered with: counts, and a verdict for each row that was rejected.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_HTTP_VERDICT_H
#define PENSTOCK_HTTP_VERDICT_H

#include "engine/core/ingest.h"

/* Appends the answer of a request whose arg is its struct ingest_steps; fits ingest_request.answer. */
int verdict_write(const struct ingest_request *request, struct buffer *out, struct error *error) MUST_CHECK;

#endif

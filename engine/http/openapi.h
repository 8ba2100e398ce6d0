/* openapi.h - the service described in OpenAPI 3.1, from its routes, its pipelines and their dictionaries.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_HTTP_OPENAPI_H
#define PENSTOCK_HTTP_OPENAPI_H

#include "engine/http/service.h"

/* Appends the document as JSON. */
int openapi_write(const struct service *service, struct buffer *out, struct error *error) MUST_CHECK;

#endif

/* uploads.h - PUT /v1/pipelines/{pipeline}/files/{param}: the file that a param names is replaced by the body.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_HTTP_UPLOADS_H
#define PENSTOCK_HTTP_UPLOADS_H

#include "engine/http/service.h"

/* A handler (see struct route). The body is in the service's spool; it is copied beside the file, and takes its place at once: a run that
 * reads the older one reads it to its end. */
int uploads_put(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error);

#endif

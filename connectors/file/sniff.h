/* sniff.h - what a file says of itself in its first bytes.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_FILE_SNIFF_H
#define PENSTOCK_CONNECTORS_FILE_SNIFF_H

#include "connectors/file/window.h"

/* Steps over a UTF-8 byte order mark. ERROR_SOURCE for what cannot be text in UTF-8: another encoding's mark, or a
 * compressed file. To be called before anything is consumed. */
int sniff(struct window *window, struct error *error) MUST_CHECK;

#endif

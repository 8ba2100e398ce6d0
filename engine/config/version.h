/* version.h - which libyaml this program uses.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONFIG_VERSION_H
#define PENSTOCK_CONFIG_VERSION_H

/* Static text; never NULL. */
const char *config_library_version(void);

#endif

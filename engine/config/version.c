/* version.c - the version of libyaml.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/config/version.h"

#include <yaml.h>

const char *config_library_version(void)
{
	return yaml_get_version_string();
}

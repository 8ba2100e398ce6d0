/* version.c - penstock version.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <jansson.h>
#include <openssl/crypto.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <sqlite3.h>
#include <stdio.h>

#include "connectors/csv/version.h"
#include "connectors/http/pull.h"
#include "connectors/odbc/version.h"
#include "engine/cli/command.h"
#include "engine/config/version.h"
#include "engine/core/version.h"

static int version_main(const void *bound, const struct arguments *arguments)
{
	(void)bound;
	(void)arguments;
	char pcre2[64] = "unknown";
	if (pcre2_config(PCRE2_CONFIG_VERSION, NULL) < (int)sizeof pcre2)
		(void)pcre2_config(PCRE2_CONFIG_VERSION, pcre2);
	printf("penstock    %s\n", PENSTOCK_VERSION);
	printf("build       %s\n", PENSTOCK_BUILD);
#ifdef PENSTOCK_BUILD_DATE /* only where a second build would say the same: SOURCE_DATE_EPOCH */
	printf("date        %s\n", PENSTOCK_BUILD_DATE);
#endif
	printf("libyaml     %s\n", config_library_version());
	printf("libcsv      %s\n", csv_library_version());
	printf("unixODBC    %s\n", odbc_library_version());
	printf("jansson     %s\n", jansson_version_str());
	printf("PCRE2       %s\n", pcre2);
	printf("libcrypto   %s\n", OpenSSL_version(OPENSSL_VERSION));
	printf("SQLite      %s\n", sqlite3_libversion());
	printf("libcurl     %s\n", http_library_version());
	return 0;
}

static const char *const examples[] = {"penstock version", NULL};

const struct command command_version = {
	.name = "version",
	.summary = "print version, build, and the libraries in use",
	.description = "Prints the version of the program, the commit it was built from, and the versions of its libraries.",
	.exits = EXITS(0),
	.examples = examples,
	.run = version_main,
};

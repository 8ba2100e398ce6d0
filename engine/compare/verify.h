/* verify.h - whether a backup is what its manifest says: every file, every block, every row.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_COMPARE_VERIFY_H
#define PENSTOCK_COMPARE_VERIFY_H

#include <jansson.h>

#include "engine/core/cancel.h"
#include "engine/core/error.h"

struct verify_options {
	bool restore;          /* into a scratch database, too: then it is proven, and PROOF_NAME is written */
	struct cancel *cancel;
};

/* what: the folder of a backup, or of several (the newest complete one), or FILE.avro, which is held against the manifest beside it, where one is.
 * Gives *report, to be freed:
 *   {"verified": bool, "exit_code": 0 | 4 | 6, "path", "run_id", "created_at", "isolation" (null without a manifest), "tables": [{
 *      "name", "file", "result": "ok" | "damaged" | "missing" | "different", "rows" (read), "fingerprint", "problems": [texts]}],
 *    "files_not_listed": [names], "proof": null | {..., "holds": bool (the manifest is still that one)}, "restored": bool}
 * Returns 0 whatever was found; -1 and error where nothing can be said: no backup there, a manifest that is damaged (ERROR_SOURCE), or a
 * restore that failed for reasons of this machine. */
int verify_backup(const char *what, const struct verify_options *options, json_t **report, struct error *error) MUST_CHECK;

#endif

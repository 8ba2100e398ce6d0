#!/bin/sh
# Mistakes in pipelines and dictionaries: exit 2, with file, line and column of each, and what was probably meant.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/golden/validate.py"

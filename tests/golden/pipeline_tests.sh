#!/bin/sh
# penstock test: cases of pipeline files that pass and fail, what is said of them, what is wrong in them; and rows made for every rule that a
# dictionary can have. Nothing is read and no database is made. The tests of the shipped pipelines and the examples pass.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/golden/pipeline_tests.py"

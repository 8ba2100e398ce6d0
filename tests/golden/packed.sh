#!/bin/sh
# Files as they come: packed with gzip and zstd in every form, and in other encodings; damaged ones; interrupted loads of them.
# Python's csv and codecs and the gzip and zstd programs make them, and Python counts what must come of them.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3 gzip zstd
need_penstock
rows=${PENSTOCK_TEST_FULL:+300000}
: "${rows:=4000}"
python3 "$TOP/tests/golden/packed.py" --rows "$rows"

#!/bin/sh
# Descriptors as frictionless-py writes them are read as they are, and so are schemas in files of their own, beneath the descriptor's folder.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/golden/frictionless.py"

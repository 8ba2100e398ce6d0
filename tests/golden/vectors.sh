#!/bin/sh
# Values of every type, and constraints, judged as the tests of Frictionless say; what differs stands in vectors.txt with its reason.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
suite=${PENSTOCK_SHARED:-$TOP/../shared}/suites/frictionless-vectors
[ -d "$suite" ] || skip "the vectors of Frictionless are not here (frictionless-vectors beside the checkout, in shared/suites)"
python3 "$TOP/tests/golden/vectors.py" "$suite"

#!/bin/sh
# OpenLineage events of runs, by penstock run and by the service: what stands in them, where they go, and that nothing comes of it where they cannot.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
exec python3 "$TOP/tests/golden/lineage.py"

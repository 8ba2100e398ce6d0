#!/bin/sh
# An interrupted load whose source or plan changed is refused: exit 2, nothing moved, --restart is named and works.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/fault/source_changed.py"

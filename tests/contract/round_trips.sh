#!/bin/sh
# How often a load waits for the server: around its rows, and for each piece that it commits. What counts on a network.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3
need_penstock
python3 "$TOP/tests/contract/round_trips.py"

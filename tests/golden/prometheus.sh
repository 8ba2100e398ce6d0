#!/bin/sh
# A real Prometheus watches a real service: every query of the dashboard gives data, every alert is understood, and those fire that should.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need python3 sqlite3 prometheus
need_penstock
exec python3 "$TOP/tests/golden/prometheus.py"

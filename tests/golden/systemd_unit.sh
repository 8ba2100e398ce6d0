#!/bin/sh
# The unit of examples/systemd is what systemd-analyze verify takes, with the program as it was built, and hardened as systemd-analyze security counts it.
# parallel: yes
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
need systemd-analyze
need_penstock
sed "s#^ExecStart=[^ ]*#ExecStart=$PENSTOCK#" "$TOP/examples/systemd/penstock.service" >"$TESTTMP/penstock.service"
SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no "$TESTTMP/penstock.service" >"$TESTTMP/said" 2>&1 || {
    cat "$TESTTMP/said"
    fail "systemd-analyze verify does not take the unit"
}
if grep -q "penstock.service:" "$TESTTMP/said"; then
    cat "$TESTTMP/said"
    fail "systemd-analyze verify has something to say of the unit"
fi
for line in Type=notify DynamicUser=yes NoNewPrivileges=yes ProtectSystem=strict 'ExecReload=/bin/kill -HUP $MAINPID'; do
    grep -qxF "$line" "$TESTTMP/penstock.service" || fail "the unit has no line $line"
done
# Its own scale ends at 10, which is no protection at all.
if systemd-analyze security --offline=yes --threshold=25 "$TESTTMP/penstock.service" >"$TESTTMP/security" 2>&1; then
    tail -1 "$TESTTMP/security"
elif grep -qi "unrecognized option\|not supported\|Failed to connect\|Unknown" "$TESTTMP/security"; then
    echo "this systemd-analyze does not judge files"
else
    tail -5 "$TESTTMP/security"
    fail "the unit is more exposed than 2.5"
fi

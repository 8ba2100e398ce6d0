#!/bin/sh
# Builds the Debian package of the committed HEAD by the Dockerfile's own lines, and installs, uses and purges it, each in a bare Debian.
# usage: package_in_debian.sh RELEASE
# SPDX-License-Identifier: Apache-2.0
#
# The body of tests/contract/package.sh --full; needs root, debootstrap, and the package mirror that this machine itself uses.
. "$TOP/tests/support/lib.sh"

# --- inside namespaces of its own: inside ROOT FOLDER COMMAND -------------------------------------------
if [ "${1:-}" = --inside ]; then
    mount -t proc proc "$2/proc"
    mkdir -p "$2/dev/shm"
    mount -t tmpfs tmpfs "$2/dev/shm"
    [ "${LONELY:-}" != --net ] || ip link set lo up || exit 1
    exec chroot "$2" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        /bin/sh -e -c "cd $3; $4"
fi
release=$1
work=$TESTTMP
inside() {
    unshare --mount ${LONELY:-} --pid --fork --kill-child sh "$TOP/tests/support/package_in_debian.sh" --inside "$@" </dev/null
}
# LONELY=--net: without a network but its own loopback.
# try ROOT FOLDER COMMAND: what it prints is shown only if it fails.
try() {
    inside "$@" >"$work/said" 2>&1 || {
        tail -n 40 "$work/said"
        fail "in $1: $3"
    }
}

# The base system, with this machine's own way to its mirror: copied for each use.
targets=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' "Created-By: Packages" 2>/dev/null | grep " $release" | sort -u) || targets=
mirror=$(printf '%s\n' "$targets" | awk -v release="$release" '$2 == release && $3 == "main" { print $1; exit }')
base=${PENSTOCK_TEST_BASE:-$work/base}
if [ ! -d "$base" ]; then
    debootstrap --variant=minbase "$release" "$base" ${mirror:+"$mirror"} >"$work/debootstrap.log" 2>&1 || {
        tail -n 5 "$work/debootstrap.log"
        skip "the files agree; debootstrap of $release failed (no network?)"
    }
fi
new_root() {
    cp -a "$base" "$1" || fail "no room for $1"
    [ -z "$targets" ] || printf '%s\n' "$targets" | sed 's/^/deb /' >"$1/etc/apt/sources.list"
    apt-config dump 2>/dev/null | grep -iE '^Acquire::(https?|Check)[-:]' >"$1/etc/apt/apt.conf.d/90test" || :
    cp /etc/resolv.conf /etc/hosts "$1/etc/" 2>/dev/null || :
}
# run_lines STAGE: what docker would run in it, one a line (the Dockerfile continues none).
run_lines() {
    awk -v stage="$1" '/^FROM / { n++ } n == stage && sub(/^RUN /, "")' "$TOP/Dockerfile"
}
! grep -q '\\$' "$TOP/Dockerfile" || fail "Dockerfile continues lines, which this test does not understand"

# --- first stage: the package is built, and lintian has nothing to say -----------------------------------
new_root "$work/build"
mkdir -p "$work/build/src"
git clone -q --no-hardlinks "$TOP" "$work/build/src/penstock" || fail "git clone"
run_lines 1 >"$work/lines"
[ "$(wc -l <"$work/lines")" -ge 2 ] || fail "only $(wc -l <"$work/lines") RUN lines in the first stage"
while IFS= read -r line; do
    try "$work/build" /src/penstock "$line"
done <"$work/lines"
[ -f "$work"/build/src/penstock_*.deb ] || fail "no package was built"
try "$work/build" /src "apt-get install -y --no-install-recommends lintian; lintian --allow-root --fail-on error,warning penstock_*.changes"

# --- installed, used, purged ----------------------------------------------------------------------------
new_root "$work/use"
cp "$work"/build/src/penstock_*.deb "$work/use/tmp/"
try "$work/use" /tmp "apt-get update; apt-get install -y --no-install-recommends libsqliteodbc odbc-mariadb odbc-postgresql ca-certificates tzdata"
listing() {
    (cd "$work/use" && find . -xdev \( -path ./proc -o -path ./tmp -o -path ./dev -o -path ./var/cache -o -path ./var/log -o -path ./var/lib/dpkg -o -path ./var/lib/apt \
        -o -name ld.so.cache \) -prune -o -print | LC_ALL=C sort)
}
try "$work/use" /tmp 'apt-get satisfy -y --no-install-recommends "$(dpkg-deb -f penstock_*.deb Depends)"'
listing >"$work/before"
try "$work/use" /tmp "apt-get install -y --no-install-recommends ./penstock_*.deb"
try "$work/use" / "penstock version; test -f /usr/share/man/man1/penstock.1.gz; test -f /usr/share/man/man5/penstock-pipeline.5.gz; test -f /usr/share/doc/penstock/examples/hr/datapackage.yaml;
    test -e /lib/systemd/system/penstock.service; penstock validate /usr/share/penstock/pipelines/*.yaml /usr/share/penstock/pipelines/reports/*.yaml"
# The quickstart's pipeline; how many rows the generator of the sample wrote and broke says its README: 548 records, 39 bad.
try "$work/use" /tmp "PENSTOCK_DB='Driver=SQLite3;Database=/tmp/hr.db' penstock run /usr/share/penstock/pipelines/migrate.yaml --json --set data=/usr/share/penstock/examples/hr/data >/tmp/summary"
cp "$work/use/tmp/summary" "$work/summary"
expect_eq "$(json "$work/summary" read) $(json "$work/summary" written) $(json "$work/summary" rejected)" "548 509 39" "the quickstart's pipeline, installed"
try "$work/use" / "apt-get purge -y penstock; ! command -v penstock; ! dpkg-query -W penstock 2>/dev/null"
listing >"$work/after"
expect_same "$work/after" "$work/before" "what is left after the package was purged"

# --- second stage of the Dockerfile, and its health check ------------------------------------------------
rm -rf "$work/use/tmp/summary" "$work/use/tmp/hr.db"*
run_lines 2 >"$work/lines"
[ "$(wc -l <"$work/lines")" -ge 2 ] || fail "only $(wc -l <"$work/lines") RUN lines in the second stage"
while IFS= read -r line; do
    try "$work/use" / "$line"
done <"$work/lines"
user=$(sed -n 's/^USER \([0-9]*\):[0-9]*$/\1/p' "$TOP/Dockerfile")
[ "${user:-0}" -gt 0 ] || fail "the image's user is not a number beyond 0"
# As JSON, which a shell reads the same here: no quote and no dollar stands in it.
health=$(sed -n 's/^HEALTHCHECK .*CMD \[\(.*\)\]$/\1/p' "$TOP/Dockerfile" | tr -d '",')
[ -n "$health" ] || fail "no health check in the Dockerfile"
mkdir -p "$work/use/etc/penstock"
cat >"$work/use/etc/penstock/serve.yaml" <<'END'
version: 1
pipelines: [/usr/share/penstock/pipelines/ingest.yaml]
END
# In a network of its own, where the port is free: unhealthy before, healthy within its deadline, and gone at its signal.
cat >"$work/use/tmp/health.sh" <<END
export PENSTOCK_DB='Driver=SQLite3;Database=/data/hr.db'
cd /data
! $health 2>/dev/null || exit 1
/usr/bin/penstock serve /etc/penstock/serve.yaml &
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    $health && break
    sleep 1
done
$health || exit 1
kill -TERM \$!
wait \$! || { code=\$?; [ \$code -eq 143 ] || exit \$code; }
END
LONELY=--net
export LONELY
try "$work/use" / "setpriv --reuid=$user --regid=$user --clear-groups sh -x /tmp/health.sh"
expect_eq "$(stat -c %u "$work/use/data/hr.db")" "$user" "owner of what the service wrote"

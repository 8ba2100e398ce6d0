#!/bin/sh
# Installs from Debian or Ubuntu what building (`build`) or testing (`test`, the default) needs; does nothing when all is there.
# usage: packages.sh [build|test] [--list]
# SPDX-License-Identifier: Apache-2.0
set -eu

build="gcc make autoconf automake pkg-config libc6-dev libyaml-dev libcsv-dev unixodbc-dev libsqliteodbc odbc-postgresql
    libjansson-dev libpcre2-dev libssl-dev libsqlite3-dev libxxhash-dev libavro-dev zlib1g-dev libsnappy-dev libzstd-dev
    liblzma-dev libbz2-dev libcivetweb-dev"
# Beyond the above; the sanitizers come with gcc.
test="libcmocka-dev sqlite3 postgresql python3 procps tzdata python3-avro python3-snappy avro-bin"

what=test list=no
for arg; do
    case $arg in
    build | test) what=$arg ;;
    --list) list=yes ;;
    *) echo "usage: packages.sh [build|test] [--list]" >&2; exit 2 ;;
    esac
done
wanted=$build
[ "$what" = build ] || wanted="$build $test"
if [ "$list" = yes ]; then
    printf '%s\n' $wanted
    exit 0
fi

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
    echo "packages: this is not Debian or Ubuntu; configure will say which libraries it does not find" >&2
    exit 0
fi
missing=
for package in $wanted; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1; then
    as_root=sudo
else
    echo "packages: these are missing, and installing them needs root or sudo:$missing" >&2
    echo "packages: as root:  apt-get install --no-install-recommends$missing" >&2
    exit 1
fi

# No daemon is wanted: the tests start their own PostgreSQL. Its packages would make a cluster and start it, unless
# told otherwise before they are unpacked; somebody's own PostgreSQL is left as it is.
no_cluster=
case " $missing " in
*" postgresql "*)
    if ! dpkg-query -W -f '${db:Status-Status}' postgresql-common 2>/dev/null | grep -qx installed; then
        no_cluster=/etc/postgresql-common/createcluster.d/penstock-tests.conf
        $as_root mkdir -p "${no_cluster%/*}"
        echo "create_main_cluster = false" | $as_root tee "$no_cluster" >/dev/null
    fi
    ;;
esac
trap '[ -z "$no_cluster" ] || $as_root rm -f "$no_cluster"' EXIT

apt_get() {
    $as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
        apt-get -q -y -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" </dev/null
}
install() {
    apt_get install --no-install-recommends $missing
}

echo "packages: installing$missing" >&2
log=$(mktemp)
trap 'rm -f "$log"; [ -z "$no_cluster" ] || $as_root rm -f "$no_cluster"' EXIT
# The lists may be absent or stale; a failing update is no trouble as long as the packages are found.
if install >"$log" 2>&1; then
    exit 0
fi
apt_get update >>"$log" 2>&1 || echo "packages: apt-get update failed; trying with the lists there are" >&2
if install >>"$log" 2>&1; then
    exit 0
fi
tail -n 30 "$log" >&2
echo "packages: apt-get could not install:$missing" >&2
exit 1

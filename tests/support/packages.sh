#!/bin/sh
# Installs from Debian or Ubuntu what building (`build`), testing (`test`, the default) or measuring (`bench`) needs; does nothing when all is there.
# usage: packages.sh [build|test|bench|browser] [--list]
# SPDX-License-Identifier: Apache-2.0
set -eu

build="gcc make autoconf automake pkg-config libc6-dev libyaml-dev libcsv-dev unixodbc-dev libsqliteodbc odbc-postgresql odbc-mariadb libpq-dev libmariadb-dev
    libjansson-dev libpcre2-dev libssl-dev libsqlite3-dev libxxhash-dev zlib1g-dev libsnappy-dev libzstd-dev
    liblzma-dev libbz2-dev libcivetweb-dev libcurl4-openssl-dev ca-certificates"
# Beyond the above; the sanitizers come with gcc.
test="libcmocka-dev libavro-dev sqlite3 postgresql mariadb-server python3 gzip zstd procps tzdata python3-avro python3-snappy avro-bin openssl curl
    nginx-light stunnel4 python3-jsonschema python3-yaml openapi-specification prometheus systemd"
# Beyond both, for tests/bench alone.
bench="wrk python3-flask python3-pyodbc gunicorn pgloader"
# What tests/browser alone needs, and installs itself. A node from elsewhere brings its npm, and is not replaced.
browser="chromium fonts-dejavu-core"
command -v node >/dev/null 2>&1 || browser="$browser nodejs"
command -v npm >/dev/null 2>&1 || browser="$browser npm"

what=test list=no
for arg; do
    case $arg in
    build | test | bench | browser) what=$arg ;;
    --list) list=yes ;;
    *) echo "usage: packages.sh [build|test|bench|browser] [--list]" >&2; exit 2 ;;
    esac
done
wanted=$build
[ "$what" = build ] || wanted="$build $test"
[ "$what" != bench ] || wanted="$wanted $bench"
[ "$what" != browser ] || wanted=$browser
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

# No daemon is wanted: the tests start their own PostgreSQL, MariaDB, nginx and stunnel. Their packages would start them - now, unless a
# policy forbids it while they are unpacked, and at every boot, unless they are disabled afterwards. PostgreSQL would make a cluster as well,
# unless told otherwise before. Whatever of these somebody has already is not among the missing, and left as it is.
no_start= disable= no_cluster= log=
undo() {
    for file in $no_start $no_cluster; do
        $as_root rm -f "$file"
    done
    [ -z "$log" ] || rm -f "$log"
}
trap undo EXIT
for daemon in mariadb nginx stunnel4 prometheus; do
    case " $missing " in
    *" $daemon"[\ -]*)
        dpkg-query -W -f '${db:Status-Status}' "$daemon" 2>/dev/null | grep -qx installed || disable="$disable $daemon"
        ;;
    esac
done
if [ -n "$disable" ] && [ ! -e /usr/sbin/policy-rc.d ]; then
    no_start=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$no_start" >/dev/null
    $as_root chmod 755 "$no_start"
fi
case " $missing " in
*" postgresql "*)
    if ! dpkg-query -W -f '${db:Status-Status}' postgresql-common 2>/dev/null | grep -qx installed; then
        no_cluster=/etc/postgresql-common/createcluster.d/penstock-tests.conf
        $as_root mkdir -p "${no_cluster%/*}"
        echo "create_main_cluster = false" | $as_root tee "$no_cluster" >/dev/null
    fi
    ;;
esac

apt_get() {
    $as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
        apt-get -q -y -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" </dev/null
}
install() {
    apt_get install --no-install-recommends $missing || return 1
    for daemon in $disable; do
        $as_root update-rc.d "$daemon" disable || :
    done
}

echo "packages: installing$missing" >&2
log=$(mktemp)
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

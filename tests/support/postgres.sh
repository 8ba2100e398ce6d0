#!/bin/sh
# A private PostgreSQL for tests: loopback, a free port, its own folder, the server's own defaults otherwise.
# SPDX-License-Identifier: Apache-2.0
#   postgres.sh start FOLDER           makes FOLDER (which must not exist) and starts; or starts again what is in it
#   postgres.sh stop FOLDER            clean shutdown (fast); fine when it is not running
#   postgres.sh kill FOLDER            kill -9 of the server and its children, as a crash would
#   postgres.sh connect FOLDER [DB]    prints the ODBC connection string
#   postgres.sh psql FOLDER DB ARGS... psql on that database
# The server refuses root, so as root it runs as the user `postgres` (or $PENSTOCK_TEST_PG_USER).
set -eu

usage() {
    sed -n '4,8s/^# *//p' "$0" >&2
    exit 2
}
die() {
    echo "postgres.sh: $*" >&2
    exit 1
}
[ $# -ge 2 ] || usage
command=$1 folder=$2
shift 2

# The newest server of the packages, else what is in PATH.
bin=
for dir in /usr/lib/postgresql/*/bin; do
    if [ -x "$dir/postgres" ]; then
        version=${dir#/usr/lib/postgresql/} version=${version%/bin}
        if [ -z "$bin" ] || [ "${version%%.*}" -gt "${newest%%.*}" ]; then
            bin=$dir newest=$version
        fi
    fi
done
if [ -z "$bin" ]; then
    bin=$(command -v postgres) || die "no PostgreSQL server found: apt-get install postgresql"
    bin=${bin%/*}
fi

if [ "$(id -u)" -eq 0 ]; then
    user=${PENSTOCK_TEST_PG_USER:-postgres}
    id "$user" >/dev/null 2>&1 || die "there is no user $user to run the server as"
    as_server() { setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups env HOME="$folder" "$@"; }
else
    as_server() { "$@"; }
fi

server_pid() {
    # Prints nothing when the file is a leftover: a pid alone may belong to somebody else by now.
    pid=$(sed -n 1p "$folder/data/postmaster.pid" 2>/dev/null) || return 0
    [ -n "$pid" ] || return 0
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = postgres ] || return 0
    [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$(readlink -f "$folder")/data" ] || return 0
    echo "$pid"
}
children() {
    # Field 4 of /proc/PID/stat is the parent; the name in field 2 may hold spaces, so cut up to its closing bracket.
    for stat in /proc/[0-9]*/stat; do
        { read -r line <"$stat"; } 2>/dev/null || continue
        rest=${line##*) }
        rest=${rest#* }
        [ "${rest%% *}" != "$1" ] || echo "${line%% *}"
    done
}
gone() {
    # Waits until none of the given pids is left (a zombie counts as gone), at most $1 tenths of a second.
    tenths=$1
    shift
    for p; do
        while [ -d "/proc/$p" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$p/status" 2>/dev/null; do
            [ "$tenths" -gt 0 ] || return 1
            tenths=$((tenths - 1))
            sleep 0.1
        done
    done
}
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
ready() {
    PGPASSWORD=$(cat "$folder/password") "$bin/psql" -X -q -h 127.0.0.1 -p "$1" -U penstock -d postgres -c 'select 1' \
        >/dev/null 2>&1
}
launch() {
    # Detached from our session and standard streams, so that the end of the caller neither stops it nor waits for it.
    port=$1
    as_server setsid "$bin/postgres" -D "$folder/data" -c port="$port" -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories= </dev/null >>"$folder/log" 2>&1 9>&- &
    launched=$!
    waited=0
    # Recovery after a crash may take its time; a server that ended says why in its log.
    while [ $waited -lt 1200 ]; do
        if ready "$port"; then
            echo "$port" >"$folder/port"
            return 0
        fi
        kill -0 "$launched" 2>/dev/null || return 1
        sleep 0.1
        waited=$((waited + 1))
    done
    return 1
}
start() {
    if [ ! -d "$folder/data" ]; then
        mkdir -p "$folder"
        chmod 700 "$folder"
        folder=$(readlink -f "$folder")
        : >"$folder/log"
        (umask 077 && od -An -N 16 -tx1 /dev/urandom | tr -d ' \n' >"$folder/password")
        [ "$(id -u)" -ne 0 ] || chown -R "$user" "$folder"
        as_server "$bin/initdb" -D "$folder/data" -U penstock --pwfile="$folder/password" -A scram-sha-256 \
            -E UTF8 --locale=C.UTF-8 </dev/null >>"$folder/log" 2>&1 || {
            tail -n 20 "$folder/log" >&2
            die "initdb failed"
        }
    fi
    folder=$(readlink -f "$folder")
    [ -z "$(server_pid)" ] || die "already running in $folder"
    # After a crash, the memory of the old server lives until its last child has noticed.
    if [ -s "$folder/port" ]; then
        try=0
        while [ $try -lt 20 ]; do
            ! launch "$(cat "$folder/port")" || return 0
            try=$((try + 1))
            sleep 0.2
        done
    else
        # Somebody may take the port between the look and the start.
        for _ in 1 2 3 4 5; do
            ! launch "$(free_port)" || return 0
        done
    fi
    tail -n 20 "$folder/log" >&2
    die "the server did not start; its log is $folder/log"
}
stop() {
    pid=$(server_pid)
    [ -n "$pid" ] || return 0
    all="$pid $(children "$pid")"
    for signal in INT QUIT KILL; do
        kill -s $signal "$pid" 2>/dev/null || true
        ! gone 300 $all || return 0
    done
    die "the server $pid does not end"
}
crash() {
    pid=$(server_pid)
    [ -n "$pid" ] || die "not running in $folder"
    # Stopped first, so that it can neither start children nor tidy up while its children are being listed.
    kill -s STOP "$pid"
    all="$pid $(children "$pid")"
    kill -s KILL $all 2>/dev/null || true
    gone 300 $all || die "the server $pid does not end"
}

case $command in
start) start ;;
stop) stop ;;
kill) crash ;;
connect)
    # Unquoted on purpose: the password is hexadecimal and the name of a test's database is ours.
    echo "Driver=PostgreSQL Unicode;Server=127.0.0.1;Port=$(cat "$folder/port");Database=${1:-postgres};Uid=penstock;Pwd=$(cat "$folder/password")"
    ;;
psql)
    [ $# -ge 1 ] || usage
    db=$1
    shift
    PGPASSWORD=$(cat "$folder/password") exec "$bin/psql" -X -q -h 127.0.0.1 -p "$(cat "$folder/port")" -U penstock -d "$db" "$@"
    ;;
*) usage ;;
esac

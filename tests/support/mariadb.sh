#!/bin/sh
# A private MariaDB for tests: loopback, a free port, its own folder, the server's own defaults otherwise.
# SPDX-License-Identifier: Apache-2.0
#   mariadb.sh start FOLDER            makes FOLDER (which must not exist) and starts; or starts again what is in it
#   mariadb.sh stop FOLDER             clean shutdown; fine when it is not running
#   mariadb.sh kill FOLDER             kill -9 of the server, as a crash would
#   mariadb.sh connect FOLDER [DB]     prints the ODBC connection string
#   mariadb.sh sql FOLDER DB ARGS...   the mariadb shell on that database
# As root it runs as the user `mysql` (or $PENSTOCK_TEST_MARIADB_USER). $PENSTOCK_TEST_MARIADB_OPTIONS: more options for the server.
set -eu

usage() {
    sed -n '4,8s/^# *//p' "$0" >&2
    exit 2
}
die() {
    echo "mariadb.sh: $*" >&2
    exit 1
}
[ $# -ge 2 ] || usage
command=$1 folder=$2
shift 2

PATH=$PATH:/usr/sbin:/sbin
server=$(command -v mariadbd) || die "no MariaDB server found: apt-get install mariadb-server"

if [ "$(id -u)" -eq 0 ]; then
    user=${PENSTOCK_TEST_MARIADB_USER:-mysql}
    id "$user" >/dev/null 2>&1 || die "there is no user $user to run the server as"
    as_server() { setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups env HOME="$folder" "$@"; }
else
    user=$(id -un)
    as_server() { "$@"; }
fi

server_pid() {
    # Prints nothing when the file is a leftover: a pid alone may belong to somebody else by now.
    pid=$(sed -n 1p "$folder/pid" 2>/dev/null) || return 0
    [ -n "$pid" ] || return 0
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = mariadbd ] || return 0
    [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$(readlink -f "$folder")/data" ] || return 0
    echo "$pid"
}
gone() {
    # Waits until the pid is gone (a zombie counts as gone), at most $1 tenths of a second.
    tenths=$1
    while [ -d "/proc/$2" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$2/status" 2>/dev/null; do
        [ "$tenths" -gt 0 ] || return 1
        tenths=$((tenths - 1))
        sleep 0.1
    done
}
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
shell() {
    # With a connection string's parts alone: no option file of this machine.
    shell_port=$1
    shift
    MYSQL_PWD=$(cat "$folder/password") mariadb --no-defaults --default-character-set=utf8mb4 -h 127.0.0.1 -P "$shell_port" -u penstock "$@"
}
launch() {
    # Detached from our session and standard streams, so that the end of the caller neither stops it nor waits for it.
    # The character set is the one that Debian's configuration gives it.
    port=$1
    as_server setsid "$server" --no-defaults --datadir="$folder/data" --port="$port" --bind-address=127.0.0.1 \
        --socket="$folder/socket" --pid-file="$folder/pid" --tmpdir="$folder/tmp" --character-set-server=utf8mb4 \
        --init-file="$folder/init.sql" ${PENSTOCK_TEST_MARIADB_OPTIONS:-} </dev/null >>"$folder/log" 2>&1 9>&- &
    launched=$!
    waited=0
    # Recovery after a crash may take its time; a server that ended says why in its log.
    while [ $waited -lt 1200 ]; do
        if shell "$port" -e 'select 1' >/dev/null 2>&1; then
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
        mkdir "$folder/data" "$folder/tmp"
        : >"$folder/log"
        (umask 077 && od -An -N 16 -tx1 /dev/urandom | tr -d ' \n' >"$folder/password")
        (umask 077 && printf '%s\n' "CREATE USER IF NOT EXISTS penstock@'%' IDENTIFIED BY '$(cat "$folder/password")';" \
            "GRANT ALL ON *.* TO penstock@'%' WITH GRANT OPTION;" >"$folder/init.sql")
        [ "$(id -u)" -ne 0 ] || chown -R "$user" "$folder"
        as_server mariadb-install-db --no-defaults --datadir="$folder/data" --tmpdir="$folder/tmp" --skip-test-db \
            --auth-root-authentication-method=socket --auth-root-socket-user="$user" </dev/null >>"$folder/log" 2>&1 || {
            tail -n 20 "$folder/log" >&2
            die "mariadb-install-db failed"
        }
    fi
    folder=$(readlink -f "$folder")
    [ -z "$(server_pid)" ] || die "already running in $folder"
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
    for signal in TERM KILL; do
        kill -s $signal "$pid" 2>/dev/null || true
        ! gone 600 "$pid" || return 0
    done
    die "the server $pid does not end"
}
crash() {
    pid=$(server_pid)
    [ -n "$pid" ] || die "not running in $folder"
    kill -s KILL "$pid" 2>/dev/null || true
    gone 300 "$pid" || die "the server $pid does not end"
}

case $command in
start) start ;;
stop) stop ;;
kill) crash ;;
connect)
    # Unquoted on purpose: the password is hexadecimal and the name of a test's database is ours.
    echo "Driver=MariaDB Unicode;Server=127.0.0.1;Port=$(cat "$folder/port");Database=${1:-mysql};Uid=penstock;Pwd=$(cat "$folder/password")"
    ;;
sql)
    [ $# -ge 1 ] || usage
    db=$1
    shift
    shell "$(cat "$folder/port")" -D "$db" "$@"
    ;;
*) usage ;;
esac

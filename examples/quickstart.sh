#!/bin/sh
# From a fresh checkout to a migrated sample: packages, build into ./build, run, and a look at what was rejected.
# SPDX-License-Identifier: Apache-2.0
#
# With PENSTOCK=/path/to/penstock in the environment nothing is installed or built, and that program is used.
set -eu
[ -t 0 ] || exec </dev/null
cd "$(dirname "$0")/.."

heading() {
    printf '\n== %s\n' "$1"
}
# step WHAT COMMAND...: what it prints is shown only if it fails.
step() {
    printf '%s ... ' "$1"
    shift
    if "$@" >build/quickstart.log 2>&1; then
        echo done
    else
        echo failed
        tail -n 40 build/quickstart.log >&2
        exit 1
    fi
}
build() (
    { [ -x configure ] && [ -z "$(find configure.ac Makefile.am -newer configure)" ]; } || sh autogen.sh
    cd build
    { [ -f Makefile ] && [ Makefile -nt ../configure ]; } || ../configure -q
    make -s -j2
)

mkdir -p build
if [ -z "${PENSTOCK:-}" ]; then
    heading "Build"
    step "packages (Debian, Ubuntu; only what is missing)" sh tests/support/packages.sh build
    step "build" build
    PENSTOCK=build/penstock
fi

# A new database each time; nothing but this script uses it.
database=build/quickstart.db
rm -f "$database" "$database-journal" "$database-wal" "$database-shm" "$database-penstock.lock"
PENSTOCK_DB="Driver=SQLite3;Database=$database"
export PENSTOCK_DB

heading "Migrate the sample: penstock run pipelines/migrate.yaml"
"$PENSTOCK" run pipelines/migrate.yaml --no-progress

heading "What was rejected, and why: penstock rejects list --limit 12"
"$PENSTOCK" rejects list --limit 12

heading "Next"
cat <<END
export PENSTOCK_DB='$PENSTOCK_DB'
$PENSTOCK run pipelines/migrate.yaml                 # once more: the files are known, nothing is loaded twice
$PENSTOCK rejects show 16                            # one reject in full, with the original record
$PENSTOCK runs list                                  # every run and its books
$PENSTOCK rules examples/hr/datapackage.yaml         # the rules made from the dictionary
$PENSTOCK plan pipelines/migrate.yaml                # what a run would do, writing nothing
$PENSTOCK run pipelines/migrate.yaml --set data=FOLDER   # your own departments.csv, jobs.csv, hired_employees.csv
sh examples/hr/generate.sh --rows 1000000 --bad-datetime 1% --out build/million   # test data of any size
END

#!/bin/sh
# The Debian package, the container file, the dashboard and the alerts agree with the rest; with --full, all of them are built and tried in bare Debians.
# SPDX-License-Identifier: Apache-2.0
. "$TOP/tests/support/lib.sh"
cd "$TOP" || fail "no $TOP"
release=bookworm

# --- quickly: the files agree ---------------------------------------------------------------------
version=$(sed -n 's/^AC_INIT(\[penstock\], \[\(.*\)\])$/\1/p' configure.ac)
expect_eq "$(sed -n '1s/^penstock (\(.*\)) .*/\1/p' debian/changelog)" "$version" "version in debian/changelog"
grep -qx 'ConditionPathExists=/etc/penstock/serve.yaml' examples/systemd/penstock.service || fail "the unit, which the package enables, must stay down without a serve file"
grep -q "^## $version" CHANGELOG.md || fail "CHANGELOG.md does not begin with $version"

# What is built with is what the build installs elsewhere.
wanted() {
    sh tests/support/packages.sh build --list | grep -e '-dev$' | grep -v '^libc6-dev$' | sort
}
sed -n '/^Build-Depends:/,/^$/p' debian/control | grep -v '<!nocheck>' | grep -o '[a-z0-9.+-]*-dev' | sort >"$TESTTMP/built-with"
wanted >"$TESTTMP/wanted"
expect_same "$TESTTMP/built-with" "$TESTTMP/wanted" "Build-Depends of debian/control and tests/support/packages.sh"
sh tests/support/packages.sh build --list | grep -e odbc | grep -v -e '-dev$' | while read -r driver; do
    grep '^Recommends:' debian/control | grep -q "$driver" || echo "debian/control does not recommend $driver"
    grep '^RUN' Dockerfile | grep -q "$driver" || echo "Dockerfile does not install $driver"
done >"$TESTTMP/bad"

# Each page of the manual, and each file of the pipelines and of the examples that are installed, is there; each pipeline is installed.
tr -s ' \t\\' '\n' <Makefile.am >"$TESTTMP/words"
sed -n '/^# ==== what is installed/,$p' Makefile.am | tr -s ' \t\\' '\n' | grep -E '^(man|docs|pipelines|examples|debian)/.' | while read -r file; do
    [ -f "$file" ] || echo "Makefile.am installs or packs $file, which is not there"
done >>"$TESTTMP/bad"
{
    find man pipelines -type f
    find docs -maxdepth 1 -name '*.md'
    find examples/grafana examples/prometheus examples/serve examples/systemd -type f
    echo debian/changelog debian/clean debian/control debian/copyright debian/penstock.links debian/penstock.lintian-overrides debian/rules debian/source/format Dockerfile .dockerignore | tr ' ' '\n'
} | grep -v '\.db' | while read -r file; do
    grep -qxF "$file" "$TESTTMP/words" || echo "Makefile.am neither installs nor packs $file"
done >>"$TESTTMP/bad"
sed -n 's/^ *cp \(examples[^ ]*\) .*/\1/p' debian/rules | while read -r file; do
    [ -f "$file" ] || echo "debian/rules copies $file, which is not there"
done >>"$TESTTMP/bad"
# lintian wants texts to be in UTF-8, or a word about it, and no word that is not needed: one with CR LF it does not take for a text.
cr=$(printf '\r')
sed -n '/^nobase_dist_pkgdata_DATA/,/[^\\]$/p' Makefile.am | tr -s ' \t\\' '\n' | grep -E '^(docs|pipelines|examples)/.*\.(csv|json|md|yaml|yml)$' | while read -r file; do
    { iconv -f UTF-8 -t UTF-8 "$file" || grep -q "$cr" "$file"; } >"$TESTTMP/text" 2>&1 || echo "penstock: national-encoding [usr/share/penstock/$file]"
done >"$TESTTMP/not-utf-8"
grep 'national-encoding \[' debian/penstock.lintian-overrides >"$TESTTMP/said" || :
expect_same "$TESTTMP/said" "$TESTTMP/not-utf-8" "debian/penstock.lintian-overrides and the files that are not UTF-8"
[ -x debian/rules ] || echo "debian/rules is not executable" >>"$TESTTMP/bad"
expect_eq "$(cat debian/source/format)" "3.0 (native)" "debian/source/format"

# Every metric of the dashboard and of the alerts is one that the program writes, and stands in docs/operations.md.
grep -ohE 'penstock_[a-z_]+' examples/grafana/penstock.json examples/prometheus/penstock-rules.yml | sed 's/_bucket$//' | sort -u >"$TESTTMP/metrics"
[ "$(wc -l <"$TESTTMP/metrics")" -ge 12 ] || fail "only $(wc -l <"$TESTTMP/metrics") metrics were found in the dashboard and the alerts"
while read -r metric; do
    grep -qF "\"$metric\"" engine/http/measure.c engine/core/metrics.c || echo "$metric is none of the service's"
    grep -qF "$metric" docs/operations.md || { case $metric in penstock_process_*) false ;; esac; } && continue
    grep -qF 'penstock_process_*' docs/operations.md && case $metric in penstock_process_*) continue ;; esac
    echo "$metric does not stand in docs/operations.md"
done <"$TESTTMP/metrics" >>"$TESTTMP/bad"
[ ! -s "$TESTTMP/bad" ] || {
    cat "$TESTTMP/bad"
    fail "the package does not agree with the tree"
}
if command -v promtool >/dev/null 2>&1; then
    expect_exit 0 promtool check rules examples/prometheus/penstock-rules.yml
else
    echo "promtool is not here: its check was left out"
fi
if command -v systemd-analyze >/dev/null 2>&1; then
    sed "s|^ExecStart=/usr/bin/penstock|ExecStart=/bin/true|; s|^Documentation=.*||" examples/systemd/penstock.service >"$TESTTMP/penstock.service"
    expect_exit 0 systemd-analyze verify "$TESTTMP/penstock.service"
    [ ! -s "$TESTTMP/err" ] || { cat "$TESTTMP/err"; fail "systemd-analyze verify"; }
fi
[ -n "$PENSTOCK_TEST_FULL" ] || exit 0

# --- --full: built, installed, run and purged in bare Debians ----------------------------------------
[ "$(id -u)" -eq 0 ] || skip "the files agree; building and installing the package needs root"
for tool in debootstrap git unshare chroot ip; do
    command -v "$tool" >/dev/null 2>&1 || skip "the files agree; building and installing the package needs $tool"
done
[ -e .git ] || skip "the files agree; what is built is a commit, and this is no checkout"
exec sh "$TOP/tests/support/package_in_debian.sh" "$release"

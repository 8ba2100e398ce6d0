#!/bin/sh
# Quickstart and all tests of the committed HEAD in a bare Debian 12 made with debootstrap: nothing there but what our scripts install.
# usage: sh tests/fresh.sh [--keep] [ARGUMENT OF tests/run.sh]...
# SPDX-License-Identifier: Apache-2.0
#
# Needs root, debootstrap, git, and the package mirror that this machine itself uses. Everything runs in namespaces of its
# own: its mounts and processes end with it, however it ends.
#   --keep               leave the folder and print its name
#   PENSTOCK_FRESH_DIR   where to put some 2 GB (default: $TMPDIR or /var/tmp)
set -eu
release=bookworm

say() {
    printf '\n### %s\n' "$*"
}
die() {
    echo "fresh.sh: $*" >&2
    exit 1
}

# --- inside the namespaces: mount what a chroot needs, and go --------------------------------------
if [ "${1:-}" = --inside ]; then
    root=$2
    shift 2
    mount -t proc proc "$root/proc"
    mkdir -p "$root/dev/shm" "$root/dev/pts"
    mount -t tmpfs tmpfs "$root/dev/shm"
    mount -t devpts devpts "$root/dev/pts" -o newinstance,ptmxmode=0666
    status=0
    # Standard input closed, no locale, no terminal: as a build server may call it.
    chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root CI=true \
        /bin/sh -c 'cd /src/penstock
            echo "### sh examples/quickstart.sh" && sh examples/quickstart.sh &&
            echo "### sh examples/quickstart.sh, again" && sh examples/quickstart.sh &&
            echo "### sh tests/run.sh $*" && sh tests/run.sh "$@"' sh "$@" <&- || status=$?
    exit $status
fi

# --- outside: make the system ---------------------------------------------------------------------
keep=
if [ "${1:-}" = --keep ]; then
    keep=1
    shift
fi
top=$(cd "$(dirname "$0")/.." && pwd)
[ "$(id -u)" -eq 0 ] || die "needs root (debootstrap and chroot)"
for tool in debootstrap git unshare chroot; do
    command -v "$tool" >/dev/null 2>&1 || die "$tool is not installed: apt-get install debootstrap git util-linux coreutils"
done

work=$(mktemp -d "${PENSTOCK_FRESH_DIR:-${TMPDIR:-/var/tmp}}/penstock-fresh.XXXXXX")
root=$work/root
finish() {
    if [ -n "$keep" ]; then
        echo "fresh.sh: left in $work"
    else
        rm -rf --one-file-system "$work"
    fi
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# What apt here knows of that release: lines "URI SUITE COMPONENT".
targets=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' "Created-By: Packages" 2>/dev/null |
    grep " $release" | sort -u) || targets=
mirror=$(printf '%s\n' "$targets" | awk -v release="$release" '$2 == release && $3 == "main" { print $1; exit }')
# Elsewhere than on that release: debootstrap's own default.
say "debootstrap of $release"
debootstrap --variant=minbase "$release" "$root" ${mirror:+"$mirror"} >"$work/debootstrap.log" 2>&1 || {
    tail -n 20 "$work/debootstrap.log" >&2
    die "debootstrap failed"
}
if [ -n "$targets" ]; then
    printf '%s\n' "$targets" | sed 's/^/deb /' >"$root/etc/apt/sources.list"
fi
# How this machine reaches the mirror, and how old its snapshot may be.
apt-config dump 2>/dev/null | grep -iE '^Acquire::(https?|Check)[-:]' >"$root/etc/apt/apt.conf.d/90fresh" || :
cp /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || :
before=$(chroot "$root" dpkg-query -W -f '${Package}\n' | wc -l)

mkdir -p "$root/src"
git clone -q --no-hardlinks "$top" "$root/src/penstock"
say "$(git -C "$root/src/penstock" log -1 --format='%h %s') in $(chroot "$root" cat /etc/debian_version) with $before packages"

status=0
unshare --mount --pid --fork --kill-child sh "$0" --inside "$root" "$@" || status=$?
say "exit $status"
exit $status

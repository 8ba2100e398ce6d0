#!/bin/sh
# Makes ./configure from configure.ac and Makefile.am.
# SPDX-License-Identifier: Apache-2.0
set -eu
cd "$(dirname "$0")"

missing=
for tool in autoconf automake aclocal pkg-config; do
    command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
done
if [ -n "$missing" ]; then
    echo "autogen.sh: not found:$missing" >&2
    echo "autogen.sh: on Debian or Ubuntu: apt-get install autoconf automake pkg-config" >&2
    echo "autogen.sh: or let tests/support/packages.sh install all that the build needs" >&2
    exit 1
fi
exec autoreconf --install --force --warnings=all

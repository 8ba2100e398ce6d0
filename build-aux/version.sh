#!/bin/sh
# Prints engine/core/version.h: the version, and the commit where the source is a git checkout.
# usage: version.sh SOURCE_FOLDER VERSION
# SPDX-License-Identifier: Apache-2.0
set -eu
source=$1 version=$2

# Only a checkout of our own: a tarball unpacked inside somebody else's repository is not theirs.
build=
if [ -e "$source/.git" ]; then
    build=$(git -C "$source" describe --tags --always --dirty --match 'v[0-9]*' 2>/dev/null) || build=
fi
# The clock of whoever builds is nobody's business, and would make every build another one.
date=
if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then
    date=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d)
    date="#define PENSTOCK_BUILD_DATE \"$date\"
"
fi
cat <<END
/* Version of this build; written by build-aux/version.sh.
   SPDX-License-Identifier: Apache-2.0 */
#ifndef PENSTOCK_CORE_VERSION_H
#define PENSTOCK_CORE_VERSION_H
#define PENSTOCK_VERSION "$version"
#define PENSTOCK_BUILD "${build:-release}"
${date}#endif
END

#!/usr/bin/env bash
# unpack.sh ROOT DEB...: unpacks packages into ROOT without running their
# maintainer scripts.  Directories that are links in ROOT (merged /usr) stay
# links, which `dpkg-deb --extract` would replace.
#
# All files belong to the user, because in a sandbox not even root may give files
# away.  The owners are in the listing on standard output, as tar prints it.
set -euo pipefail
umask 022

readonly ROOT="$1"
shift
for deb in "$@"; do
  dpkg-deb --fsys-tarfile "$deb" |
    tar --directory="$ROOT" --extract --preserve-permissions --no-same-owner \
      --keep-directory-symlink --warning=no-timestamp \
      --verbose --verbose --numeric-owner --quoting-style=escape
done

#!/usr/bin/env bash
# unpack.sh ROOT DEB...: unpacks packages into ROOT without running their
# maintainer scripts.  Directories that are links in ROOT (merged /usr) stay
# links, which `dpkg-deb --extract` would replace.
set -euo pipefail
umask 022

readonly ROOT="$1"
shift
for deb in "$@"; do
  dpkg-deb --fsys-tarfile "$deb" |
    tar --directory="$ROOT" --extract --preserve-permissions --numeric-owner \
      --keep-directory-symlink --warning=no-timestamp
done

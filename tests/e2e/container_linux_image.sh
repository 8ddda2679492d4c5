#!/bin/bash
# Converts Gantry's Debian developer container to the layout of a Container Linux
# distribution.
#
# Usage: container_linux_image.sh FAMILY VERSION KERNEL IN.bin.zst OUT.bin.bz2
#   FAMILY   coreos: modules below /usr/lib64, root type of CoreOS
#            flatcar: modules below /usr/lib, root type "Linux filesystem data"
#   KERNEL   the kernel release of the container
set -euo pipefail
export PATH="/usr/sbin:/sbin:$PATH"

readonly family="$1" version="$2" kernel="$3" in="$4" out="$5"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# Uses standard input because zstd skips symbolic links, which inputs are.
zstd -q -d --sparse -o "$work/disk" <"$in"
offset="$(sfdisk --json "$work/disk" | grep -o '"start": *[0-9]*' | grep -o '[0-9]*$')"
readonly fs="$work/disk?offset=$((offset * 512))"

cat >"$work/os-release" <<EOF
NAME="$family Container Linux"
ID=$family
VERSION_ID=$version
EOF
cat >"$work/commands" <<EOF
rm /usr/lib/os-release
write $work/os-release /usr/lib/os-release
EOF
case "$family" in
  coreos)
    type=4f68bce3-e8cd-4db1-96e7-fbcaf984b709
    # Moved, so that nothing can depend on /usr/lib/modules.
    cat >>"$work/commands" <<EOF
ln /usr/lib/modules /usr/lib64/modules
unlink /usr/lib/modules
EOF
    ;;
  flatcar)
    type=0fc63daf-8483-4772-8e79-3d69d8477de4
    ;;
  *)
    echo "unknown family $family" >&2
    exit 2
    ;;
esac
debugfs -w -f "$work/commands" "$fs" >"$work/log" 2>&1
# Fixes the link counts and the parent of the moved directory.
fsck=0
e2fsck -f -y "$fs" >>"$work/log" 2>&1 || fsck=$?
if ((fsck > 1)); then
  cat "$work/log" >&2
  exit 1
fi
modules="/usr/lib/modules"
[[ "$family" == coreos ]] && modules="/usr/lib64/modules"
# debugfs exits with 0 even after errors.
debugfs -R "stat $modules/$kernel/build" "$fs" >"$work/stat" 2>&1
grep -q '^Inode:' "$work/stat" || {
  echo "no $modules/$kernel/build in the image" >&2
  exit 1
}
sfdisk -q --part-type "$work/disk" 9 "$type"

lbzip2 -1 -n 2 <"$work/disk" >"$out"

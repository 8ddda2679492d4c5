"""Disk images in the layout of Container Linux's developer containers.

This is the "container" layout of CoreOS's build_image, a GPT with 512-byte
sectors, with only its partition 9: ext4, labelled ROOT.  The same files give the
same bytes, independent of clock, user and machine.
"""

load("//builder:repository_command.bzl", "find_program", "run_command")

_SECTOR = 512
_FIRST_SECTOR = 4096
_ROOT_TYPE = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
_DISK_ID = "6b3f6a0c-93b4-4d6e-8f0e-0c4b1f5d0001"
_PARTITION_ID = "6b3f6a0c-93b4-4d6e-8f0e-0c4b1f5d0002"
_FILE_SYSTEM_ID = "6b3f6a0c-93b4-4d6e-8f0e-0c4b1f5d0003"
_HASH_SEED = "6b3f6a0c-93b4-4d6e-8f0e-0c4b1f5d0004"

_MIB = 1024 * 1024

# Listed completely, so that the image does not depend on /etc/mke2fs.conf.
_EXT4_FEATURES = ("none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg," +
                  "sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum")

# E2FSPROGS_FAKE_TIME is the clock of e2fsprogs; 0 would mean the real one.
_ENVIRONMENT = {
    "E2FSPROGS_FAKE_TIME": "1",
    "MKE2FS_CONFIG": "/dev/null",
    "TZ": "UTC",
}

def _partition_bytes(rctx, root):
    """One and a half times the size of the content; free space compresses well."""
    sizes = run_command(rctx, ["find", root, "-type", "f", "-printf", "%s\\n"])
    content = 0
    for size in sizes.strip().split("\n"):
        content += int(size) + 16384
    return (content * 3 // 2 // (64 * _MIB) + 2) * 64 * _MIB

def write_container_disk(rctx, as_root, root):
    """Writes a disk image.

    Args:
      rctx: repository context; scratch files are in the directory `work`.
      as_root: command prefix with which files of `root` have their owners.
      root: path of the directory that becomes the root file system.

    Returns:
      Path of the image.
    """
    disk = str(rctx.path("work/disk"))
    offset = _FIRST_SECTOR * _SECTOR
    size = _partition_bytes(rctx, root)
    rctx.report_progress("Writing a disk image of %d MiB" % (size // _MIB))

    # The backup partition table follows the partition.
    run_command(rctx, ["truncate", "--size=%d" % (offset + size + _MIB), disk])
    rctx.file("work/table", """\
label: gpt
label-id: {disk_id}
9: start={start}, size={size}, type={type}, uuid={partition_id}, name="ROOT"
""".format(
        disk_id = _DISK_ID,
        partition_id = _PARTITION_ID,
        size = size // _SECTOR,
        start = _FIRST_SECTOR,
        type = _ROOT_TYPE,
    ))
    run_command(rctx, [
        "sh",
        "-c",
        "exec \"$1\" --quiet --no-reread \"$2\" < \"$3\"",
        "sfdisk",
        find_program(rctx, "sfdisk", "fdisk"),
        disk,
        str(rctx.path("work/table")),
    ])
    run_command(rctx, as_root + [
        find_program(rctx, "mkfs.ext4", "e2fsprogs"),
        "-q",
        "-F",
        "-t",
        "ext4",
        "-L",
        "ROOT",
        "-O",
        _EXT4_FEATURES,
        "-b",
        "4096",
        "-I",
        "256",
        "-i",
        "16384",
        "-m",
        "0",
        "-J",
        "size=16",
        "-U",
        _FILE_SYSTEM_ID,
        "-E",
        "offset=%d,hash_seed=%s,lazy_itable_init=0,lazy_journal_init=0,nodiscard" % (offset, _HASH_SEED),
        "-d",
        root,
        disk,
        "%dk" % (size // 1024),
    ], _ENVIRONMENT)
    _fix_times(rctx, "%s?offset=%d" % (disk, offset))
    return disk

def _fix_times(rctx, file_system):
    """Sets access and change times, which mkfs copies from files and no program can set there."""
    used = {}
    header = run_command(rctx, [find_program(rctx, "dumpe2fs", "e2fsprogs"), "-h", file_system])
    for line in header.split("\n"):
        key, _, value = line.partition(":")
        if key in ["Inode count", "Free inodes"]:
            used[key] = int(value.strip())

    # Inodes are allocated in order: 2 is the root, 11 the first one available.
    last = used["Inode count"] - used["Free inodes"]
    rctx.file("work/times", "".join([
        "set_inode_field <{0}> atime @0\nset_inode_field <{0}> ctime @0\n".format(inode)
        for inode in [2] + list(range(11, last + 1))
    ]))
    run_command(rctx, [
        find_program(rctx, "debugfs", "e2fsprogs"),
        "-w",
        "-f",
        str(rctx.path("work/times")),
        file_system,
    ], _ENVIRONMENT)

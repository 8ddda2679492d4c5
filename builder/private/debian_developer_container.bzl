"""debian_developer_container: a disk image like Container Linux's, of Debian.

Debian publishes packages, not developer containers.  This makes one in the
format that Container Linux publishes (build_image's "container" disk layout),
so that every family of kernels goes down one path from here on: GPT with
512-byte sectors, partition 9 alone, labelled ROOT, ext4.

Nothing is mounted and nobody needs to be root.  The same packages give the
same bytes, on any machine and for any user.
"""

load("//builder/private:remote_file.bzl", "fetch_remote_files", "parse_remote_file")

_IMAGE = "developer_container.bin.zst"
_SECTOR = 512
_FIRST_SECTOR = 4096
_ROOT_TYPE = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
_DISK_ID = "6b3f6a0c-93b4-4d6e-8f0e-0c4b1f5d0001"
_PARTITION_ID = "6b3f6a0c-93b4-4d6e-8f0e-0c4b1f5d0002"
_FILE_SYSTEM_ID = "6b3f6a0c-93b4-4d6e-8f0e-0c4b1f5d0003"
_HASH_SEED = "6b3f6a0c-93b4-4d6e-8f0e-0c4b1f5d0004"

_MIB = 1024 * 1024

# Named one by one, so that the image does not follow /etc/mke2fs.conf.
_EXT4_FEATURES = ("none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg," +
                  "sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum")

# e2fsprogs' clock; 0 would mean the real one.
_ENVIRONMENT = {
    "E2FSPROGS_FAKE_TIME": "1",
    "LC_ALL": "C",
    "MKE2FS_CONFIG": "/dev/null",
    "TZ": "UTC",
}

# Merged /usr, as Debian 12 has it; base-files links them only when configured.
_USR_LINKS = ["bin", "lib", "lib64", "sbin"]

# Mount points; a read-only root can get no new ones.
_MOUNT_POINTS = ["dev", "proc", "run", "sys", "tmp"]

# What maintainer scripts would have made and compiling needs.
_ALTERNATIVES = {
    "usr/bin/awk": "mawk",
    "usr/bin/cc": "gcc",
    "usr/bin/which": "which.debianutils",
}
_ACCOUNTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
}

def _run(rctx, what, command):
    result = rctx.execute(command, environment = _ENVIRONMENT, timeout = 3600)
    if result.return_code != 0:
        fail("@%s: %s: %s exited with %d: %s" % (
            rctx.name,
            what,
            command[0],
            result.return_code,
            (result.stderr.strip() or result.stdout.strip()),
        ))
    return result.stdout

def _program(rctx, name, package):
    # Not on the PATH of everybody.
    for folder in ["/usr/sbin", "/sbin"]:
        if rctx.path(folder + "/" + name).exists:
            return folder + "/" + name
    path = rctx.which(name)
    if not path:
        fail("@%s: %s is not installed: apt-get install %s" % (rctx.name, name, package))
    return str(path)

def _as_root(rctx):
    """Command prefix under which files keep owners that the caller may not give."""
    if rctx.execute(["id", "-u"]).stdout.strip() == "0":
        return []
    rctx.file("work/owners")
    owners = str(rctx.path("work/owners"))
    return [_program(rctx, "fakeroot", "fakeroot"), "-i", owners, "-s", owners, "--"]

def _make_root(rctx, as_root, unpack, debs):
    """Fills the folder work/root; returns its path."""
    root = str(rctx.path("work/root"))

    # Whatever is newer than this was made here, not by a package.  Time stamps
    # of files tick slowly, hence the distance.
    marker = str(rctx.path("work/marker"))
    _run(rctx, "times", ["touch", "--date=-10 seconds", marker])

    folders = ["usr/" + name for name in _USR_LINKS] + _MOUNT_POINTS + ["etc"]
    _run(rctx, "folders", ["mkdir", "-p"] + [root + "/" + folder for folder in folders])
    for name in _USR_LINKS:
        _run(rctx, "links", ["ln", "-s", "usr/" + name, root + "/" + name])

    rctx.report_progress("Unpacking %d packages" % len(debs))
    _run(rctx, "unpack", as_root + [unpack, root] + debs)

    # Headers from 6.12 on bring the kernel's type information, and building a
    # module then needs pahole, whose output varies.  Modules load without.
    if rctx.path("work/root/usr/src").exists:
        command = ["find", root + "/usr/src", "-maxdepth", "2", "-name", "vmlinux", "-delete"]
        _run(rctx, "type information", command)
    for path, content in _ACCOUNTS.items():
        rctx.file("work/root/" + path, content, executable = False)
        _run(rctx, "accounts", ["chmod", "644", root + "/" + path])
    for path, target in _ALTERNATIVES.items():
        if rctx.path("work/root/usr/bin/" + target).exists:
            _run(rctx, "alternatives", ["ln", "-sf", target, root + "/" + path])
    command = ["find", root, "-newer", marker, "-exec"]
    _run(rctx, "times", command + ["touch", "--no-dereference", "--date=@0", "{}", "+"])
    return root

def _partition_bytes(rctx, root):
    """Room for the content, and half as much again; zeros compress to nothing."""
    sizes = _run(rctx, "sizes", ["find", root, "-type", "f", "-printf", "%s\\n"])
    content = 0
    for size in sizes.strip().split("\n"):
        content += int(size) + 16384
    return (content * 3 // 2 // (64 * _MIB) + 2) * 64 * _MIB

def _make_disk(rctx, as_root, root):
    """Writes work/disk with `root` in its partition; returns its path."""
    disk = str(rctx.path("work/disk"))
    offset = _FIRST_SECTOR * _SECTOR
    size = _partition_bytes(rctx, root)
    rctx.report_progress("Writing a disk image of %d MiB" % (size // _MIB))

    # The backup partition table follows the partition.
    _run(rctx, "disk", ["truncate", "--size=%d" % (offset + size + _MIB), disk])
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
    _run(rctx, "partition table", [
        "sh", "-c", "exec \"$1\" --quiet --no-reread \"$2\" < \"$3\"", "sfdisk",
        _program(rctx, "sfdisk", "fdisk"), disk, str(rctx.path("work/table")),
    ])
    _run(rctx, "file system", as_root + [
        _program(rctx, "mkfs.ext4", "e2fsprogs"),
        "-q", "-F", "-t", "ext4", "-L", "ROOT",
        "-O", _EXT4_FEATURES, "-b", "4096", "-I", "256", "-i", "16384", "-m", "0", "-J", "size=16",
        "-U", _FILE_SYSTEM_ID,
        "-E", "offset=%d,hash_seed=%s,lazy_itable_init=0,lazy_journal_init=0,nodiscard" % (offset, _HASH_SEED),
        "-d", root, disk, "%dk" % (size // 1024),
    ])
    _fix_times(rctx, "%s?offset=%d" % (disk, offset))
    return disk

def _fix_times(rctx, file_system):
    """Sets access and change times, which mkfs copies and nobody can choose."""
    used = {}
    for line in _run(rctx, "file system", [_program(rctx, "dumpe2fs", "e2fsprogs"), "-h", file_system]).split("\n"):
        key, _, value = line.partition(":")
        if key in ["Inode count", "Free inodes"]:
            used[key] = int(value.strip())

    # Inodes are given out in order: 2 is the root, 11 the first that is free.
    last = used["Inode count"] - used["Free inodes"]
    rctx.file("work/times", "".join([
        "set_inode_field <{0}> atime @0\nset_inode_field <{0}> ctime @0\n".format(inode)
        for inode in [2] + list(range(11, last + 1))
    ]))
    _run(rctx, "times", [
        _program(rctx, "debugfs", "e2fsprogs"), "-w", "-f", str(rctx.path("work/times")), file_system,
    ])

def make_developer_container(rctx, packages):
    """Makes `developer_container.bin.zst` and its BUILD file in a repository.

    Args:
      rctx: repository context.
      packages: list of JSON objects; see debian_developer_container.
    """
    # First, for Bazel starts over when it has to look a label up.
    unpack = str(rctx.path(Label("//builder/debian:unpack.sh")))
    files = [parse_remote_file(text) for text in packages]
    fetch_remote_files(rctx, files, "work/packages")

    # Later packages win where two have a folder of different mode; the order
    # must not come from apt.
    debs = [str(rctx.path("work/packages/" + name)) for name in sorted([file.name for file in files])]
    as_root = _as_root(rctx)
    disk = _make_disk(rctx, as_root, _make_root(rctx, as_root, unpack, debs))
    rctx.report_progress("Compressing the disk image")
    _run(rctx, "compress", ["zstd", "-q", "-3", "-T0", disk, "-o", str(rctx.path(_IMAGE))])
    _run(rctx, "clean up", ["rm", "-rf", str(rctx.path("work"))])
    rctx.file("BUILD.bazel", 'exports_files(["%s"])\n' % _IMAGE)

def _debian_developer_container_impl(rctx):
    make_developer_container(rctx, rctx.attr.packages)

debian_developer_container = repository_rule(
    implementation = _debian_developer_container_impl,
    doc = """Makes `@<name>//:developer_container.bin.zst` from Debian packages.

The packages are unpacked, none of their scripts runs.  They must be a kernel's
image and headers with all that compiling against them needs; see
//builder/debian:container_packages.txt.""",
    attrs = {
        "packages": attr.string_list(
            mandatory = True,
            doc = "JSON objects with the fields of proto/lock.proto's RemoteFile, one per package.",
        ),
    },
)

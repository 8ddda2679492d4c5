"""debian_developer_container: Debian in Container Linux's image format.

Debian publishes packages, not developer containers.  This rule makes one in the
format that Container Linux publishes, so that all families of kernels are
handled alike from here on.

Nothing is mounted, and no privileges are needed.  The same packages give the
same bytes on any machine and for any user.
"""

load("//builder:repository_command.bzl", "find_program", "run_command")
load("//builder/private:container_disk.bzl", "write_container_disk")
load("//builder/private:remote_file.bzl", "fetch_remote_files", "parse_remote_file")

_IMAGE = "developer_container.bin.zst"

# Merged /usr as in Debian 12; base-files creates the links only when configured.
_USR_LINKS = ["bin", "lib", "lib64", "sbin"]

# Mount points, which cannot be created in a read-only root.
_MOUNT_POINTS = ["dev", "proc", "run", "sys", "tmp"]

# Files that maintainer scripts would create and compiling needs.
_ALTERNATIVES = {
    "usr/bin/awk": "mawk",
    "usr/bin/cc": "gcc",
    "usr/bin/which": "which.debianutils",
}
_ACCOUNTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
}

def _as_root(rctx):
    """Command prefix with which files keep owners that the user may not set."""
    if rctx.execute(["id", "-u"]).stdout.strip() == "0":
        return []
    rctx.file("work/owners")
    owners = str(rctx.path("work/owners"))
    return [find_program(rctx, "fakeroot", "fakeroot"), "-i", owners, "-s", owners, "--"]

def _make_root(rctx, as_root, unpack, debs):
    """Fills the directory work/root and returns its path."""
    root = str(rctx.path("work/root"))

    # Files newer than this do not come from a package.  The margin is needed
    # because timestamps of files have a coarse resolution.
    marker = str(rctx.path("work/marker"))
    run_command(rctx, ["touch", "--date=-10 seconds", marker])

    directories = ["usr/" + name for name in _USR_LINKS] + _MOUNT_POINTS + ["etc"]
    run_command(rctx, ["mkdir", "-p", "-m", "755"] + [root + "/" + directory for directory in directories])
    for name in _USR_LINKS:
        run_command(rctx, ["ln", "-s", "usr/" + name, root + "/" + name])

    rctx.report_progress("Unpacking %d packages" % len(debs))
    run_command(rctx, as_root + [unpack, root] + debs)

    # Since 6.12 the headers contain the kernel's type information (BTF).  With it,
    # building a module needs pahole, whose output varies.  Modules load without
    # BTF.
    if rctx.path("work/root/usr/src").exists:
        command = ["find", root + "/usr/src", "-maxdepth", "2", "-name", "vmlinux", "-delete"]
        run_command(rctx, command)
    for path, content in _ACCOUNTS.items():
        rctx.file("work/root/" + path, content, executable = False)
        run_command(rctx, ["chmod", "644", root + "/" + path])
    for path, target in _ALTERNATIVES.items():
        if rctx.path("work/root/usr/bin/" + target).exists:
            run_command(rctx, ["ln", "-sf", target, root + "/" + path])
    command = ["find", root, "-newer", marker, "-exec"]
    run_command(rctx, command + ["touch", "--no-dereference", "--date=@0", "{}", "+"])
    return root

def make_developer_container(rctx, packages):
    """Makes `developer_container.bin.zst` and its BUILD file in a repository.

    Args:
      rctx: repository context.
      packages: list of JSON objects; see debian_developer_container.
    """

    # First, because Bazel restarts the rule when it resolves a label.
    unpack = str(rctx.path(Label("//builder/container/debian:unpack.sh")))
    files = [parse_remote_file(text) for text in packages]
    fetch_remote_files(rctx, files, "work/packages")

    # If two packages have a directory with different modes, the last one decides;
    # so the order must not depend on apt.
    debs = [str(rctx.path("work/packages/" + name)) for name in sorted([file.name for file in files])]
    as_root = _as_root(rctx)
    disk = write_container_disk(rctx, as_root, _make_root(rctx, as_root, unpack, debs))
    rctx.report_progress("Compressing the disk image")
    run_command(rctx, ["zstd", "-q", "-3", "-T0", disk, "-o", str(rctx.path(_IMAGE))])
    run_command(rctx, ["rm", "-rf", str(rctx.path("work"))])
    rctx.file("BUILD.bazel", 'exports_files(["%s"])\n' % _IMAGE)

def _debian_developer_container_impl(rctx):
    make_developer_container(rctx, rctx.attr.packages)

debian_developer_container = repository_rule(
    implementation = _debian_developer_container_impl,
    doc = """Makes `@<name>//:developer_container.bin.zst` from Debian packages.

The packages are unpacked without running their scripts.  They must be the image
and headers of a kernel, and everything that is needed to compile against them;
see //builder/container/debian:container_packages.txt.""",
    attrs = {
        "packages": attr.string_list(
            mandatory = True,
            doc = "JSON objects with the fields of proto/lock.proto's RemoteFile, one per package.",
        ),
    },
)

"""The cells of a lock as Bazel targets, and their downloads.

These are two repositories, because WORKSPACE loads the downloads for every
command, while the targets are needed only by commands that name them.
"""

load(":generate.bzl", "cells_files")
load(":lock.bzl", "read_lock")
load(":repositories_file.bzl", "repositories_file")

_ATTRS = {
    "lock": attr.label(
        allow_single_file = True,
        doc = "Lock to use instead of GANTRY_LOCK, for tests.",
    ),
}

def _write(rctx, files):
    for name, content in files.items():
        # Each character is a byte; see read_lock().
        rctx.file(name, content, executable = False, legacy_utf8 = False)

def _cells_repository_impl(rctx):
    read = read_lock(rctx)
    if read.problem:
        fail(read.problem)
    _write(rctx, cells_files(read.lock))

cells_repository = repository_rule(
    implementation = _cells_repository_impl,
    doc = """Declares targets for the cells of a lock that discovery wrote.

The environment variable GANTRY_LOCK is the absolute path of the lock, which must
change with its content.  If it is unset or empty, there are no cells.  If the lock
cannot be used, commands that name a target of the repository fail, and no others.

* `@cells//<cell id>:cell`: the outputs to publish; `:container`, `:modules`,
  `:proof` and `:image` are the stages of the cell.  Excluded cells have no
  targets.
* `@cells//stages`: the stages that cells share.

The targets use the repositories that cell_downloads declares.""",
    attrs = _ATTRS,
    environ = ["GANTRY_LOCK"],
)

def _cell_downloads_impl(rctx):
    # The lock is {} if it cannot be used.
    _write(rctx, {
        "BUILD.bazel": 'exports_files(["repositories.bzl"])\n',
        "repositories.bzl": repositories_file(read_lock(rctx).lock),
    })

cell_downloads = repository_rule(
    implementation = _cell_downloads_impl,
    doc = """Declares the downloads of the cells, from the same lock as cells_repository.

`@<name>//:repositories.bzl` defines cell_repositories(); call it in WORKSPACE.  It
declares nothing if the lock cannot be used.""",
    attrs = _ATTRS,
    environ = ["GANTRY_LOCK"],
)

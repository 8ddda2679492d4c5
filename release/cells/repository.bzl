"""cells_repository: the cells of a lock as Bazel targets."""

load(":generate.bzl", "cells_files")
load(":textproto.bzl", "parse_textproto")

_MESSAGE = "gantry.matrix.v1.Lock"

# Checks the lock and prints it in the layout that parse_textproto() requires.
# $1: directory of the schemas, $2: lock.
_NORMALIZE = """\
set -o pipefail
protoc="protoc -I$1 proto/lock.proto"
$protoc --encode={message} <"$2" | $protoc --decode={message}
""".format(message = _MESSAGE)

# Without a lock, discovery can be built.
_REMEDY = ("unset GANTRY_LOCK (--repo_env=GANTRY_LOCK=) and run discovery " +
           "again (bazel run //release:discover)")

def _read_lock(rctx, path, schema):
    if not rctx.path(path).exists:
        fail("GANTRY_LOCK: file not found: %s; %s" % (path, _REMEDY))
    root = str(schema.dirname.dirname)
    result = rctx.execute(["bash", "-c", _NORMALIZE, "normalize", root, path])
    if result.return_code != 0:
        # protoc calls its standard input "input".
        fail("GANTRY_LOCK: %s is not a valid %s:\n%s\n%s" % (
            path,
            _MESSAGE,
            result.stderr.strip().replace("input:", path + ":"),
            _REMEDY,
        ))
    return parse_textproto(result.stdout)

def _cells_repository_impl(rctx):
    schema = rctx.path(rctx.attr._schema)
    path = str(rctx.path(rctx.attr.lock)) if rctx.attr.lock else rctx.os.environ.get("GANTRY_LOCK", "")
    files = cells_files(_read_lock(rctx, path, schema) if path else {})
    for name, content in files.items():
        # Each character is a byte; see parse_textproto().
        rctx.file(name, content, executable = False, legacy_utf8 = False)

cells_repository = repository_rule(
    implementation = _cells_repository_impl,
    doc = """Declares targets for the cells of a lock that discovery wrote.

The environment variable GANTRY_LOCK is the absolute path of the lock, which must
change with its content.  If it is unset or empty, there are no cells.

* `@cells//<cell id>:cell`: the outputs to publish; `:container`, `:modules`,
  `:proof` and `:image` are the stages of the cell.  Excluded cells have no
  targets.
* `@cells//stages`: the stages that cells share.
* `@cells//:repositories.bzl`: defines cell_repositories(), which declares the
  downloads; call it in WORKSPACE.""",
    attrs = {
        "lock": attr.label(
            allow_single_file = True,
            doc = "Lock to use instead of GANTRY_LOCK, for tests.",
        ),
        "_schema": attr.label(
            allow_single_file = True,
            default = "//proto:lock.proto",
        ),
    },
    environ = ["GANTRY_LOCK"],
)

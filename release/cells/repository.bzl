"""cells_repository: the cells of a lock as Bazel targets."""

load(":generate.bzl", "cells_files")
load(":textproto.bzl", "parse_textproto")

_MESSAGE = "gantry.matrix.v1.Lock"

# Checks the text format and prints it in one layout.  $1: folder of the
# schemas, $2: lock.
_CANONICALISE = """\
set -o pipefail
protoc="protoc -I$1 proto/lock.proto"
$protoc --encode={message} <"$2" | $protoc --decode={message}
""".format(message = _MESSAGE)

# Without cells, everything else still builds.
_REMEDY = ("set GANTRY_LOCK to nothing (--repo_env=GANTRY_LOCK=) and run " +
           "discovery again (bazel run //release:discover)")

def _read_lock(rctx, path, schema):
    if not rctx.path(path).exists:
        fail("GANTRY_LOCK: there is no file %s; %s" % (path, _REMEDY))
    root = str(schema.dirname.dirname)
    result = rctx.execute(["bash", "-c", _CANONICALISE, "canonicalise", root, path])
    if result.return_code != 0:
        # protoc reads from stdin, which it calls "input".
        fail("%s is no %s:\n%s\n%s" % (
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
        # Characters stand for bytes; see parse_textproto().
        rctx.file(name, content, executable = False, legacy_utf8 = False)

cells_repository = repository_rule(
    implementation = _cells_repository_impl,
    doc = """Targets for the cells of a lock, which discovery wrote.

The environment variable GANTRY_LOCK is the lock's absolute path, whose name
changes with its content.  Unset or empty: no cells.

* `@cells//<cell id>:cell`: all that publishing the cell needs; `:container`,
  `:modules`, `:proof` and `:image` are its stages.  Excluded cells have none.
* `@cells//stages`: what cells share.
* `@cells//:repositories.bzl`: cell_repositories(), to be called in WORKSPACE,
  declares what the cells download.""",
    attrs = {
        "lock": attr.label(
            allow_single_file = True,
            doc = "Lock to use instead of GANTRY_LOCK's, in tests.",
        ),
        "_schema": attr.label(
            allow_single_file = True,
            default = "//proto:lock.proto",
        ),
    },
    environ = ["GANTRY_LOCK"],
)

"""Reads the lock in repository rules."""

load(":repositories_file.bzl", "find_name_clash")

# LockFile.schema, equal to kLockSchema in release/plan/lock_format.h.
LOCK_SCHEMA = 1

# json.decode() cannot report malformed JSON: it ends the command.  So Python
# checks it first, and replaces escapes: each byte of a string in UTF-8 becomes a
# character, as in all other strings of Bazel.  $1: path of the lock.
_NORMALIZE = """\
import json, sys
with open(sys.argv[1], encoding="utf-8") as lock:
    text = json.dumps(json.load(lock), allow_nan=False, ensure_ascii=False)
sys.stdout.buffer.write(text.encode("utf-8"))
"""

def _unusable(problem):
    return struct(lock = {}, problem = problem)

def _parse(rctx, path):
    if not rctx.path(path).exists:
        return _unusable("file not found")
    result = rctx.execute(["python3", "-I", "-c", _NORMALIZE, path])
    if result.return_code != 0:
        return _unusable("not JSON: " + result.stderr.strip().rpartition("\n")[2])
    file = json.decode(result.stdout)
    schema = file.get("schema") if type(file) == "dict" else None
    if schema != LOCK_SCHEMA:
        return _unusable("has schema %s, but this version of Gantry reads only schema %d" % (schema, LOCK_SCHEMA))
    lock = file.get("lock", {})
    return struct(lock = lock, problem = find_name_clash(lock))

def read_lock(rctx):
    """Reads the lock of a repository rule.

    Args:
      rctx: context of a repository rule with the attribute `lock`, which has
        precedence over the environment variable GANTRY_LOCK.

    Returns:
      struct(lock, problem).  `lock` is the Lock in JSON; fields with default
      values may be missing, int64 and enum values are strings, and each byte of
      a string is a character below U+0100.  Without a lock it is {}.  `problem`
      says why the lock cannot be used, and is empty if it can.
    """
    if rctx.attr.lock:
        path = str(rctx.path(rctx.attr.lock))
    else:
        path = rctx.os.environ.get("GANTRY_LOCK", "")
    if not path:
        return struct(lock = {}, problem = "")
    read = _parse(rctx, path)
    if not read.problem:
        return read
    return _unusable("GANTRY_LOCK: %s: %s; run discovery again (bazel run //release:discover)" % (path, read.problem))

"""Reads files by digest from an input store, in repository rules.

An input store keeps files for when their origins no longer have them.  The
environment variable GANTRY_INPUTS names it:

* the absolute path of a directory, with files `<algorithm>/<hex digest>`;
* or a registry's repository, with an artifact of one blob for each file, tagged
  `input-<algorithm>-<the digest's first 64 hex digits>`.

No repository rule declares the variable in `environ`: setting it refetches
nothing.
"""

load("//builder:repository_command.bzl", "find_program")

_TAG_DIGITS = 64

def input_store(rctx):
    """The input store to read from.

    Args:
      rctx: repository context.

    Returns:
      Value of GANTRY_INPUTS; "" if there is none.
    """
    store = rctx.os.environ.get("GANTRY_INPUTS", "")
    if store.startswith("."):
        fail("@%s: GANTRY_INPUTS: %s must be an absolute path, or a registry's repository" % (rctx.name, store))
    return store

def digest_problem(rctx, file, path):
    """Compares a file with a digest.

    Args:
      rctx: repository context.
      file: struct with `algorithm` and `hex`.
      path: absolute path of the file.

    Returns:
      "" if the file has the digest; otherwise what is wrong.
    """
    result = rctx.execute([file.algorithm + "sum", path], timeout = 3600)
    if result.return_code != 0:
        return result.stderr.strip()

    # Before the digest, a backslash says that the path is escaped.
    hex = result.stdout.split(" ")[0].lstrip("\\")
    if hex != file.hex:
        return "it has digest %s:%s, expected %s:%s" % (file.algorithm, hex, file.algorithm, file.hex)
    return ""

def _is_loopback(repository):
    host = repository.split("/")[0]
    return (host.startswith("127.") or host.startswith("[::1]") or
            host == "localhost" or host.startswith("localhost:"))

def _copy_from_directory(rctx, store, file, path):
    source = "%s/%s/%s" % (store, file.algorithm, file.hex)
    if not rctx.path(source).exists:
        return "there is no file " + source
    result = rctx.execute(["cp", "--no-preserve=all", source, path], timeout = 3600)
    return result.stderr.strip() if result.return_code != 0 else ""

def _copy_from_repository(rctx, store, file, path):
    # A layout of skopeo's, with manifest.json, and blobs named by their digest.
    layout = path + ".gantry-input"
    result = rctx.execute([
        find_program(rctx, "skopeo", "skopeo"),
        "copy",
        "--quiet",
        "--src-tls-verify=" + ("false" if _is_loopback(store) else "true"),
        "docker://%s:input-%s-%s" % (store, file.algorithm, file.hex[:_TAG_DIGITS]),
        "dir:" + layout,
    ], timeout = 7200)
    problem = result.stderr.strip() if result.return_code != 0 else ""
    if not problem:
        layers = json.decode(rctx.read(layout + "/manifest.json")).get("layers", [])
        if len(layers) != 1:
            problem = "the artifact has %d layers, expected one" % len(layers)
        else:
            blob = layout + "/" + layers[0]["digest"].partition(":")[2]
            problem = rctx.execute(["mv", "--no-target-directory", blob, path]).stderr.strip()
    rctx.delete(layout)
    return problem

def take_input(rctx, store, file, path):
    """Copies a file out of an input store, and verifies its digest.

    Args:
      rctx: repository context.
      store: what input_store() returned, not "".
      file: struct with `algorithm` and `hex`.
      path: absolute path for the file, which is replaced.

    Returns:
      "" if the file is there now; otherwise why not, and nothing is there.
    """
    rctx.delete(path)
    copy = _copy_from_directory if store.startswith("/") else _copy_from_repository
    problem = copy(rctx, store, file, path) or digest_problem(rctx, file, path)
    if problem:
        rctx.delete(path)
    return problem

"""remote_files: a repository of downloaded files."""

load("//builder/private:remote_file.bzl", "fetch_remote_files", "parse_remote_file", "signature_name")

_BUILD = """\
package(default_visibility = ["//visibility:public"])

exports_files(%r)

filegroup(
    name = "files",
    srcs = %r,
)

filegroup(
    name = "inputs",
    srcs = %r,
)
"""

def _remote_files_impl(rctx):
    files = [parse_remote_file(text) for text in rctx.attr.files]
    names = []
    for file in files:
        if file.name in names:
            fail("@%s: files: two have the name %s" % (rctx.name, file.name))
        names.append(file.name)
    fetch_remote_files(rctx, files, ".", rctx.attr.keyring, rctx.attr.fingerprints)
    signatures = [signature_name(file) for file in files if file.signature_url]
    rctx.file("BUILD.bazel", _BUILD % (names, names, names + signatures))

remote_files = repository_rule(
    implementation = _remote_files_impl,
    doc = """Downloads files, each of which is a target `@<name>//:<base name>`.

`@<name>//:files` contains all of them, `@<name>//:inputs` also their signatures.
If the environment variable GANTRY_INPUTS names an input store, files that their
origin no longer has are taken from there.  Debian packages are downloaded by apt,
with the machine's apt settings, other files by Bazel.  If a digest, size or
signature does not match, the repository fails, and only the targets that depend
on it.""",
    attrs = {
        "files": attr.string_list(
            mandatory = True,
            doc = "JSON objects with the fields of proto/lock.proto's RemoteFile: url, digest, size, signature_url, signature_digest.",
        ),
        "fingerprints": attr.string_list(
            doc = "Fingerprints, in upper case, of the primary keys in the keyring that may sign; if it is empty, all may.",
        ),
        "keyring": attr.string(
            doc = "Absolute path of a binary OpenPGP keyring; if set, every file needs a signature by one of its keys.",
        ),
    },
)

"""Downloads the files that RemoteFile messages describe, in repository rules.

Every file is verified: its digest, its size if known, and its signature if it
has one.  What its origin no longer has is taken from the input store, if there
is one.
"""

load("//builder/private:gpgv_status.bzl", "gpgv_refusal")
load("//builder/private:input_store.bzl", "digest_problem", "input_store", "take_input")

_APT_HELPER = "/usr/lib/apt/apt-helper"
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

# Escapes that apt uses in URLs of packages.
_ESCAPES = {"%2b": "+", "%2B": "+", "%7e": "~", "%7E": "~"}
_HEX_DIGITS = {"sha256": 64, "sha512": 128}
_NAME_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+~-"

def file_name(url):
    """The file name in a URL, which is also the name of the target.

    Args:
      url: absolute URL.

    Returns:
      The last component of the path, unescaped.
    """
    name = url.split("?")[0].split("#")[0].split("/")[-1]
    for escape, character in _ESCAPES.items():
        name = name.replace(escape, character)
    if not name or [c for c in name.elems() if c not in _NAME_CHARACTERS]:
        fail("url %s: the last component must be a file name in [A-Za-z0-9._+~-]" % url)
    return name

def parse_remote_file(text):
    """Parses a RemoteFile in JSON.

    Args:
      text: JSON object with the fields of RemoteFile; `url` and `digest` are
        required.

    Returns:
      struct(name, url, algorithm, hex, size, signature_url, signature_sha256).
    """
    value = json.decode(text)
    url = value.get("url", "")
    algorithm, _, hex = value.get("digest", "").partition(":")
    if url.partition("://")[0] not in ["http", "https", "file"]:
        fail("url %r: must be an absolute http, https or file URL" % url)
    if _HEX_DIGITS.get(algorithm) != len(hex) or hex.lower() != hex:
        fail("digest %r of %s: must be sha256:<hex> or sha512:<hex>" % (value.get("digest", ""), url))
    signature_algorithm, _, signature_hex = value.get("signature_digest", "").partition(":")
    if value.get("signature_digest") and (signature_algorithm != "sha256" or len(signature_hex) != 64):
        fail("signature_digest %r of %s: must be sha256:<hex>" % (value["signature_digest"], url))
    return struct(
        name = file_name(url),
        url = url,
        algorithm = algorithm,
        hex = hex,
        # Protobuf's JSON encodes int64 as a string.
        size = int(value.get("size", 0)),
        signature_url = value.get("signature_url", ""),
        signature_sha256 = signature_hex,
    )

def hex_to_base64(hex):
    """Converts bytes from hexadecimal to base64.

    Args:
      hex: pairs of hexadecimal digits.

    Returns:
      The same bytes in base64, padded.
    """
    text = ""
    for start in range(0, len(hex), 6):
        chunk = hex[start:start + 6]

        # Without "0x", int() takes leading "0b" and "0o" for prefixes too.
        bits = int("0x" + chunk + "0" * (6 - len(chunk)), 16)
        digits = [_BASE64[(bits >> shift) % 64] for shift in (18, 12, 6, 0)]
        used = len(chunk) // 2 + 1
        text += "".join(digits[:used]) + "=" * (4 - used)
    return text

def signature_name(file):
    """The name of the file with the signature of another.

    Args:
      file: what parse_remote_file() returns.

    Returns:
      File name, in the directory of the file.
    """
    return file.name + ".gantry-signature"

def _path(rctx, directory, name):
    return str(rctx.path(directory + "/" + name))

def _delete_and_fail(rctx, files, directory, message):
    for file in files:
        rctx.delete(directory + "/" + file.name)
        rctx.delete(directory + "/" + signature_name(file))
    fail("@%s: %s" % (rctx.name, message))

def _take_or_fail(rctx, files, file, directory, name, origin):
    """Takes a file that its origin does not have from the input store.

    Args:
      rctx: repository context.
      files: files of the repository, to delete on failure.
      file: struct(url, algorithm, hex).
      directory: directory for the file.
      name: file name.
      origin: what happened at its origin.
    """
    store = input_store(rctx)
    rctx.report_progress("Taking %s from the input store" % name)
    problem = take_input(rctx, store, file, _path(rctx, directory, name))
    if problem:
        _delete_and_fail(rctx, files, directory, "%s (%s:%s) is neither at its origin, %s (%s), nor in the input store, %s (%s)" % (
            name,
            file.algorithm,
            file.hex,
            file.url,
            origin,
            store,
            problem,
        ))

def _is_archive_package(file):
    # Only apt knows the mirrors and proxies of this machine.
    return file.name.endswith(".deb") and not file.url.startswith("file:")

def _fetch_packages(rctx, files, packages, directory):
    """Downloads through apt, which honours the machine's apt settings."""
    rctx.report_progress("Downloading %d packages" % len(packages))
    triples = []
    for file in packages:
        triples += [
            file.url,
            _path(rctx, directory, file.name),
            "%s:%s" % (file.algorithm.upper(), file.hex),
        ]

    # As the current user: apt's own could not write here, and does not exist in a
    # user namespace.
    command = [_APT_HELPER, "-o", "APT::Sandbox::User=root", "download-file"]
    result = rctx.execute(command + triples, timeout = 7200)
    if result.return_code == 0:
        return
    errors = [line[3:] for line in result.stderr.split("\n") if line.startswith("E: ")]
    error = "\n".join(errors) or result.stderr.strip()
    if not input_store(rctx):
        _delete_and_fail(rctx, files, directory, (
            "apt could not download: %s\nIf a mirror has replaced a package with a newer one, " +
            "run discovery again (bazel run //release:discover), or name an input store that " +
            "has it (GANTRY_INPUTS)"
        ) % error)

    # apt goes on after an error: most packages are there.
    for file in packages:
        if digest_problem(rctx, file, _path(rctx, directory, file.name)):
            own = [line for line in errors if file.url in line]
            _take_or_fail(rctx, files, file, directory, file.name, (own or errors or [error])[0])

def _fetch_file(rctx, files, file, directory, name):
    """Downloads a file through Bazel; `file` is struct(url, algorithm, hex)."""
    may_take = bool(input_store(rctx) and file.hex)
    result = rctx.download(
        url = file.url,
        output = directory + "/" + name,
        sha256 = file.hex if file.algorithm == "sha256" else "",
        integrity = "" if file.algorithm == "sha256" else "sha512-" + hex_to_base64(file.hex),
        # Otherwise Bazel's error is the best one.
        allow_fail = may_take,
    )
    if may_take and not result.success:
        _take_or_fail(rctx, files, file, directory, name, "Bazel's warning before this error says why")

def _list_keys(rctx, directory, keyring):
    """The colon listing of the keyring's keys."""
    home = directory + "/.gantry-gnupg"
    rctx.execute(["mkdir", "-m", "700", str(rctx.path(home))])
    result = rctx.execute([
        "gpg",
        "--batch",
        "--no-options",
        "--quiet",
        "--homedir",
        str(rctx.path(home)),
        "--with-colons",
        "--show-keys",
        keyring,
    ])
    rctx.delete(home)
    return result.stdout

def _check_signature(rctx, files, file, directory, keyring, fingerprints):
    result = rctx.execute([
        "gpgv",
        "--status-fd",
        "1",
        "--keyring",
        keyring,
        _path(rctx, directory, signature_name(file)),
        _path(rctx, directory, file.name),
    ], timeout = 3600)
    refusal = gpgv_refusal(result.stdout, _list_keys(rctx, directory, keyring), fingerprints)
    if not refusal and result.return_code != 0:
        refusal = "gpgv exited with %d" % result.return_code
    if refusal:
        _delete_and_fail(rctx, files, directory, "%s: signature %s refused: %s (keyring %s)" % (
            file.name,
            file.signature_url,
            refusal,
            keyring,
        ))

def _check_sizes(rctx, files, directory):
    sized = [file for file in files if file.size]
    if not sized:
        return
    result = rctx.execute(["stat", "--format=%s"] +
                          [_path(rctx, directory, file.name) for file in sized])
    if result.return_code != 0:
        fail("@%s: %s" % (rctx.name, result.stderr.strip()))
    for file, size in zip(sized, result.stdout.strip().split("\n")):
        if int(size) != file.size:
            _delete_and_fail(rctx, files, directory, "%s has %s bytes, expected %d" % (file.name, size, file.size))

def fetch_remote_files(rctx, files, directory, keyring = "", fingerprints = []):
    """Downloads and verifies files; on failure none is left.

    Signatures stay beside the files, as signature_name() says.

    Args:
      rctx: repository context.
      files: list of what parse_remote_file() returns.
      directory: directory in the repository for the files, created if missing.
      keyring: absolute path of a binary OpenPGP keyring.  If set, every file must
        have a signature by one of its keys.
      fingerprints: list of the primary keys in the keyring that may sign, in
        upper case; if it is empty, all may.
    """
    for file in files:
        if bool(keyring) != bool(file.signature_url):
            fail("@%s: %s has %s" % (
                rctx.name,
                file.url,
                "no signature_url to check against keyring %s" % keyring if keyring else "a signature_url, but there is no keyring",
            ))
    packages = [file for file in files if _is_archive_package(file)]
    others = [file for file in files if not _is_archive_package(file)]
    rctx.execute(["mkdir", "-p", str(rctx.path(directory))])
    if packages:
        _fetch_packages(rctx, files, packages, directory)
    for file in files:
        if file.signature_url:
            signature = struct(url = file.signature_url, algorithm = "sha256", hex = file.signature_sha256)
            _fetch_file(rctx, files, signature, directory, signature_name(file))
    for file in others:
        _fetch_file(rctx, files, file, directory, file.name)
    _check_sizes(rctx, files, directory)
    for file in files:
        if file.signature_url:
            _check_signature(rctx, files, file, directory, keyring, fingerprints)

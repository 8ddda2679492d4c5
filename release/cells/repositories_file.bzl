"""Generates repositories.bzl of cell_downloads, which declares the downloads."""

load(":build_text.bzl", "call")
load(
    ":names.bzl",
    "container_repository",
    "driver_name",
    "kernel_repository",
    "source_repository",
    "toolkit_repository",
    "userland_repository",
)

def _json(file):
    fields = {
        field: file[field]
        for field in ["url", "digest", "signature_url", "signature_digest"]
        if file.get(field)
    }
    if int(file.get("size", 0)):
        fields["size"] = int(file["size"])
    return json.encode(fields)

def _remote_files(name, files, keyring = "", fingerprints = []):
    return name, call("remote_files", [
        ("name", name),
        ("files", [_json(file) for file in files]),
        ("fingerprints", fingerprints),
        ("keyring", keyring),
    ], "    ")

def _release_repositories(release):
    if release.get("packages"):
        return [_remote_files(container_repository(release), release["packages"])]
    keyring = release.get("keyring", "")
    fingerprints = release.get("signing_key_fingerprints", [])
    repositories = [
        _remote_files(container_repository(release), [release["developer_container"]], keyring, fingerprints),
    ]
    if release.get("kernel_image"):
        repositories.append(_remote_files(kernel_repository(release), [release["kernel_image"]], keyring, fingerprints))
    return repositories

def _repositories(lock):
    """The repositories of a lock as tuples of owner, name and call."""
    repositories = []
    for release in lock.get("releases", []):
        repositories += [
            (release["name"], name, text)
            for name, text in _release_repositories(release)
        ]
    for driver in lock.get("drivers", []):
        files = [(source_repository(driver), [driver["source"]])]
        if driver.get("userland_files"):
            files.append((userland_repository(driver), driver["userland_files"]))
        for name, remote_files in files:
            repositories.append(("driver " + driver_name(driver),) + _remote_files(name, remote_files))
    for toolkit in lock.get("cuda_toolkits", []):
        name = toolkit_repository(toolkit)
        repositories.append(("CUDA " + toolkit["version"],) + _remote_files(name, toolkit["components"]))
    return repositories

def find_name_clash(lock):
    """Finds two entries of a lock whose repositories have one name.

    Args:
      lock: Lock in JSON.

    Returns:
      A message that names both; empty if there are none.
    """
    owners = {}
    for owner, name, _ in _repositories(lock):
        if name in owners:
            return "%s and %s have the same repository name @%s; exclude one of them in the matrix" % (
                owners[name],
                owner,
                name,
            )
        owners[name] = owner
    return ""

def repositories_file(lock):
    """Text of repositories.bzl.

    Args:
      lock: Lock in JSON, without name clashes.

    Returns:
      Text of the file, which defines cell_repositories().
    """
    body = "\n".join([text for _, _, text in _repositories(lock)]) or "    pass\n"
    return '''\
"""Downloads of the cells, which are fetched when a cell is built."""

load("@gantry//builder:repositories.bzl", "remote_files")

def cell_repositories():
    """Declares a repository for each developer container, driver and toolkit."""
''' + body

"""Generates repositories.bzl of @cells, which declares the downloads."""

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
load(":textproto.bzl", "first")

def _json(file):
    fields = ["url", "digest", "size", "signature_url", "signature_digest"]
    return json.encode({field: first(file, field) for field in fields if file.get(field)})

def _remote_files(name, files, keyring = "", fingerprints = []):
    return name, call("remote_files", [
        ("name", name),
        ("files", [_json(file) for file in files]),
        ("fingerprints", fingerprints),
        ("keyring", keyring),
    ], "    ")

def _release_repositories(release):
    if release.get("packages"):
        name = container_repository(release)
        return [(name, call("debian_developer_container", [
            ("name", name),
            ("packages", [_json(file) for file in release["packages"]]),
        ], "    "))]
    keyring = first(release, "keyring")
    fingerprints = release.get("signing_key_fingerprints", [])
    repositories = [
        _remote_files(container_repository(release), release["developer_container"], keyring, fingerprints),
    ]
    if release.get("kernel_image"):
        repositories.append(_remote_files(kernel_repository(release), release["kernel_image"], keyring, fingerprints))
    return repositories

def repositories_file(releases, drivers, toolkits):
    """Text of repositories.bzl.

    Args:
      releases: list of LockedRelease.
      drivers: list of LockedDriver.
      toolkits: list of LockedToolkit.

    Returns:
      Text of the file, which defines cell_repositories().
    """
    repositories = []
    for release in releases:
        repositories += [(first(release, "name"), repository) for repository in _release_repositories(release)]
    for driver in drivers:
        owner = "driver " + driver_name(driver)
        repositories.append((owner, _remote_files(source_repository(driver), driver["source"])))
        if driver.get("userland_files"):
            repositories.append((owner, _remote_files(userland_repository(driver), driver["userland_files"])))
    for toolkit in toolkits:
        owner = "CUDA " + first(toolkit, "version")
        repositories.append((owner, _remote_files(toolkit_repository(toolkit), toolkit["components"])))

    owners = {}
    for owner, (name, _) in repositories:
        if name in owners:
            fail("%s and %s have the same repository name @%s" % (owners[name], owner, name))
        owners[name] = owner
    body = "\n".join([text for _, (_, text) in repositories]) or "    pass\n"
    return '''\
"""Downloads of the cells, which are fetched when a cell is built."""

load("@gantry//builder:repositories.bzl", "debian_developer_container", "remote_files")

def cell_repositories():
    """Declares a repository for each developer container, driver and toolkit."""
''' + body

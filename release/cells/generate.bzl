"""Generates the files of a cells_repository from a lock."""

load(":build_text.bzl", "build_file", "call")
load(
    ":names.bzl",
    "container_repository",
    "driver_name",
    "kernel_repository",
    "source_repository",
    "toolkit_repository",
    "userland_repository",
)
load(
    ":stages.bzl",
    "FLAVOURS",
    "driver_layer_name",
    "modules_name",
    "stages_files",
    "toolkit_layer_name",
)

def _input_labels(release, driver, toolkit):
    """Labels of all downloaded files that a cell is made of."""
    repositories = [container_repository(release)]
    if release.get("kernel_image"):
        repositories.append(kernel_repository(release))
    repositories.append(source_repository(driver))
    if driver.get("userland_files"):
        repositories.append(userland_repository(driver))
    repositories.append(toolkit_repository(toolkit))
    return ["@%s//:inputs" % repository for repository in repositories]

def _cell_file(coordinates, release, driver, toolkit):
    release_name = coordinates["os_release"]
    modules = modules_name(release_name, driver)

    # From the least to the most frequently changed: registries and nodes reuse
    # the layers below the first one that differs.
    layers = ["@gantry//payload/node:installer_layer"] + [
        "//stages:" + name
        for name in [toolkit_layer_name(toolkit), driver_layer_name(driver), modules + ".payload"]
        if name
    ]
    return build_file(
        [("@gantry//payload:defs.bzl", ["payload_cell", "payload_image"])],
        [
            call("alias", [("name", "container"), ("actual", "//stages:" + release_name)]),
            call("alias", [("name", "modules"), ("actual", "//stages:" + modules)]),
            call("alias", [("name", "proof"), ("actual", "//stages:%s.proof" % modules)]),
            call("payload_image", [
                ("name", "image"),
                ("architecture", coordinates["architecture"]),
                ("container", "//stages:%s.container.textproto" % release_name),
                ("cuda_version", toolkit["version"]),
                ("flavour", FLAVOURS.get(driver.get("flavour"))),
                ("layers", layers),
                ("os_release", release_name),
                ("product", coordinates["product"]),
                ("version", driver["version"]),
            ]),
            call("payload_cell", [
                ("name", "cell"),
                ("image", ":image"),
                ("inputs", _input_labels(release, driver, toolkit)),
                ("proof", ":proof"),
            ]),
        ],
    )

def _unique(items):
    return {item: None for item in items}.keys()

def cells_files(lock):
    """The files of a cells_repository.

    Args:
      lock: Lock, from read_lock(); {} without a lock.

    Returns:
      dict from path in the repository to content.
    """
    drivers = {driver_name(driver): driver for driver in lock.get("drivers", [])}
    toolkits = {toolkit["version"]: toolkit for toolkit in lock.get("cuda_toolkits", [])}
    releases = {release["name"]: release for release in lock.get("releases", [])}

    files = {"BUILD.bazel": ""}
    module_sets = []
    for cell in lock.get("cells", []):
        if cell.get("exclusion_reason"):
            continue
        coordinates = cell["coordinates"]
        release = releases[coordinates["os_release"]]
        driver = drivers[driver_name(coordinates)]
        toolkit = toolkits[coordinates["cuda_version"]]
        module_sets.append((release["name"], driver_name(driver)))
        files[cell["id"] + "/BUILD.bazel"] = _cell_file(coordinates, release, driver, toolkit)

    files.update(stages_files(
        releases.values(),
        drivers.values(),
        toolkits.values(),
        [(release, drivers[driver]) for release, driver in _unique(module_sets)],
    ))
    return files

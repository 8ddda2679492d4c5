"""Generates the files of @cells from a lock."""

load(":build_text.bzl", "build_file", "call")
load(":names.bzl", "driver_name")
load(":repositories_file.bzl", "repositories_file")
load(
    ":stages.bzl",
    "FLAVOURS",
    "driver_layer_name",
    "modules_name",
    "stages_files",
    "toolkit_layer_name",
)
load(":textproto.bzl", "first")

def _cell_file(coordinates, driver, toolkit):
    release_name = first(coordinates, "os_release")
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
                ("architecture", first(coordinates, "architecture")),
                ("container", "//stages:%s.container.textproto" % release_name),
                ("cuda_version", first(toolkit, "version")),
                ("flavour", FLAVOURS.get(first(driver, "flavour"))),
                ("layers", layers),
                ("os_release", release_name),
                ("product", first(coordinates, "product")),
                ("version", first(driver, "version")),
            ]),
            call("payload_cell", [
                ("name", "cell"),
                ("image", ":image"),
                ("proof", ":proof"),
            ]),
        ],
    )

def _unique(items):
    return {item: None for item in items}.keys()

def cells_files(lock):
    """The files of @cells.

    Args:
      lock: Lock, from parse_textproto(); {} without a lock.

    Returns:
      dict from path in the repository to content.
    """
    drivers = {driver_name(driver): driver for driver in lock.get("drivers", [])}
    toolkits = {first(toolkit, "version"): toolkit for toolkit in lock.get("cuda_toolkits", [])}
    releases = {first(release, "name"): release for release in lock.get("releases", [])}

    files = {}
    module_sets = []
    for cell in lock.get("cells", []):
        if cell.get("exclusion_reason"):
            continue
        coordinates = first(cell, "coordinates")
        release = releases[first(coordinates, "os_release")]
        driver = drivers[driver_name({
            "flavour": [first(coordinates, "flavour")],
            "version": [first(coordinates, "version")],
        })]
        toolkit = toolkits[first(coordinates, "cuda_version")]
        module_sets.append((first(release, "name"), driver_name(driver)))
        files[first(cell, "id") + "/BUILD.bazel"] = _cell_file(coordinates, driver, toolkit)

    files.update(stages_files(
        releases.values(),
        drivers.values(),
        toolkits.values(),
        [(release, drivers[driver]) for release, driver in _unique(module_sets)],
    ))
    files["BUILD.bazel"] = 'exports_files(["repositories.bzl"])\n'
    files["repositories.bzl"] = repositories_file(releases.values(), drivers.values(), toolkits.values())
    return files

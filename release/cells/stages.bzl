"""Generates the targets of stages, which cells share.

The outputs of a stage are inputs of the next, by label: container -> modules ->
proof, and userland, toolkit and modules -> layer.
"""

load(":base64.bzl", "base64_to_bytes")
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

FLAVOURS = {
    "DRIVER_FLAVOUR_OPEN": "open",
    "DRIVER_FLAVOUR_PROPRIETARY": "proprietary",
}

def modules_name(release_name, driver):
    """The name of the target with a driver's modules for a release.

    Args:
      release_name: name of the LockedRelease.
      driver: LockedDriver.

    Returns:
      Name of a kernel_modules target in //stages.
    """
    return release_name + "_" + driver_name(driver)

def driver_layer_name(driver):
    """The name of the target with a driver's user space layer.

    Args:
      driver: LockedDriver.

    Returns:
      Name of a payload_layer target in //stages; None for a driver without user
      space.
    """
    return "driver-%s.payload" % driver_name(driver) if driver.get("userland_files") else None

def toolkit_layer_name(toolkit):
    """The name of the target with a toolkit's layer.

    Args:
      toolkit: LockedToolkit.

    Returns:
      Name of a payload_layer target in //stages.
    """
    return "cuda-%s.payload" % toolkit["version"]

def _release_calls(release):
    name = release["name"]
    image = "@%s//:files" % container_repository(release)
    calls = []
    if release.get("packages"):
        calls.append(call("debian_developer_container", [
            ("name", name + ".developer_container"),
            ("packages", [image]),
        ]))
        image = ":%s.developer_container.bin.zst" % name
    return calls + [
        call("developer_container", [
            ("name", name),
            ("expected_kernel_release", release.get("expected_kernel_release")),
            ("image", image),
            ("kernel_image", "@%s//:files" % kernel_repository(release) if release.get("kernel_image") else None),
        ]),
        # A fake GPU, so that the driver stays loaded during the proof.
        call("kernel_modules", [
            ("name", name + ".fake_pci"),
            ("srcs", ["@gantry//payload/proof/fake_pci:sources"]),
            ("container", ":" + name),
        ]),
    ]

def patch_path(driver, index):
    """The path of a patch file in //stages.

    Args:
      driver: LockedDriver.
      index: position of the patch in the driver.

    Returns:
      Path relative to the package.
    """

    # Without the file's name, which would be in the keys of actions.
    return "patches/%s/%d.patch" % (driver_name(driver), index + 1)

def strip_patch_prose(content):
    """Removes the prose before the first diff from a patch file.

    It does not affect the sources, and changes to it must not recompile the
    modules.

    Args:
      content: content of the patch file.

    Returns:
      The content from the first diff on, or all of it if there is none.
    """
    lines = content.split("\n")
    for index, line in enumerate(lines):
        following = lines[index + 1] if index + 1 < len(lines) else ""
        if line.startswith("diff --git ") or (line.startswith("--- ") and following.startswith("+++ ")):
            return "\n".join(lines[index:])
    return content

def _driver_calls(driver):
    name = "driver-" + driver_name(driver)
    calls = [
        call("kernel_patch", [
            ("name", "%s.patch-%d" % (name, index + 1)),
            ("src", patch_path(driver, index)),
            ("matches", patch.get("matches")),
            ("reason", patch.get("reason")),
            ("when_header", patch.get("when_header")),
        ])
        for index, patch in enumerate(driver.get("patches", []))
    ]
    if driver.get("userland_files"):
        calls += [
            call("file_tree", [
                ("name", name),
                ("archives", ["@%s//:files" % userland_repository(driver)]),
                ("layout", "driver"),
            ]),
            call("payload_layer", [
                ("name", driver_layer_name(driver)),
                ("kind", "driver"),
                ("prefix", "/payload/nvidia/" + driver["version"]),
                ("tree", ":%s.tree.tar" % name),
            ]),
        ]
    return calls

def _toolkit_calls(toolkit):
    version = toolkit["version"]
    return [
        call("file_tree", [
            ("name", "cuda-" + version),
            ("archives", ["@%s//:files" % toolkit_repository(toolkit)]),
            ("layout", "cuda"),
            ("with_static_archives", toolkit.get("with_static_archives") or None),
        ]),
        call("payload_layer", [
            ("name", toolkit_layer_name(toolkit)),
            ("kind", "cuda"),
            ("prefix", "/payload/cuda/" + version),
            ("tree", ":cuda-%s.tree.tar" % version),
        ]),
    ]

def _modules_calls(release_name, driver):
    name = modules_name(release_name, driver)
    patches = range(len(driver.get("patches", [])))
    return [
        call("kernel_modules", [
            ("name", name),
            ("container", ":" + release_name),
            ("flavour", FLAVOURS.get(driver.get("flavour"))),
            ("modules", driver.get("modules")),
            ("patches", [":driver-%s.patch-%d" % (driver_name(driver), index + 1) for index in patches]),
            ("source", "@%s//:files" % source_repository(driver)),
        ]),
        call("payload_layer", [
            ("name", name + ".payload"),
            ("kind", "modules"),
            ("prefix", "/payload/modules/%s/%s" % (driver["version"], release_name)),
            ("tree", ":%s.modules.tar" % name),
        ]),
        call("module_proof", [
            ("name", name + ".proof"),
            ("container", ":%s.container.textproto" % release_name),
            ("extra_symvers", [":%s.module_symvers" % name]),
            ("fake_pci", ":%s.fake_pci.modules.tar" % release_name),
            ("kernel_image", ":%s.vmlinuz" % release_name),
            ("modules", ":%s.modules.tar" % name),
            ("root", ":%s.tar" % release_name),
            ("symvers", ":%s.symvers" % release_name),
        ]),
    ]

def stages_files(releases, drivers, toolkits, module_sets):
    """The files of the package //stages.

    Args:
      releases: list of LockedRelease.
      drivers: list of LockedDriver.
      toolkits: list of LockedToolkit.
      module_sets: list of (release name, LockedDriver) to compile.

    Returns:
      dict from path in the repository to content.
    """
    calls = []
    for release in releases:
        calls += _release_calls(release)
    for driver in drivers:
        calls += _driver_calls(driver)
    for toolkit in toolkits:
        calls += _toolkit_calls(toolkit)
    for release_name, driver in module_sets:
        calls += _modules_calls(release_name, driver)
    loads = [
        ("@gantry//builder:defs.bzl", [
            "debian_developer_container",
            "developer_container",
            "file_tree",
            "kernel_modules",
            "kernel_patch",
        ]),
        ("@gantry//payload:defs.bzl", ["module_proof", "payload_layer"]),
    ] if calls else []
    files = {"stages/BUILD.bazel": build_file(loads, calls)}
    for driver in drivers:
        for index, patch in enumerate(driver.get("patches", [])):
            files["stages/" + patch_path(driver, index)] = strip_patch_prose(base64_to_bytes(patch.get("content", "")))
    return files

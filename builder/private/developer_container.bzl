"""developer_container: the files and facts of a developer container."""

load("//builder:providers.bzl", "DeveloperContainerInfo")

def _developer_container_impl(ctx):
    root_tar = ctx.outputs.root_tar
    facts = ctx.outputs.facts
    symvers = ctx.outputs.symvers
    kernel_image = ctx.outputs.kernel_image

    args = ctx.actions.args()
    args.add(ctx.file.image, format = "--image=%s")
    args.add(root_tar, format = "--tar=%s")
    args.add(facts, format = "--facts=%s")
    args.add(symvers, format = "--symvers=%s")
    if ctx.attr.expected_kernel_release:
        args.add(ctx.attr.expected_kernel_release, format = "--expected_kernel_release=%s")
    outputs = [root_tar, facts, symvers]
    if ctx.file.kernel_image:
        ctx.actions.symlink(output = kernel_image, target_file = ctx.file.kernel_image)
    else:
        args.add(kernel_image, format = "--kernel_image=%s")
        outputs.append(kernel_image)

    ctx.actions.run(
        executable = ctx.executable._disk_image,
        arguments = [args],
        inputs = [ctx.file.image],
        outputs = outputs,
        execution_requirements = {"block-network": ""},
        mnemonic = "ReadDeveloperContainer",
        progress_message = "Reading developer container %s" % ctx.label,
        # For PATH, which leads to lbzip2.
        use_default_shell_env = True,
    )

    files = [root_tar, facts, symvers, kernel_image]
    return [
        DefaultInfo(
            files = depset(files),
            runfiles = ctx.runfiles(files),
        ),
        DeveloperContainerInfo(
            root_tar = root_tar,
            facts = facts,
            kernel_image = kernel_image,
            symvers = symvers,
        ),
    ]

developer_container = rule(
    implementation = _developer_container_impl,
    doc = """Reads a Container Linux developer container.

Nothing is mounted, and the action needs neither privileges nor network.  Outputs:

* `<name>.tar`: the root file system with owners, modes, times, links, devices,
  extended attributes and holes; paths are relative and sorted;
* `<name>.container.textproto`: gantry.builder.v1.DeveloperContainer;
* `<name>.symvers`: Module.symvers of the kernel's build tree;
* `<name>.vmlinuz`: the kernel image.""",
    attrs = {
        "image": attr.label(
            allow_single_file = True,
            mandatory = True,
            doc = "Disk image with a GPT partition labelled ROOT that holds ext4; plain or compressed with bzip2, gzip, xz or zstd (detected by content).",
        ),
        "kernel_image": attr.label(
            allow_single_file = True,
            doc = "Kernel image to use if the container has none. Default: that of the container in /boot, in /usr/boot or next to the modules.",
        ),
        "expected_kernel_release": attr.string(
            doc = "Kernel release that the container must have. Empty: any. Example: 6.6.95-flatcar.",
        ),
        "_disk_image": attr.label(
            default = "//builder/container:disk_image",
            executable = True,
            cfg = "exec",
        ),
    },
    # Predeclared, so that BUILD files can refer to each.
    outputs = {
        "facts": "%{name}.container.textproto",
        "kernel_image": "%{name}.vmlinuz",
        "root_tar": "%{name}.tar",
        "symvers": "%{name}.symvers",
    },
    provides = [DeveloperContainerInfo],
)

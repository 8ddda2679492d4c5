"""debian_developer_container: Debian in Container Linux's image format.

Debian publishes packages, not developer containers.  This rule makes one in the
format that Container Linux publishes, so that all families of kernels are
handled alike from here on.
"""

def _debian_developer_container_impl(ctx):
    if not ctx.files.packages:
        fail("packages: must not be empty")
    image = ctx.outputs.image

    args = ctx.actions.args()
    args.add(image, format = "--output=%s")
    args.add(ctx.file._unpack_script, format = "--unpack_script=%s")
    args.add_all(ctx.files.packages)

    ctx.actions.run(
        executable = ctx.executable._debian_container,
        arguments = [args],
        inputs = ctx.files.packages + [ctx.file._unpack_script],
        outputs = [image],
        mnemonic = "MakeDeveloperContainer",
        progress_message = "Making developer container %s" % ctx.label,
        execution_requirements = {"block-network": ""},
    )

    return [DefaultInfo(files = depset([image]))]

debian_developer_container = rule(
    implementation = _debian_developer_container_impl,
    doc = """Makes a developer container of Debian packages.

The packages are unpacked without running their scripts.  They must be the image
and headers of a kernel, and everything that is needed to compile against them;
see //builder/container/debian:container_packages.txt.

The output `<name>.bin.zst` is a disk image for developer_container.  Nothing is
mounted, and no privileges are needed.  The same packages in any order give the
same bytes for any user, with one version of e2fsprogs and zstd.""",
    attrs = {
        "packages": attr.label_list(
            allow_files = [".deb"],
            mandatory = True,
            doc = "The packages' files.",
        ),
        "_debian_container": attr.label(
            default = "//builder/container/debian:debian_container",
            executable = True,
            cfg = "exec",
        ),
        "_unpack_script": attr.label(
            allow_single_file = True,
            default = "//builder/container/debian:unpack.sh",
        ),
    },
    # Predeclared, so that BUILD files can refer to it.
    outputs = {"image": "%{name}.bin.zst"},
)

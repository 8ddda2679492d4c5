"""file_tree: the files of packages in NVIDIA's layout."""

def _file_tree_impl(ctx):
    if not ctx.files.archives:
        fail("archives: must not be empty")
    tree = ctx.outputs.tree

    args = ctx.actions.args()
    args.add(ctx.attr.layout, format = "--layout=%s")
    if ctx.attr.with_static_archives:
        args.add("--with_static_archives")
    args.add(tree, format = "--output=%s")
    args.add_all(ctx.files.archives)

    ctx.actions.run(
        executable = ctx.executable._file_tree,
        arguments = [args],
        inputs = ctx.files.archives,
        outputs = [tree],
        mnemonic = "FileTree",
        progress_message = "Arranging %s" % ctx.label,
        execution_requirements = {"block-network": ""},
    )

    return [DefaultInfo(files = depset([tree]))]

file_tree = rule(
    implementation = _file_tree_impl,
    doc = """Arranges the files of packages as NVIDIA's own installers do.

The output `<name>.tree.tar` is an uncompressed tar; the same archives in any
order give the same bytes.  Its content:

* layout "cuda": bin, include, lib64, nvvm (bin, include, lib64, libdevice),
  compute-sanitizer, share/doc (licences);
* layout "driver": bin, lib64, lib/firmware/nvidia/<version>, share/doc.

Documentation, manual pages, configuration and services are left out.  Every
shared library has a link with its SONAME; dangling links are left out.  It is an
error if two archives have different files or links with one path.""",
    attrs = {
        "archives": attr.label_list(
            allow_files = True,
            mandatory = True,
            doc = "Debian packages, and NVIDIA's redist archives (a compressed tar with one top-level directory).",
        ),
        "layout": attr.string(
            mandatory = True,
            values = ["cuda", "driver"],
            doc = "Layout of the tree.",
        ),
        "with_static_archives": attr.bool(
            doc = "Keep *.a files, more than a third of a toolkit.",
        ),
        "_file_tree": attr.label(
            default = "//builder/userland:file_tree",
            executable = True,
            cfg = "exec",
        ),
    },
    # Predeclared, so that BUILD files can refer to it.
    outputs = {"tree": "%{name}.tree.tar"},
)

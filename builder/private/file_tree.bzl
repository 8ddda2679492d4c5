"""file_tree: packages, laid out as NVIDIA does."""

def _file_tree_impl(ctx):
    if not ctx.files.archives:
        fail("file_tree %s: `archives` is empty" % ctx.label)
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
        progress_message = "Laying out %s" % ctx.label,
        execution_requirements = {"block-network": ""},
    )

    return [DefaultInfo(files = depset([tree]))]

file_tree = rule(
    implementation = _file_tree_impl,
    doc = """Lays the files of packages out as NVIDIA's own installers do.

It makes `<name>.tree.tar`, an uncompressed tar, byte for byte the same for the
same archives in any order:

* layout "cuda": bin, include, lib64, nvvm (bin, include, lib64, libdevice),
  compute-sanitizer, share/doc (licences);
* layout "driver": bin, lib64, lib/firmware/nvidia/<version>, share/doc.

Documentation, manual pages, settings and services are left out.  Every shared
library has a link with its SONAME; links to nothing are left out.  Two archives
with different files for one path are an error.""",
    attrs = {
        "archives": attr.label_list(
            allow_files = True,
            mandatory = True,
            doc = "Debian packages, and NVIDIA's redist archives (a compressed tar with one top folder).",
        ),
        "layout": attr.string(
            mandatory = True,
            values = ["cuda", "driver"],
            doc = "What the tree looks like.",
        ),
        "with_static_archives": attr.bool(
            doc = "Keep *.a, more than a third of a toolkit.",
        ),
        "_file_tree": attr.label(
            default = "//builder/userland:file_tree",
            executable = True,
            cfg = "exec",
        ),
    },
    # Predeclared, so that BUILD files can name it.
    outputs = {"tree": "%{name}.tree.tar"},
)

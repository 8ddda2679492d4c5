"""payload_layer: one layer of payload images."""

load("//payload:providers.bzl", "CompressionInfo", "PayloadLayerInfo")
load("//payload/private:compression.bzl", "COMPRESSIONS")

_INSTALLER_PREFIX = "/gantry"

def _validate(ctx):
    is_installer = ctx.attr.kind == "installer"
    if is_installer and (ctx.file.tree or not ctx.files.files):
        fail("payload_layer %s: kind \"installer\" takes `files`, not `tree`" % ctx.label)
    if not is_installer and (not ctx.file.tree or ctx.files.files):
        fail("payload_layer %s: kind \"%s\" takes `tree`, not `files`" % (ctx.label, ctx.attr.kind))
    if is_installer and ctx.attr.prefix not in ["", _INSTALLER_PREFIX]:
        fail("payload_layer %s: `prefix` of the installer is always %s" % (ctx.label, _INSTALLER_PREFIX))
    if not is_installer and not ctx.attr.prefix.startswith("/"):
        fail("payload_layer %s: `prefix` \"%s\" is not absolute" % (ctx.label, ctx.attr.prefix))

def _programs(ctx):
    """Returns `files` as "name=path", sorted by name."""
    programs = {}
    for target, name in ctx.attr.files.items():
        files = target.files.to_list()
        if len(files) != 1:
            fail("payload_layer %s: `files`: %s has %d files, expected one" % (ctx.label, target.label, len(files)))
        if name in programs:
            fail("payload_layer %s: `files`: more than one is named \"%s\"" % (ctx.label, name))
        programs[name] = files[0].path
    return ["%s=%s" % (name, programs[name]) for name in sorted(programs)]

def _payload_layer_impl(ctx):
    _validate(ctx)
    blob = ctx.outputs.blob
    descriptor = ctx.outputs.descriptor

    args = ctx.actions.args()
    args.add(ctx.attr.kind, format = "--kind=%s")
    args.add(ctx.attr.prefix or _INSTALLER_PREFIX, format = "--prefix=%s")
    if ctx.file.tree:
        args.add(ctx.file.tree, format = "--tree=%s")
    else:
        args.add_joined(_programs(ctx), join_with = ",", format_joined = "--program=%s")
    args.add(
        ctx.attr.compression or ctx.attr._compression[CompressionInfo].name,
        format = "--compression=%s",
    )
    args.add(blob, format = "--output=%s")
    args.add(descriptor, format = "--descriptor=%s")

    ctx.actions.run(
        executable = ctx.executable._write_layer,
        arguments = [args],
        inputs = ctx.files.tree + ctx.files.files,
        outputs = [blob, descriptor],
        mnemonic = "WriteLayer",
        progress_message = "Writing layer %s" % ctx.label,
        execution_requirements = {"block-network": ""},
    )

    return [
        DefaultInfo(files = depset([blob, descriptor])),
        PayloadLayerInfo(blob = blob, descriptor = descriptor),
    ]

payload_layer = rule(
    implementation = _payload_layer_impl,
    doc = """Writes one layer of payload images.  Outputs:

* `<name>.layer`: the blob, a compressed tar.  Equal inputs give equal bytes on
  every machine;
* `<name>.layer.textproto`: gantry.payload.v1.LayerDescriptor, with every file's
  mode, size and digest.

For example:

    payload_layer(
        name = "cuda_layer",
        kind = "cuda",
        prefix = "/payload/cuda/12.4",
        tree = ":cuda.tree.tar",
    )""",
    attrs = {
        "kind": attr.string(
            mandatory = True,
            values = ["installer", "cuda", "driver", "modules"],
            doc = "The kind of component in the payload's manifest. The manifest does not list the installer.",
        ),
        "tree": attr.label(
            allow_single_file = True,
            doc = "Uncompressed tar with the content. Its owners and times are ignored.",
        ),
        "files": attr.label_keyed_string_dict(
            allow_files = True,
            doc = "Instead of `tree`, only for the installer: programs, and their names below /gantry.",
        ),
        "prefix": attr.string(
            doc = "Absolute path of the directory in the image that the layer fills. Always /gantry for the installer.",
        ),
        "compression": attr.string(
            values = [""] + COMPRESSIONS,
            doc = "Default: the value of --//payload:compression.",
        ),
        "_compression": attr.label(
            default = "//payload:compression",
            providers = [CompressionInfo],
        ),
        "_write_layer": attr.label(
            default = "//payload/image:write_layer",
            executable = True,
            cfg = "exec",
        ),
    },
    # Predeclared, so that BUILD files can name each.
    outputs = {
        "blob": "%{name}.layer",
        "descriptor": "%{name}.layer.textproto",
    },
)

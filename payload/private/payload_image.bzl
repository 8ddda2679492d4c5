"""payload_image: the image of a cell."""

load("//payload:providers.bzl", "CompressionInfo", "PayloadImageInfo", "PayloadLayerInfo")
load("//payload/private:compression.bzl", "COMPRESSIONS")

def _payload_image_impl(ctx):
    if not ctx.attr.layers:
        fail("payload_image %s: `layers` is empty" % ctx.label)
    layers = [target[PayloadLayerInfo] for target in ctx.attr.layers]
    manifest = ctx.outputs.manifest
    config = ctx.outputs.config
    manifest_layer = ctx.outputs.manifest_layer
    descriptor = ctx.outputs.descriptor

    args = ctx.actions.args()

    # Only the paths of the blobs are used, so a remote worker does not need them.
    args.add_joined(
        ["%s=%s" % (layer.descriptor.path, layer.blob.path) for layer in layers],
        join_with = ",",
        format_joined = "--layer=%s",
    )
    args.add(ctx.file.container, format = "--container=%s")
    args.add(ctx.attr.os_release, format = "--os_release=%s")
    args.add(ctx.attr.architecture, format = "--architecture=%s")
    args.add(ctx.attr.product, format = "--product=%s")
    args.add(ctx.attr.version, format = "--product_version=%s")
    args.add(ctx.attr.flavour, format = "--flavour=%s")
    args.add(ctx.attr.cuda_version, format = "--cuda_version=%s")
    args.add(
        ctx.attr.compression or ctx.attr._compression[CompressionInfo].name,
        format = "--compression=%s",
    )
    args.add(manifest, format = "--manifest=%s")
    args.add(config, format = "--config=%s")
    args.add(manifest_layer, format = "--manifest_layer=%s")
    args.add(descriptor, format = "--descriptor=%s")

    ctx.actions.run(
        executable = ctx.executable._write_image,
        arguments = [args],
        inputs = [layer.descriptor for layer in layers] + [ctx.file.container],
        outputs = [descriptor, manifest, config, manifest_layer],
        mnemonic = "WriteImage",
        progress_message = "Writing image %s" % ctx.label,
        execution_requirements = {"block-network": ""},
    )

    blobs = depset([manifest, config, manifest_layer] + [layer.blob for layer in layers])
    return [
        DefaultInfo(files = depset([descriptor], transitive = [blobs])),
        PayloadImageInfo(descriptor = descriptor, blobs = blobs),
    ]

payload_image = rule(
    implementation = _payload_image_impl,
    doc = """Writes the payload image of a cell from finished layers.  Outputs:

* `<name>.image.textproto`: gantry.payload.v1.ImageDescriptor, which lists every
  blob with its digest and its path relative to the execution root;
* `<name>.manifest.json` and `<name>.config.json`: the image manifest and config;
* `<name>.manifest.layer`: the last layer, which contains /gantry/manifest.binpb.

Building it also builds, and fetches, the blobs of `layers`.""",
    attrs = {
        "layers": attr.label_list(
            mandatory = True,
            providers = [PayloadLayerInfo],
            doc = "payload_layer targets, in order of how often they change, most rarely first. One is the installer's.",
        ),
        "container": attr.label(
            allow_single_file = True,
            mandatory = True,
            doc = "gantry.builder.v1.DeveloperContainer in the text format, which has the kernel release.",
        ),
        "os_release": attr.string(
            mandatory = True,
            doc = "CellCoordinates.os_release, such as \"flatcar-4230.2.0\".",
        ),
        "architecture": attr.string(
            mandatory = True,
            doc = "CellCoordinates.architecture, such as \"amd64\".",
        ),
        "product": attr.string(
            mandatory = True,
            doc = "CellCoordinates.product, such as \"nvidia\".",
        ),
        "version": attr.string(
            mandatory = True,
            doc = "Version of the product, such as \"535.261.03\".",
        ),
        "flavour": attr.string(
            values = ["", "open", "proprietary"],
            doc = "Empty for products other than NVIDIA's.",
        ),
        "cuda_version": attr.string(
            doc = "Such as \"12.4\".  Empty for a payload without CUDA.",
        ),
        "compression": attr.string(
            values = [""] + COMPRESSIONS,
            doc = "Compression of the layer with the manifest. Default: the value of --//payload:compression.",
        ),
        "_compression": attr.label(
            default = "//payload:compression",
            providers = [CompressionInfo],
        ),
        "_write_image": attr.label(
            default = "//payload/image:write_image",
            executable = True,
            cfg = "exec",
        ),
    },
    # Predeclared, so that BUILD files can name each.
    outputs = {
        "config": "%{name}.config.json",
        "descriptor": "%{name}.image.textproto",
        "manifest": "%{name}.manifest.json",
        "manifest_layer": "%{name}.manifest.layer",
    },
)

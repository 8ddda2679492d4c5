"""compression: the default compression of layers."""

load("//payload:providers.bzl", "CompressionInfo")

COMPRESSIONS = ["zstd", "gzip"]

def _compression_impl(ctx):
    name = ctx.build_setting_value
    if name not in COMPRESSIONS:
        fail("%s: \"%s\" is not one of %s" % (ctx.label, name, ", ".join(COMPRESSIONS)))
    return [CompressionInfo(name = name)]

compression = rule(
    implementation = _compression_impl,
    build_setting = config.string(flag = True),
    doc = "A build setting: \"zstd\", or \"gzip\" for container engines that cannot read zstd.",
)

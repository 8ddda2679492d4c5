"""kernel_patch: a patch to module sources and the kernels it is for."""

load("//builder:providers.bzl", "KernelPatchInfo")

def _kernel_patch_impl(ctx):
    if bool(ctx.attr.when_header) != bool(ctx.attr.matches):
        fail("when_header and matches: set both or neither")
    if not ctx.attr.reason:
        fail("reason: must not be empty")
    return [
        DefaultInfo(files = depset([ctx.file.src])),
        KernelPatchInfo(
            src = ctx.file.src,
            when_header = ctx.attr.when_header,
            matches = ctx.attr.matches,
        ),
    ]

kernel_patch = rule(
    implementation = _kernel_patch_impl,
    doc = "A patch that kernel_modules applies if a header of the kernel matches a pattern.",
    attrs = {
        "src": attr.label(
            allow_single_file = True,
            mandatory = True,
            doc = "Unified diff, -p1, relative to the directory of the Kbuild file or Makefile.",
        ),
        "when_header": attr.string(
            doc = "Header in the kernel's source tree whose content decides whether the patch is applied. Empty: the patch is always applied. Example: include/linux/pci.h.",
        ),
        "matches": attr.string(
            doc = "RE2 pattern that must match somewhere in when_header (\".\" also matches newlines).",
        ),
        "reason": attr.string(
            mandatory = True,
            doc = "Why the patch is needed, for readers of the BUILD file. It is not an input of any action: changing it recompiles nothing.",
        ),
    },
    provides = [KernelPatchInfo],
)

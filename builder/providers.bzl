"""Providers of the builder's rules."""

DeveloperContainerInfo = provider(
    doc = "The files of one OS release that are needed to compile and to prove modules.",
    fields = {
        "facts": "File: gantry.builder.v1.DeveloperContainer in the text format.",
        "kernel_image": "File: the kernel that nodes of this release boot (bzImage).",
        "root_tar": "File: the root file system as an uncompressed tar with relative paths.",
        "symvers": "File: Module.symvers of the kernel's build tree.",
    },
)

KernelPatchInfo = provider(
    doc = "A patch to module sources and the kernels it is for.",
    fields = {
        "matches": "string: RE2 pattern that must match in when_header; empty if when_header is.",
        "src": "File: unified diff, -p1.",
        "when_header": "string: header in the kernel's source tree; empty: the patch is always applied.",
    },
)

KernelModulesInfo = provider(
    doc = "Compiled kernel modules.",
    fields = {
        "modules_tar": "File: uncompressed tar of *.ko and modules.order.",
        "symvers": "File: the Module.symvers that the modules' build wrote.",
    },
)

"""What the builder's rules tell one another."""

DeveloperContainerInfo = provider(
    doc = "The files of one OS release that compiling and proving need.",
    fields = {
        "facts": "File: gantry.builder.v1.DeveloperContainer in the text format.",
        "kernel_image": "File: the kernel that nodes of this release boot (bzImage).",
        "root_tar": "File: the root file system as an uncompressed tar, entries relative.",
        "symvers": "File: Module.symvers of the kernel's build tree.",
    },
)

KernelPatchInfo = provider(
    doc = "A patch to module sources, and which kernels call for it.",
    fields = {
        "matches": "string: RE2 pattern that must match in when_header; empty with it.",
        "src": "File: unified diff, -p1.",
        "when_header": "string: header in the kernel's source tree; empty: always applied.",
    },
)

KernelModulesInfo = provider(
    doc = "Compiled kernel modules.",
    fields = {
        "modules_tar": "File: uncompressed tar of *.ko and modules.order.",
        "symvers": "File: the Module.symvers that the modules' build made.",
    },
)

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

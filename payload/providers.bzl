"""Providers of the payload's rules.  The builder's rules see none of them: the
rooms exchange files."""

CompressionInfo = provider(
    doc = "The value of //payload:compression.",
    fields = {"name": "\"zstd\" or \"gzip\"."},
)

ModuleProofInfo = provider(
    doc = "The proof that a kernel accepts a set of modules.",
    fields = {
        "console": "File: the serial console of the boot.",
        "proof": "File: gantry.proof.v1.Proof in the text format.",
    },
)

PayloadLayerInfo = provider(
    doc = "A finished layer.",
    fields = {
        "blob": "File: the compressed tar.",
        "descriptor": "File: gantry.payload.v1.LayerDescriptor in the text format.",
    },
)

PayloadImageInfo = provider(
    doc = "A finished image.",
    fields = {
        "descriptor": "File: gantry.payload.v1.ImageDescriptor in the text format.",
        "blobs": "Depset of files: every blob that the descriptor names.",
    },
)

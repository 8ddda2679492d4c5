"""payload_cell: what a publisher needs of one cell."""

load("//payload:providers.bzl", "ModuleProofInfo", "PayloadImageInfo")

def _payload_cell_impl(ctx):
    image = ctx.attr.image[PayloadImageInfo]
    proof = ctx.attr.proof[ModuleProofInfo]
    return [
        DefaultInfo(files = depset(
            [image.descriptor, proof.proof, proof.console],
            transitive = [image.blobs],
        )),
        OutputGroupInfo(
            image = depset([image.descriptor]),
            inputs = depset(ctx.files.inputs),
            proof = depset([proof.proof]),
        ),
    ]

payload_cell = rule(
    implementation = _payload_cell_impl,
    doc = """A payload image and the proof of its modules.

Building it builds all files of both.  Output groups:

* `image`: gantry.payload.v1.ImageDescriptor in the text format;
* `inputs`: the files that the cell is made of;
* `proof`: gantry.proof.v1.Proof in the text format.""",
    attrs = {
        "image": attr.label(
            mandatory = True,
            providers = [PayloadImageInfo],
            doc = "payload_image target.",
        ),
        "inputs": attr.label_list(
            allow_files = True,
            doc = "All downloaded files that the image and the proof are made of.",
        ),
        "proof": attr.label(
            mandatory = True,
            providers = [ModuleProofInfo],
            doc = "module_proof target.",
        ),
    },
)

"""Rules of the payload."""

load(
    "//payload:providers.bzl",
    _ModuleProofInfo = "ModuleProofInfo",
    _PayloadImageInfo = "PayloadImageInfo",
    _PayloadLayerInfo = "PayloadLayerInfo",
)
load(
    "//payload/private:module_proof.bzl",
    _module_proof = "module_proof",
)
load(
    "//payload/private:payload_cell.bzl",
    _payload_cell = "payload_cell",
)
load(
    "//payload/private:payload_image.bzl",
    _payload_image = "payload_image",
)
load(
    "//payload/private:payload_layer.bzl",
    _payload_layer = "payload_layer",
)

ModuleProofInfo = _ModuleProofInfo
PayloadImageInfo = _PayloadImageInfo
PayloadLayerInfo = _PayloadLayerInfo
module_proof = _module_proof
payload_cell = _payload_cell
payload_image = _payload_image
payload_layer = _payload_layer

"""Rules of the payload."""

load(
    "//payload/private:module_proof.bzl",
    _module_proof = "module_proof",
)

module_proof = _module_proof

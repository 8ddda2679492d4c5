"""Tests of remote_file.bzl."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load(":remote_file.bzl", "hex_to_base64")

def _bytes_become_base64_test_impl(ctx):
    env = unittest.begin(ctx)
    for hex, base64 in {
        "": "",
        "00": "AA==",
        "fb": "+w==",
        "ffff": "//8=",
        "48656c6c6f21": "SGVsbG8h",
    }.items():
        asserts.equals(env, base64, hex_to_base64(hex))
    return unittest.end(env)

_bytes_become_base64_test = unittest.make(_bytes_become_base64_test_impl)

def _digits_that_look_like_a_prefix_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, "CwUS", hex_to_base64("0b0512"))
    asserts.equals(env, "CwAA", hex_to_base64("0b0000"))
    asserts.equals(env, "Cw==", hex_to_base64("0b"))
    return unittest.end(env)

_digits_that_look_like_a_prefix_test = unittest.make(_digits_that_look_like_a_prefix_test_impl)

def remote_file_test_suite(name):
    """Declares the tests of remote_file.bzl.

    Args:
      name: name of the test suite.
    """
    unittest.suite(
        name,
        _bytes_become_base64_test,
        _digits_that_look_like_a_prefix_test,
    )

"""Tests of base64.bzl."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load(":base64.bzl", "base64_to_bytes")

# RFC 4648, section 10.
def _rfc_4648_test_impl(ctx):
    env = unittest.begin(ctx)
    for text, wanted in {
        "": "",
        "Zg==": "f",
        "Zm8=": "fo",
        "Zm9v": "foo",
        "Zm9vYg==": "foob",
        "Zm9vYmE=": "fooba",
        "Zm9vYmFy": "foobar",
    }.items():
        asserts.equals(env, wanted, base64_to_bytes(text))
    return unittest.end(env)

def _each_byte_is_a_character_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, "\000\001\177", base64_to_bytes("AAF/"))
    asserts.equals(env, "\303\274\377", base64_to_bytes("w7z/"))
    return unittest.end(env)

_rfc_4648_test = unittest.make(_rfc_4648_test_impl)
_each_byte_is_a_character_test = unittest.make(_each_byte_is_a_character_test_impl)

def base64_test_suite(name):
    """Declares the tests of base64.bzl.

    Args:
      name: name of the test suite.
    """
    unittest.suite(
        name,
        _rfc_4648_test,
        _each_byte_is_a_character_test,
    )

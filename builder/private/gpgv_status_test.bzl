"""Tests of gpgv_status.bzl."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load(":gpgv_status.bzl", "gpgv_refusal")

_GOOD = """\
[GNUPG:] NEWSIG a@x
[GNUPG:] KEY_CONSIDERED A1B2 0
[GNUPG:] GOODSIG B2 a@x
[GNUPG:] VALIDSIG A1B2 2020-02-01 1580515200
"""

# Status lines, and the reason why they reject a file.
# release/plan/gpgv_status_test.cc has the same cases.
_CASES = [
    (_GOOD, None),
    (_GOOD + _GOOD, None),
    ("", "not an OpenPGP signature"),
    ("[GNUPG:] NODATA 1\n[GNUPG:] NODATA 2\n", "not an OpenPGP signature"),
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG B2 a@x\n",
        "gpgv did not report the signature by key (unknown) as good and valid",
    ),
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] VALIDSIG A1B2\n",
        "gpgv did not report the signature by key A1B2 as good and valid",
    ),
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] KEY_CONSIDERED A1B2 0\n[GNUPG:] BADSIG B2 a@x\n",
        "the file does not match the signature by key A1B2",
    ),
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] REVKEYSIG B2 a@x\n[GNUPG:] VALIDSIG A1B2\n",
        "key A1B2 has been revoked",
    ),
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] EXPKEYSIG B2 a@x\n[GNUPG:] VALIDSIG A1B2\n",
        "key A1B2 has expired",
    ),
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] EXPSIG B2 a@x\n[GNUPG:] VALIDSIG A1B2\n",
        "the signature by key A1B2 has expired",
    ),
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG B2 99 8 00 1580515200 4 A1B2\n",
        "the signature by key A1B2 cannot be checked",
    ),
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG B2 22 8 00 1580515200 9 A1B2\n[GNUPG:] NO_PUBKEY B2\n",
        "key A1B2 is not in the keyring",
    ),
    (
        _GOOD + "[GNUPG:] NEWSIG\n[GNUPG:] REVKEYSIG D4 c@x\n[GNUPG:] VALIDSIG C3D4\n",
        "key C3D4 has been revoked",
    ),
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] REVKEYSIG B2 a@x\n[GNUPG:] GOODSIG B2 a@x\n[GNUPG:] VALIDSIG A1B2\n",
        "key A1B2 has been revoked",
    ),
    # gpgv writes a user id without line ends, so its text is never a keyword.
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] BADSIG B2 GOODSIG VALIDSIG\n",
        "the file does not match the signature by key (unknown)",
    ),
]

def _gpgv_refusal_test_impl(ctx):
    env = unittest.begin(ctx)
    for status_lines, refusal in _CASES:
        asserts.equals(env, refusal, gpgv_refusal(status_lines))
    return unittest.end(env)

_gpgv_refusal_test = unittest.make(_gpgv_refusal_test_impl)

def gpgv_status_test_suite(name):
    """Declares the tests of gpgv_status.bzl.

    Args:
      name: name of the test suite.
    """
    unittest.suite(name, _gpgv_refusal_test)

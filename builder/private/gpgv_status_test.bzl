"""Tests of gpgv_status.bzl."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load(":gpgv_status.bzl", "gpgv_refusal")

_GOOD = """\
[GNUPG:] NEWSIG a@x
[GNUPG:] KEY_CONSIDERED A1B2 0
[GNUPG:] GOODSIG B2 a@x
[GNUPG:] VALIDSIG A1B2 2020-02-01 1580515200 0 4 0 22 8 00 A1B2
"""

# A signature at second 1000 by the subkey 5B of the key A1B2, after one of them
# has expired.
_EXPIRED_KEY = """\
[GNUPG:] NEWSIG
[GNUPG:] KEYEXPIRED 900
[GNUPG:] KEY_CONSIDERED A1B2 0
[GNUPG:] KEYEXPIRED 2000
[GNUPG:] EXPKEYSIG 5B a@x
[GNUPG:] VALIDSIG 5B 1970-01-01 1000 0 4 0 22 8 00 A1B2
"""

def _listing(primary, subkey):
    """A listing of that key, with the validity and expiration of its parts."""
    return """\
pub:%s:::::s:::::ed25519::
fpr:::::::::A1B2:
uid:e::::1:::a@x::::::::::0:
sub:e:255:22:4B:1:900:::::s:::::ed25519::
fpr:::::::::4B:
sub:%s:::::s:::::ed25519::
fpr:::::::::5B:
""" % (primary, subkey)

# Status lines, the reason why they reject a file, key listing, fingerprints.
# release/plan/gpgv_status_test.cc has the same cases.
_CASES = [
    (_GOOD, None, "", []),
    (_GOOD + _GOOD, None, "", []),
    (_EXPIRED_KEY, None, _listing("-:255:22:A1:1:", "e:255:22:5B:1:1001"), []),
    (_EXPIRED_KEY, None, _listing("e:255:22:A1:1:1001", "e:255:22:5B:1:"), []),
    (_EXPIRED_KEY, None, _listing("e:255:22:A1:1:3000", "e:255:22:5B:1:2000"), []),
    (_GOOD, None, "", ["C3D4", "A1B2"]),
    (_EXPIRED_KEY, None, _listing("-:255:22:A1:1:", "e:255:22:5B:1:2000"), ["A1B2"]),
    ("", "not an OpenPGP signature", "", []),
    ("[GNUPG:] NODATA 1\n[GNUPG:] NODATA 2\n", "not an OpenPGP signature", "", []),
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG B2 a@x\n",
        "gpgv did not report the signature by key (unknown) as good and valid",
        "",
        [],
    ),
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] VALIDSIG A1B2 1970-01-01 1000\n",
        "gpgv did not report the signature by key A1B2 as good and valid",
        "",
        [],
    ),
    # Without a time.
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG B2 a@x\n[GNUPG:] VALIDSIG A1B2\n",
        "gpgv did not report the signature by key A1B2 as good and valid",
        "",
        [],
    ),
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] KEY_CONSIDERED A1B2 0\n[GNUPG:] BADSIG B2 a@x\n",
        "the file does not match the signature by key A1B2",
        "",
        [],
    ),
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] REVKEYSIG B2 a@x\n[GNUPG:] VALIDSIG A1B2 1970-01-01 1000\n",
        "key A1B2 has been revoked",
        "",
        [],
    ),
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] EXPSIG B2 a@x\n[GNUPG:] VALIDSIG A1B2 1970-01-01 1000\n",
        "the signature by key A1B2 has expired",
        "",
        [],
    ),
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG B2 99 8 00 1580515200 4 A1B2\n",
        "the signature by key A1B2 cannot be checked",
        "",
        [],
    ),
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG B2 22 8 00 1580515200 9 A1B2\n[GNUPG:] NO_PUBKEY B2\n",
        "key A1B2 is not in the keyring",
        "",
        [],
    ),
    (
        _GOOD + "[GNUPG:] NEWSIG\n[GNUPG:] REVKEYSIG D4 c@x\n[GNUPG:] VALIDSIG C3D4 1970-01-01 1000\n",
        "key C3D4 has been revoked",
        "",
        [],
    ),
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] REVKEYSIG B2 a@x\n[GNUPG:] GOODSIG B2 a@x\n[GNUPG:] VALIDSIG A1B2 1970-01-01 1000\n",
        "key A1B2 has been revoked",
        "",
        [],
    ),
    # gpgv writes a user id without line ends, so its text is never a keyword.
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] BADSIG B2 GOODSIG VALIDSIG\n",
        "the file does not match the signature by key (unknown)",
        "",
        [],
    ),
    (_EXPIRED_KEY, "key 5B had expired when it signed", _listing("-:255:22:A1:1:", "e:255:22:5B:1:1000"), []),
    # Of the primary key.
    (_EXPIRED_KEY, "key 5B had expired when it signed", _listing("e:255:22:A1:1:999", "e:255:22:5B:1:"), []),
    (_EXPIRED_KEY, "key 5B had expired when it signed", _listing("-:255:22:A1:1:", "e:255:22:5B:1:soon"), []),
    (_EXPIRED_KEY, "key 5B has been revoked", _listing("-:255:22:A1:1:", "r:255:22:5B:1:2000"), []),
    (_EXPIRED_KEY, "key 5B has been revoked", _listing("r:255:22:A1:1:", "e:255:22:5B:1:2000"), []),
    # A copy of the key has been revoked.
    (
        _GOOD,
        "key A1B2 has been revoked",
        _listing("-:255:22:A1:1:", "-:255:22:5B:1:") + _listing("r:255:22:A1:1:", "r:255:22:5B:1:"),
        [],
    ),
    # The keys are not in the listing, or the status lines do not name the primary
    # key.
    (_EXPIRED_KEY, "key 5B has expired", "", []),
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] EXPKEYSIG 5B a@x\n[GNUPG:] VALIDSIG 5B 1970-01-01 1000\n",
        "key 5B has expired",
        _listing("-:255:22:A1:1:", "e:255:22:5B:1:2000"),
        [],
    ),
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] EXPKEYSIG 5B a@x\n",
        "gpgv did not report the signature by key (unknown) as good and valid",
        "",
        [],
    ),
    (
        _GOOD,
        "the primary key of key A1B2 is not one of the signing_key_fingerprints",
        "",
        ["C3D4"],
    ),
    # A subkey's fingerprint is not that of its primary key.
    (
        _EXPIRED_KEY,
        "the primary key of key 5B is not one of the signing_key_fingerprints",
        _listing("-:255:22:A1:1:", "e:255:22:5B:1:2000"),
        ["5B"],
    ),
    (
        "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG B2 a@x\n[GNUPG:] VALIDSIG A1B2 1970-01-01 1000\n",
        "the primary key of key A1B2 is not one of the signing_key_fingerprints",
        "",
        ["A1B2"],
    ),
]

def _gpgv_refusal_test_impl(ctx):
    env = unittest.begin(ctx)
    for status_lines, refusal, key_listing, fingerprints in _CASES:
        asserts.equals(env, refusal, gpgv_refusal(status_lines, key_listing, fingerprints))
    return unittest.end(env)

_gpgv_refusal_test = unittest.make(_gpgv_refusal_test_impl)

def gpgv_status_test_suite(name):
    """Declares the tests of gpgv_status.bzl.

    Args:
      name: name of the test suite.
    """
    unittest.suite(name, _gpgv_refusal_test)

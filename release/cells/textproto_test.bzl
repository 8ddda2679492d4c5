"""Tests of textproto.bzl."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load(":textproto.bzl", "first", "parse_textproto")

def _every_field_is_a_list_test_impl(ctx):
    env = unittest.begin(ctx)
    message = parse_textproto('name: "a"\nname: "b"\nsize: -12\nwanted: true\nkind: KIND_X\n')
    asserts.equals(
        env,
        {"kind": ["KIND_X"], "name": ["a", "b"], "size": [-12], "wanted": [True]},
        message,
    )
    asserts.equals(env, "a", first(message, "name"))
    asserts.equals(env, 7, first(message, "unset", 7))
    return unittest.end(env)

def _messages_nest_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(
        env,
        {"cell": [{"coordinates": [{"id": ["x"]}]}, {}], "last": [1]},
        parse_textproto('cell {\n  coordinates {\n    id: "x"\n  }\n}\ncell {\n}\nlast: 1\n'),
    )
    return unittest.end(env)

def _strings_are_unescaped_test_impl(ctx):
    env = unittest.begin(ctx)
    for escaped, wanted in {
        "": "",
        "Gr\\303\\274n": "Gr\303\274n",
        "\\000\\0017": "\000\0017",
        "\\\"\\'": "\"'",
        "\\\\": "\\",
        "\\\\\\\\\\n": "\\\\\n",
        "\\\\n": "\\n",
        "a\\tb\\r\\n": "a\tb\r\n",
        "{ } : #": "{ } : #",
    }.items():
        message = parse_textproto('text: "%s"' % escaped)
        asserts.equals(env, wanted, first(message, "text"))
    return unittest.end(env)

_every_field_is_a_list_test = unittest.make(_every_field_is_a_list_test_impl)
_messages_nest_test = unittest.make(_messages_nest_test_impl)
_strings_are_unescaped_test = unittest.make(_strings_are_unescaped_test_impl)

def textproto_test_suite(name):
    """Declares the tests of textproto.bzl.

    Args:
      name: name of the test suite.
    """
    unittest.suite(
        name,
        _every_field_is_a_list_test,
        _messages_nest_test,
        _strings_are_unescaped_test,
    )

"""Tests of kernel_modules.bzl."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//builder:providers.bzl", "DeveloperContainerInfo")
load(":kernel_modules.bzl", "kernel_modules")
load(":kernel_patch.bzl", "kernel_patch")

_REASON = "a reason that may be reworded"
_HEADER = "include/linux/pci.h"

def _fake_container_impl(ctx):
    files = {}
    for name in ["facts", "kernel_image", "root_tar", "symvers"]:
        files[name] = ctx.actions.declare_file(ctx.label.name + "." + name)
        ctx.actions.write(files[name], "")
    return [DeveloperContainerInfo(**files)]

_fake_container = rule(
    implementation = _fake_container_impl,
    doc = "A developer container of empty files, for the analysis of targets that use it.",
)

def _reason_of_a_patch_is_not_an_input_test_impl(ctx):
    env = analysistest.begin(ctx)
    actions = analysistest.target_actions(env)
    requests = [action.content for action in actions if action.mnemonic == "FileWrite"]
    asserts.equals(env, 1, len(requests))
    asserts.true(env, _HEADER in requests[0], "the request lacks the patch's condition")
    asserts.false(env, _REASON in requests[0], "the request contains the patch's reason")
    return analysistest.end(env)

_reason_of_a_patch_is_not_an_input_test = analysistest.make(_reason_of_a_patch_is_not_an_input_test_impl)

def kernel_modules_test_suite(name):
    """Declares the tests of kernel_modules.bzl.

    Args:
      name: name of the test suite.
    """
    _fake_container(
        name = name + "_container",
        tags = ["manual"],
    )
    kernel_patch(
        name = name + "_patch",
        src = "kernel_modules_test.bzl",
        matches = "x",
        reason = _REASON,
        tags = ["manual"],
        when_header = _HEADER,
    )
    kernel_modules(
        name = name + "_modules",
        container = name + "_container",
        patches = [name + "_patch"],
        source = "kernel_modules_test.bzl",
        tags = ["manual"],
    )
    _reason_of_a_patch_is_not_an_input_test(
        name = name + "_reason_of_a_patch_is_not_an_input",
        target_under_test = name + "_modules",
    )
    native.test_suite(
        name = name,
        tests = [name + "_reason_of_a_patch_is_not_an_input"],
    )

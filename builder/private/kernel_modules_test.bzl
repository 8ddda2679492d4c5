"""Tests of kernel_modules.bzl."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//builder:providers.bzl", "DeveloperContainerInfo")
load(":kernel_modules.bzl", "kernel_modules")
load(":kernel_patch.bzl", "kernel_patch")

_REASON = "a reason that may be reworded"
_HEADER = "include/linux/pci.h"
_PATCH = "kernel_patch.bzl"

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

def _requests(actions):
    """Contents of the requests, by the end of their file's name."""
    requests = {}
    for action in actions:
        if action.mnemonic == "FileWrite":
            name = action.outputs.to_list()[0].basename
            requests[name.split(".")[-2]] = action.content
    return requests

def _inputs(actions, mnemonic):
    """Base names of the inputs of the only action with this mnemonic."""
    found = [action for action in actions if action.mnemonic == mnemonic]
    return [file.basename for file in found[0].inputs.to_list()] if len(found) == 1 else None

def _reason_of_a_patch_is_not_an_input_test_impl(ctx):
    env = analysistest.begin(ctx)
    requests = _requests(analysistest.target_actions(env))
    asserts.equals(env, ["patch_selection", "request"], sorted(requests.keys()))
    asserts.true(env, _HEADER in requests["patch_selection"], "no request has the patch's condition")
    for request in requests.values():
        asserts.false(env, _REASON in request, "a request contains the patch's reason")
    return analysistest.end(env)

_reason_of_a_patch_is_not_an_input_test = analysistest.make(_reason_of_a_patch_is_not_an_input_test_impl)

def _only_selected_patches_are_compiled_test_impl(ctx):
    env = analysistest.begin(ctx)
    actions = analysistest.target_actions(env)
    selection = _inputs(actions, "SelectPatches")
    compilation = _inputs(actions, "CompileKernelModules")
    asserts.true(env, _PATCH in selection, "the patch is no input of SelectPatches")
    asserts.false(env, _PATCH in compilation, "the patch is an input of CompileKernelModules")
    tar = analysistest.target_under_test(env).label.name + ".patches.tar"
    asserts.true(env, tar in compilation, "CompileKernelModules lacks the input " + tar)
    request = _requests(actions)["request"]
    for text in [_PATCH, _HEADER]:
        asserts.false(env, text in request, "the request for CompileKernelModules contains " + text)
    return analysistest.end(env)

_only_selected_patches_are_compiled_test = analysistest.make(_only_selected_patches_are_compiled_test_impl)

def _container_without_conditions_is_not_read_test_impl(ctx):
    env = analysistest.begin(ctx)
    selection = _inputs(analysistest.target_actions(env), "SelectPatches")
    asserts.equals(env, [], [name for name in selection if name.endswith("_container.root_tar")])
    return analysistest.end(env)

_container_without_conditions_is_not_read_test = analysistest.make(_container_without_conditions_is_not_read_test_impl)

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
        src = _PATCH,
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
    kernel_modules(
        name = name + "_unpatched",
        container = name + "_container",
        source = "kernel_modules_test.bzl",
        tags = ["manual"],
    )
    tests = {
        "_container_without_conditions_is_not_read": (_container_without_conditions_is_not_read_test, "_unpatched"),
        "_only_selected_patches_are_compiled": (_only_selected_patches_are_compiled_test, "_modules"),
        "_reason_of_a_patch_is_not_an_input": (_reason_of_a_patch_is_not_an_input_test, "_modules"),
    }
    for suffix, (test, target) in tests.items():
        test(
            name = name + suffix,
            target_under_test = name + target,
        )
    native.test_suite(
        name = name,
        tests = [name + suffix for suffix in tests],
    )

"""Rules of the builder."""

load(
    "//builder:providers.bzl",
    _DeveloperContainerInfo = "DeveloperContainerInfo",
    _KernelModulesInfo = "KernelModulesInfo",
    _KernelPatchInfo = "KernelPatchInfo",
)
load(
    "//builder/private:debian_developer_container.bzl",
    _debian_developer_container = "debian_developer_container",
)
load(
    "//builder/private:developer_container.bzl",
    _developer_container = "developer_container",
)
load(
    "//builder/private:file_tree.bzl",
    _file_tree = "file_tree",
)
load(
    "//builder/private:kernel_modules.bzl",
    _kernel_modules = "kernel_modules",
)
load(
    "//builder/private:kernel_patch.bzl",
    _kernel_patch = "kernel_patch",
)

DeveloperContainerInfo = _DeveloperContainerInfo
KernelModulesInfo = _KernelModulesInfo
KernelPatchInfo = _KernelPatchInfo
debian_developer_container = _debian_developer_container
developer_container = _developer_container
file_tree = _file_tree
kernel_modules = _kernel_modules
kernel_patch = _kernel_patch

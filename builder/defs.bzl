"""Rules of the builder."""

load(
    "//builder:providers.bzl",
    _DeveloperContainerInfo = "DeveloperContainerInfo",
)
load(
    "//builder/private:developer_container.bzl",
    _developer_container = "developer_container",
)

DeveloperContainerInfo = _DeveloperContainerInfo
developer_container = _developer_container

"""Repository rules of the builder, which do all of its network access."""

load(
    "//builder/private:debian_developer_container.bzl",
    _debian_developer_container = "debian_developer_container",
    _make_developer_container = "make_developer_container",
)
load("//builder/private:remote_files.bzl", _remote_files = "remote_files")

# For repository rules that choose the packages.
make_developer_container = _make_developer_container

debian_developer_container = _debian_developer_container
remote_files = _remote_files

"""Repository rules of the builder: all of its network access is here."""

load(
    "//builder/private:debian_developer_container.bzl",
    _debian_developer_container = "debian_developer_container",
)
load("//builder/private:remote_files.bzl", _remote_files = "remote_files")

debian_developer_container = _debian_developer_container
remote_files = _remote_files

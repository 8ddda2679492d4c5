"""Repository rules of the builder, which do all of its network access."""

load(
    "//builder/private:remote_file.bzl",
    _fetch_remote_files = "fetch_remote_files",
    _parse_remote_file = "parse_remote_file",
)
load("//builder/private:remote_files.bzl", _remote_files = "remote_files")

# For repository rules that choose the files.
fetch_remote_files = _fetch_remote_files
parse_remote_file = _parse_remote_file

remote_files = _remote_files

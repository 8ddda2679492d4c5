"""Third-party code, taken from the packages of Debian 12 (or newer).

To build from upstream sources instead, replace the call of
system_dependencies() in WORKSPACE by one that declares repositories of the same
names.  No BUILD file changes.
"""

load("//third_party:system_library.bzl", "system_library")

def _bazel_dependencies():
    """Declares the repositories that Bazel would otherwise download."""

    # Dependencies of bazel-bootstrap; the last one only in Debian sid.
    for name, path in {
        "bazel_skylib": "/usr/share/bazel/tools/skylib",
        "platforms": "/usr/share/bazel/tools/platforms",
        "rules_java": "/usr/share/bazel/rules/java",
        "rules_python": "/usr/share/bazel/rules/python",
    }.items():
        native.local_repository(name = name, path = path)
    system_library(
        name = "rules_cc",
        overlay = {"//third_party/bazel_rules:cc_defs.bzl": "cc/defs.bzl"},
        targets = {"cc": []},
    )
    system_library(
        name = "rules_proto",
        overlay = {"//third_party/bazel_rules:proto_defs.bzl": "proto/defs.bzl"},
        targets = {"proto": []},
    )

    # Every test depends on it, even outside `bazel coverage`.
    system_library(
        name = "remote_coverage_tools",
        overlay = {
            "//third_party/coverage:coverage.py": "coverage.py",
            "//third_party/coverage:tools.BUILD": "BUILD",
        },
    )

# Where bazel-bootstrap-source installs Bazel's source tree.
_BAZEL_SOURCE = "/usr/src/bazel-bootstrap/"

# The protos of the Build Event Protocol.
_BUILD_EVENT_PROTOS = [
    "src/main/java/com/google/devtools/build/lib/buildeventstream/proto/build_event_stream.proto",
    "src/main/protobuf/command_line.proto",
    "src/main/protobuf/failure_details.proto",
    "src/main/protobuf/invocation_policy.proto",
    "src/main/protobuf/option_filters.proto",
]

def system_dependencies():
    """Declares every external repository of this workspace."""
    _bazel_dependencies()

    system_library(
        name = "com_google_absl",
        modules = ["absl_*"],
        packages = ["libabsl-dev"],
        static = True,
        targets = {
            "absl/algorithm": ["container"],
            "absl/base": ["core_headers"],
            "absl/cleanup": ["cleanup"],
            "absl/container": ["flat_hash_map", "flat_hash_set"],
            "absl/flags": ["config", "flag", "parse", "reflection", "usage"],
            "absl/functional": ["function_ref"],
            "absl/status": ["status", "statusor"],
            "absl/strings": ["cord", "str_format", "strings"],
            "absl/synchronization": ["synchronization"],
            "absl/time": ["time"],
            "absl/types": ["optional", "span"],
        },
    )

    system_library(
        name = "com_googlesource_code_re2",
        modules = ["re2"],
        packages = ["libre2-dev"],
        static = True,
        targets = {"": ["re2"]},
    )

    system_library(
        name = "com_google_googletest",
        modules = ["gmock", "gtest"],
        overlay = {"//third_party:googletest.BUILD": "BUILD"},
        packages = ["libgtest-dev", "libgmock-dev"],
        targets = {"": ["gtest"]},
    )

    system_library(
        name = "com_github_google_benchmark",
        modules = ["benchmark"],
        overlay = {"//third_party:benchmark.BUILD": "BUILD"},
        packages = ["libbenchmark-dev"],
        targets = {"": ["benchmark"]},
    )

    system_library(
        name = "com_google_protobuf",
        links = {"src/google/protobuf": "/usr/include/google/protobuf"},
        modules = ["protobuf"],
        overlay = {"//third_party:protobuf.BUILD": "BUILD"},
        packages = ["libprotobuf-dev", "protobuf-compiler"],
        static = True,
        targets = {"": ["protobuf", "protobuf_headers", "protobuf_lite"]},
        tools = {"protoc": "protoc"},
    )

    system_library(
        name = "com_github_grpc_grpc",
        libs = ["-lgrpc++_reflection"],
        modules = ["grpc++", "grpc"],
        overlay = {
            "//third_party/grpc:cc_grpc_library.bzl": "bazel/cc_grpc_library.bzl",
            "//third_party/grpc:compiler.BUILD": "src/compiler/BUILD",
        },
        packages = ["libgrpc++-dev", "protobuf-compiler-grpc"],
        static = True,
        targets = {"": ["grpc++", "grpc++_reflection"]},
        tools = {"src/compiler/grpc_cpp_plugin": "grpc_cpp_plugin"},
        deps = ["@com_google_protobuf//:protobuf"],
    )

    system_library(
        name = "io_bazel",
        links = {path: _BAZEL_SOURCE + path for path in _BUILD_EVENT_PROTOS},
        overlay = {
            "//third_party/io_bazel:build_event_stream.BUILD": "src/main/java/com/google/devtools/build/lib/buildeventstream/proto/BUILD",
            "//third_party/io_bazel:protobuf.BUILD": "src/main/protobuf/BUILD",
        },
        packages = ["bazel-bootstrap-source"],
    )

    # Debian packages no googleapis.
    native.local_repository(
        name = "com_google_googleapis",
        path = "third_party/googleapis",
    )

    system_library(
        name = "boringssl",
        modules = ["openssl"],
        packages = ["libssl-dev"],
        static = True,
        targets = {"": ["crypto"]},
    )

    system_library(
        name = "mustache",
        overlay = {"//third_party:mustache.BUILD": "BUILD"},
        packages = ["libkainjow-mustache-dev"],
    )

    # Libraries whose upstream has no Bazel build: @<name>//:<name>.
    for name, module, package in [
        ("comerr", "com_err", "comerr-dev"),
        ("curl", "libcurl", "libcurl4-openssl-dev"),
        ("e2fsprogs", "ext2fs", "libext2fs-dev"),
        ("elfutils", "libelf", "libelf-dev"),
        ("libarchive", "libarchive", "libarchive-dev"),
        ("libmicrohttpd", "libmicrohttpd", "libmicrohttpd-dev"),
        ("sqlite3", "sqlite3", "libsqlite3-dev"),
        ("zlib", "zlib", "zlib1g-dev"),
        ("zstd", "libzstd", "libzstd-dev"),
    ]:
        system_library(
            name = name,
            modules = [module],
            packages = [package],
            targets = {"": [name]},
        )

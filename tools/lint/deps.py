#!/usr/bin/env python3
"""Holds the `deps` of C++ rules against the includes of their sources.

  bazel query --output=xml --noimplicit_deps RULES | tools/lint/deps.py

Run in the workspace's root.  Prints a command of buildozer for each dependency
that is missing (a header is included whose library is not listed) or unused (no
header of a listed library is included).  Exit code: 0 none, 1 some.
"""

import os
import re
import sys
import xml.etree.ElementTree as ElementTree

_CC_RULES = ("cc_binary", "cc_library", "cc_test")

# Headers of other repositories, and the label of the library that has them;
# \1 and \2 are the groups of the pattern.  The first that matches counts.
_EXTERNAL = [(re.compile(pattern + r"\Z"), label) for pattern, label in [
    (r"absl/base/.*", "@com_google_absl//absl/base:core_headers"),
    (r"absl/flags/(config|flag|parse|reflection|usage)\.h",
     r"@com_google_absl//absl/flags:\1"),
    (r"absl/flags/declare\.h", "@com_google_absl//absl/flags:flag"),
    (r"absl/flags/usage_config\.h", "@com_google_absl//absl/flags:config"),
    (r"absl/status/statusor\.h", "@com_google_absl//absl/status:statusor"),
    (r"absl/strings/(cord|str_format)\.h", r"@com_google_absl//absl/strings:\1"),
    (r"absl/(status|strings|synchronization|time)/.*",
     r"@com_google_absl//absl/\1:\1"),
    (r"absl/([a-z_/]+)/([a-z_0-9]+)\.h", r"@com_google_absl//absl/\1:\2"),
    (r"archive(_entry)?\.h", "@libarchive//:libarchive"),
    (r"tools/cpp/runfiles/runfiles\.h",
     "@bazel_tools//tools/cpp/runfiles:runfiles"),
    (r"benchmark/.*", "@com_github_google_benchmark//:benchmark"),
    (r"curl/.*", "@curl//:curl"),
    (r"et/com_err\.h", "@comerr//:comerr"),
    (r"ext2fs/.*", "@e2fsprogs//:e2fsprogs"),
    (r"(gelf|libelf)\.h", "@elfutils//:elfutils"),
    (r"(gmock|gtest)/.*", "@com_google_googletest//:gtest"),
    (r"google/rpc/([a-z_]+)\.pb\.h",
     r"@com_google_googleapis//google/rpc:\1_cc_proto"),
    (r"google/protobuf/.*", "@com_google_protobuf//:protobuf"),
    (r"grpcpp/ext/proto_server_reflection_plugin\.h",
     "@com_github_grpc_grpc//:grpc++_reflection"),
    (r"(grpc|grpcpp)/.*", "@com_github_grpc_grpc//:grpc++"),
    (r"kainjow/mustache\.hpp", "@mustache//:mustache"),
    (r"microhttpd\.h", "@libmicrohttpd//:libmicrohttpd"),
    (r"openssl/.*", "@boringssl//:crypto"),
    (r"re2/.*", "@com_googlesource_code_re2//:re2"),
    (r"sqlite3\.h", "@sqlite3//:sqlite3"),
    (r"src/main/java/.*/build_event_stream\.pb\.h",
     "//release/job:build_event_stream_cc_proto"),
    (r"zlib\.h", "@zlib//:zlib"),
    (r"zstd\.h", "@zstd//:zstd"),
]]

# Libraries that have what others have, and a main() besides.
_MAINS = {
    "@com_github_google_benchmark//:benchmark_main":
        "@com_github_google_benchmark//:benchmark",
    "@com_google_googletest//:gtest_main": "@com_google_googletest//:gtest",
}

_INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.MULTILINE)


def path_of(label):
  """//a/b:c.h -> a/b/c.h"""
  package, name = label[2:].split(":")
  return os.path.join(package, name)


def attribute(rule, name):
  """The labels of an attribute of a rule."""
  element = rule.find("list[@name='%s']" % name)
  return [] if element is None else [
      label.get("value") for label in element.findall("label")
  ]


def provided_headers(rules):
  """Header -> label of the library of this repository that has it."""
  providers = {}
  sources_of = {}
  for rule in rules:
    if rule.get("class") == "proto_library":
      sources_of[rule.get("name")] = attribute(rule, "srcs")
  protos_of = {}
  for rule in rules:
    if rule.get("class") == "cc_proto_library":
      protos_of[rule.get("name")] = [
          path_of(source)[:-len(".proto")]
          for proto in attribute(rule, "deps")
          for source in sources_of.get(proto, [])
      ]
      for stem in protos_of[rule.get("name")]:
        providers[stem + ".pb.h"] = rule.get("name")
  for rule in rules:
    if rule.get("class") != "cc_library":
      continue
    for header in attribute(rule, "hdrs") + attribute(rule, "textual_hdrs"):
      providers[path_of(header)] = rule.get("name")
    # The macro cc_grpc_library has the sources of the rule _<name>_sources.
    package, name = rule.get("name").split(":")
    if "%s:_%s_sources" % (package, name) in attribute(rule, "srcs"):
      for dep in attribute(rule, "deps"):
        for stem in protos_of.get(dep, []):
          providers[stem + ".grpc.pb.h"] = rule.get("name")
  return providers


def library_of(header, providers):
  """Label of the library with a header; None for those of the system."""
  if header in providers:
    return providers[header]
  for pattern, label in _EXTERNAL:
    match = pattern.match(header)
    if match:
      return match.expand(label)
  return None


def problems_of(rule, providers, read):
  """Commands of buildozer that correct the `deps` of a rule."""
  name = rule.get("name")
  own = attribute(rule, "srcs") + attribute(rule, "hdrs")
  own = {path_of(label) for label in own if label.startswith("//")}
  used = set()
  generated = False
  for path in own:
    text = read(path)
    if text is None:
      generated = generated or path.endswith((".cc", ".h", "_sources"))
      continue
    for header in _INCLUDE.findall(text):
      library = library_of(header, providers)
      if header not in own and library and library != name:
        used.add(library)
  listed = attribute(rule, "deps")
  has = {_MAINS.get(dep, dep) for dep in listed}
  for dep in sorted(used - has):
    yield "buildozer 'add deps %s' %s" % (dep, name)
  known = set(providers.values())
  for dep in listed:
    # What a generated source includes is unknown, and so are the headers of
    # a library that only adds code to be linked.
    if generated or dep in _MAINS:
      continue
    checked = dep in known or not dep.startswith("//")
    if checked and dep not in used:
      yield "buildozer 'remove deps %s' %s" % (dep, name)


def read_source(path):
  """Text of a file of the tree; None for one that is generated."""
  try:
    with open(path, encoding="utf-8") as source:
      return source.read()
  except FileNotFoundError:
    return None


def main():
  rules = ElementTree.parse(sys.stdin).getroot().findall("rule")
  providers = provided_headers(rules)
  problems = [
      problem for rule in rules if rule.get("class") in _CC_RULES
      for problem in problems_of(rule, providers, read_source)
  ]
  for problem in sorted(problems):
    print(problem)
  return 1 if problems else 0


if __name__ == "__main__":
  sys.exit(main())

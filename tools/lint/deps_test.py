"""Tests of deps.py."""

import unittest
import xml.etree.ElementTree as ElementTree

from tools.lint import deps


def rule(kind, name, **attributes):
  """A rule as `bazel query --output=xml` prints it."""
  element = ElementTree.Element("rule", {"class": kind, "name": name})
  for attribute, labels in attributes.items():
    values = ElementTree.SubElement(element, "list", {"name": attribute})
    for label in labels:
      ElementTree.SubElement(values, "label", {"value": label})
  return element


_LIBRARY = rule("cc_library", "//base:file", hdrs=["//base:file.h"])
_STATUS = "@com_google_absl//absl/status:statusor"


class DepsTest(unittest.TestCase):

  def problems(self, source, **attributes):
    user = rule("cc_library", "//a:x", srcs=["//a:x.cc"], **attributes)
    providers = deps.provided_headers([_LIBRARY, user])
    return list(deps.problems_of(user, providers, {"a/x.cc": source}.get))

  def test_listed_and_included(self):
    self.assertEqual([], self.problems(
        '#include "absl/status/statusor.h"\n#include "base/file.h"\n',
        deps=["//base:file", _STATUS]))

  def test_missing(self):
    self.assertEqual(["buildozer 'add deps //base:file' //a:x"],
                     self.problems('#include "base/file.h"\n'))

  def test_unused(self):
    self.assertEqual(["buildozer 'remove deps //base:file' //a:x"],
                     self.problems("", deps=["//base:file"]))

  def test_unused_of_another_repository(self):
    self.assertEqual(["buildozer 'remove deps %s' //a:x" % _STATUS],
                     self.problems("#include <string>\n", deps=[_STATUS]))

  def test_library_with_a_main(self):
    self.assertEqual([], self.problems(
        '#include "gtest/gtest.h"\n',
        deps=["@com_google_googletest//:gtest_main"]))

  def test_generated_headers(self):
    rules = [
        rule("proto_library", "//p:x_proto", srcs=["//p:x.proto"]),
        rule("cc_proto_library", "//p:x_cc_proto", deps=["//p:x_proto"]),
        rule("cc_library", "//p:x_cc_grpc", srcs=["//p:_x_cc_grpc_sources"],
             deps=["//p:x_cc_proto"]),
    ]
    self.assertEqual({"p/x.pb.h": "//p:x_cc_proto",
                      "p/x.grpc.pb.h": "//p:x_cc_grpc"},
                     deps.provided_headers(rules))


if __name__ == "__main__":
  unittest.main()

"""Tests of includes.py."""

import unittest

from tools.lint import includes


class FilterChangesTest(unittest.TestCase):

  def assert_changes(self, expected, missing=(), unused=(), own=(),
                     inherited=()):
    self.assertEqual(
        expected,
        includes.filter_changes(
            set(missing), set(unused), set(own), set(inherited)))

  def test_missing_and_unused_headers_are_reported(self):
    self.assert_changes((["base/a.h"], ["base/b.h"]), missing=["base/a.h"],
                        unused=["base/b.h"], own=["base/b.h"])

  def test_own_header_may_include_for_its_source(self):
    self.assert_changes(([], []), missing=["string"], inherited=["string"])

  def test_parts_of_a_library_count_as_its_main_header(self):
    self.assert_changes(([], []), missing=["gtest/gtest.h"],
                        own=["gtest/gtest.h"])

  def test_internal_headers_are_left_out(self):
    self.assert_changes(([], []), missing=["absl/base/internal/x.h"])

  def test_a_header_of_c_will_do(self):
    self.assert_changes(([], []), missing=["csignal"], own=["signal.h"])

  def test_a_header_that_includes_what_is_used_is_kept(self):
    self.assert_changes(([], []), missing=["grpcpp/grpcpp.h"],
                        unused=["grpcpp/support/status.h"],
                        own=["grpcpp/support/status.h"])

  def test_headers_that_declare_the_same_are_left_alone(self):
    self.assert_changes(([], []), missing=["fcntl.h"], unused=["sys/stat.h"],
                        own=["sys/stat.h"])


class CanonicalTest(unittest.TestCase):

  def test_parts_of_a_library(self):
    self.assertEqual("gmock/gmock.h",
                     includes.canonical("gmock/gmock-matchers.h"))

  def test_other_headers(self):
    self.assertEqual("base/a.h", includes.canonical("base/a.h"))


class InsertIncludeTest(unittest.TestCase):

  def test_joins_the_block_of_its_kind(self):
    text = '#include "a/x.h"\n\n#include <map>\n\n#include "base/a.h"\n'
    self.assertEqual(
        '#include "a/x.h"\n\n#include <map>\n#include <string>\n\n'
        '#include "base/a.h"\n',
        includes.insert_include(text, "#include <string>\n", "a/x.cc"))

  def test_starts_a_block(self):
    text = '#include "a/x.h"\n\n#include "base/a.h"\n'
    self.assertEqual(
        '#include "a/x.h"\n\n#include <string>\n\n#include "base/a.h"\n',
        includes.insert_include(text, "#include <string>\n", "a/x.cc"))


if __name__ == "__main__":
  unittest.main()

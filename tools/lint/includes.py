#!/usr/bin/env python3
"""Checks the includes of C++ files against what they use.

  tools/lint/includes.py [--fix] DATABASE FILE...

DATABASE is the directory of a compile_commands.json with every FILE.  A source
may rely on the includes of its own header: x.cc, x_test.cc and the like on those
of x.h.  Prints "FILE: + HEADER" for a header that is to be included, and "FILE: -
HEADER" for one that is not used; --fix changes the files.  Exit code: 0 nothing
to change, 1 something (also where it was changed).
"""

import concurrent.futures
import os
import re
import subprocess
import sys

_CLEANER = "clang-include-cleaner-19"
_INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"].*$', re.MULTILINE)
_OWN_HEADER = re.compile(r"(_benchmark|_fuzz_test|_main|_test)?\.cc\Z")
_CHANGE = re.compile(r'([+-]) [<"]([^>"]+)[>"]')

# Libraries whose parts are to be included through a single header.
_UMBRELLAS = [(re.compile(pattern), header) for pattern, header in [
    (r"benchmark/", "benchmark/benchmark.h"),
    (r"curl/", "curl/curl.h"),
    (r"ext2fs/", "ext2fs/ext2fs.h"),
    (r"gmock/", "gmock/gmock.h"),
    (r"gtest/", "gtest/gtest.h"),
    (r"(grpc|grpcpp)/", "grpcpp/grpcpp.h"),
    (r"sys/poll\.h", "poll.h"),
    (r"zconf\.h", "zlib.h"),
]]

# Directories of libraries that have Bazel labels.
_QUOTED = ("absl/", "benchmark/", "ext2fs/", "gmock/", "google/", "grpcpp/",
           "gtest/", "openssl/", "re2/", "tools/")

# Parts of libraries and of the system that are included on purpose through
# others; <cstddef> would be for size_t alone.
_PRIVATE = re.compile(
    r"absl/.*/internal/|google/protobuf/(?!util/).*(?<!\.pb)\.h|.*\.inc\Z|"
    r"/|(asm|asm-generic|bits|linux)/|cstddef\Z")

# Headers of POSIX that declare what others of them do too: the cleaner names
# whichever it has read first.
_AMBIGUOUS = {
    "fcntl.h", "sched.h", "signal.h", "stdlib.h", "sys/stat.h", "sys/syscall.h",
    "sys/types.h"
}

# Headers of C that C++ has under another name.
_C_HEADERS = {
    "c" + name: name + ".h" for name in (
        "assert", "ctype", "errno", "inttypes", "limits", "signal", "stddef",
        "stdint", "stdio", "stdlib", "string", "time")
}


def canonical(header):
  """The header by which the project includes what `header` declares."""
  for pattern, umbrella in _UMBRELLAS:
    if pattern.match(header):
      return umbrella
  return header


def includes_of(path):
  """Headers that a file includes; none if there is no such file."""
  try:
    with open(path, encoding="utf-8") as source:
      return {header for _, header in _INCLUDE.findall(source.read())}
  except FileNotFoundError:
    return set()


def analyze(database, path):
  """(headers to include, headers to remove) of a file."""
  result = subprocess.run([_CLEANER, "--print=changes", "-p", database, path],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
  if result.returncode != 0:
    raise RuntimeError("%s: %s" % (path, result.stderr.decode()[-2000:]))
  changes = _CHANGE.findall(result.stdout.decode())
  missing = {canonical(header) for sign, header in changes if sign == "+"}
  unused = {header for sign, header in changes if sign == "-"}
  header = _OWN_HEADER.sub(".h", path)
  return filter_changes(missing, unused - {header}, includes_of(path),
                        includes_of(header))


def filter_changes(missing, unused, own, inherited):
  """What of the cleaner's wishes the project follows.

  Args:
    missing: headers that the cleaner wants to be included.
    unused: headers that it wants to be removed.
    own: headers that the file includes.
    inherited: headers that its own header includes.

  Returns:
    (headers to include, headers to remove), sorted lists.
  """
  there = own | inherited
  there |= {canonical(header) for header in there}
  kept_missing = {
      header for header in missing - there - _AMBIGUOUS
      if not _PRIVATE.match(header) and _C_HEADERS.get(header) not in there
  }
  # An umbrella is in use if any part of it is.
  used = {canonical(header) for header in own - unused} | (missing & own)
  kept_unused = {
      header for header in unused - missing - used - _AMBIGUOUS
      if canonical(header) not in missing
  }
  return sorted(kept_missing), sorted(kept_unused)


def fix(path, missing, unused):
  """Changes the includes of a file; clang-format sorts them afterwards."""
  with open(path, encoding="utf-8") as source:
    text = source.read()
  for header in unused:
    text = re.sub(r'^#include [<"]%s[>"].*\n' % re.escape(header), "", text,
                  flags=re.MULTILINE)
  for header in missing:
    # Headers of this repository and of libraries with labels are quoted.
    quoted = os.path.exists(header) or header.endswith(".pb.h") or (
        header.startswith(_QUOTED))
    line = '#include "%s"\n' % header if quoted else "#include <%s>\n" % header
    text = insert_include(text, line, path)
  with open(path, "w", encoding="utf-8") as target:
    target.write(text)


def insert_include(text, line, path):
  """Adds a line to the block of includes of its kind."""
  own = _OWN_HEADER.sub(".h", path)
  last = None
  for match in re.finditer(r'^#include ([<"])([^>"]+)[>"].*\n', text,
                           re.MULTILINE):
    is_c = match.group(1) == "<" and match.group(2).endswith(".h")
    wants_c = line.startswith("#include <") and line.endswith(".h>\n")
    if match.group(2) == own or is_c != wants_c:
      continue
    if match.group(0)[9] == line[9]:
      last = match
  if last:
    return text[:last.end()] + line + text[last.end():]
  # A block of its own, where the first include that is not of this file is.
  includes = [
      match for match in re.finditer(r'^#include [<"]([^>"]+)[>"].*\n', text,
                                     re.MULTILINE) if match.group(1) != own
  ]
  if includes and line[9] == "<":
    start = includes[0].start()
    return text[:start] + line + "\n" + text[start:]
  everything = list(re.finditer(r'^#(include|define) .*\n', text, re.MULTILINE))
  end = (includes or everything)[-1].end()
  return text[:end] + "\n" + line + text[end:]


def main(arguments):
  correct = "--fix" in arguments
  database, *paths = [a for a in arguments if a != "--fix"]
  failed = False
  with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    results = pool.map(lambda path: analyze(database, path), paths)
    for path, (missing, unused) in zip(paths, results):
      for header in missing:
        print("%s: + %s" % (path, header))
      for header in unused:
        print("%s: - %s" % (path, header))
      if missing or unused:
        failed = True
        if correct:
          fix(path, missing, unused)
  return 1 if failed else 0


if __name__ == "__main__":
  sys.exit(main(sys.argv[1:]))

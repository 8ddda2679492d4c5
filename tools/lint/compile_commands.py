#!/usr/bin/env python3
"""Writes a compilation database of every C++ source and header of this tree.

  bazel aquery --output=jsonproto 'mnemonic("CppCompile", LIBRARIES)' |
    tools/lint/compile_commands.py EXECUTION_ROOT DIRECTORY FILE...

All are compiled with the union of the include paths and macros of those
libraries: a header has no action of its own.  DIRECTORY gets
compile_commands.json, and the libraries' headers, precompiled: to parse them
takes nearly all of the time.  Each file gets those of the families that it uses:
to load them takes most of the rest.
"""

import json
import os
import re
import subprocess
import sys

# Headers that take long even when they are precompiled, by family.
_FAMILIES = [re.compile(pattern) for pattern in (
    r'.(benchmark|gmock|gtest)/', r'.google/protobuf/|.(?!src/).*\.pb\.h',
    r'.grpc(pp)?/', r'.src/')]
# Headers of C libraries, whose types sources may declare themselves.
_NOT_PRECOMPILED = re.compile(r".(archive|curl|ext2fs|sqlite3|zlib|zstd)\b")
_INCLUDE = re.compile(r'^#include ([<"][^>"]+[>"])', re.MULTILINE)

# Options whose value is the next argument.
_PATH_OPTIONS = ("-I", "-iquote", "-isystem")


def include_options(actions):
  """The options of the actions that tell where headers are, each once."""
  options = {}
  for action in actions:
    arguments = action["arguments"]
    for position, argument in enumerate(arguments):
      if argument in _PATH_OPTIONS:
        options[(argument, arguments[position + 1])] = None
      elif argument.startswith(("-I", "-D")) and "redacted" not in argument:
        options[(argument,)] = None
  return [argument for option in options for argument in option]


def headers_of(path):
  """Headers that a file includes, with their quotes or brackets."""
  with open(path, encoding="utf-8") as source:
    return set(_INCLUDE.findall(source.read()))


def precompile(command, execution_root, headers, output):
  """Compiles those headers of libraries that there are for `command`."""
  source = output[:-len(".pch")]
  with open(source, "w", encoding="utf-8") as file:
    for header in sorted(headers):
      file.write("#if __has_include({0})\n#include {0}\n#endif\n".format(header))
  subprocess.run(command + ["-xc++-header", source, "-o", output],
                 cwd=execution_root, check=True)


def reached_headers(path, includes):
  """Headers that a file includes, also through others of `includes`."""
  reached = set()
  pending = [path]
  while pending:
    for header in includes.get(pending.pop(), ()):
      if header not in reached:
        reached.add(header)
        pending.append(header[1:-1])
  return reached


def families_of(headers):
  """Numbers of the families that some of the headers belong to."""
  return frozenset(
      number for number, family in enumerate(_FAMILIES)
      if any(family.match(header) for header in headers))


def main(execution_root, directory, files):
  actions = json.load(sys.stdin)["actions"]
  command = ["clang++-19", "-std=c++17", "-iquote", os.getcwd()]
  command += include_options(actions)
  # Used by tests only.
  command += ["-iquote", "external/bazel_tools"]
  includes = {path: headers_of(path) for path in files}
  libraries = {
      header for headers in includes.values() for header in headers
      if not os.path.exists(header[1:-1]) and
      not _NOT_PRECOMPILED.match(header)
  }
  commands = []
  # Path of the precompiled headers that files with these families use.
  precompiled = {}
  for path in files:
    families = families_of(reached_headers(path, includes))
    if families not in precompiled:
      output = os.path.join(directory, "%d.h.pch" % len(precompiled))
      precompile(
          command, execution_root,
          {header for header in libraries if families_of([header]) <= families},
          output)
      precompiled[families] = output
    commands.append({
        "directory": execution_root,
        "file": os.path.abspath(path),
        "arguments": command + [
            "-include-pch", precompiled[families], "-xc++", "-c",
            os.path.abspath(path)
        ],
    })
  database = os.path.join(directory, "compile_commands.json")
  with open(database, "w", encoding="utf-8") as output:
    json.dump(commands, output, indent=1)


main(sys.argv[1], sys.argv[2], sys.argv[3:])

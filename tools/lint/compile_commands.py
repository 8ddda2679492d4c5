#!/usr/bin/env python3
"""Writes a compilation database of every C++ source and header of this tree.

  bazel aquery --output=jsonproto 'mnemonic("CppCompile", LIBRARIES)' |
    tools/lint/compile_commands.py EXECUTION_ROOT DIRECTORY FILE...

All are compiled with the union of the include paths and macros of those
libraries: a header has no action of its own.  DIRECTORY gets
compile_commands.json, and the libraries' headers, precompiled: to parse them
takes nearly all of the time.
"""

import json
import os
import re
import subprocess
import sys

# Headers that take long even when they are precompiled.
_HEAVY = re.compile(r'.(benchmark|gmock|google/protobuf|grpcpp|gtest)/|.*\.pb\.h')
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


def main(execution_root, directory, files):
  actions = json.load(sys.stdin)["actions"]
  command = ["clang++-19", "-std=c++17", "-iquote", os.getcwd()]
  command += include_options(actions)
  # Used by tests only.
  command += ["-iquote", "external/bazel_tools"]
  includes = {path: headers_of(path) for path in files}
  everything = {
      header for headers in includes.values() for header in headers
      if not os.path.exists(header[1:-1]) and
      not _NOT_PRECOMPILED.match(header)
  }
  light = {header for header in everything if not _HEAVY.match(header)}
  all_headers = os.path.join(directory, "all.h.pch")
  light_headers = os.path.join(directory, "light.h.pch")
  precompile(command, execution_root, everything, all_headers)
  precompile(command, execution_root, light, light_headers)
  commands = []
  for path in files:
    is_heavy = any(_HEAVY.match(header) for header in includes[path])
    commands.append({
        "directory": execution_root,
        "file": os.path.abspath(path),
        "arguments": command + [
            "-include-pch", all_headers if is_heavy else light_headers, "-xc++",
            "-c", os.path.abspath(path)
        ],
    })
  database = os.path.join(directory, "compile_commands.json")
  with open(database, "w", encoding="utf-8") as output:
    json.dump(commands, output, indent=1)


main(sys.argv[1], sys.argv[2], sys.argv[3:])

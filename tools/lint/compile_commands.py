#!/usr/bin/env python3
"""Writes a compilation database of every C++ source and header of this tree.

  bazel aquery --output=jsonproto 'mnemonic("CppCompile", LIBRARIES)' |
    tools/lint/compile_commands.py EXECUTION_ROOT FILE... >compile_commands.json

All are compiled with the union of the include paths and macros of those
libraries: a header has no action of its own.
"""

import json
import os
import sys

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


def main(execution_root, files):
  actions = json.load(sys.stdin)["actions"]
  options = include_options(actions)
  commands = []
  for path in files:
    commands.append({
        "directory": execution_root,
        "file": os.path.abspath(path),
        "arguments": ["clang++", "-std=c++17", "-xc++", "-iquote", os.getcwd()] +
                     options + ["-c", os.path.abspath(path)],
    })
  json.dump(commands, sys.stdout, indent=1)


main(sys.argv[1], sys.argv[2:])

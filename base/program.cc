#include "base/program.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace gantry {
namespace {

// Abseil exits with 1 for wrong flags and for --help, and leaves no other way
// to choose the exit code than at exit.
bool parsing_flags = false;
int parsing_exit_code = 0;

void ExitWhileParsing() {
  if (!parsing_flags) return;
  std::cout.flush();
  std::fflush(nullptr);
  _exit(parsing_exit_code);
}

bool AsksForHelp(absl::string_view argument) {
  return absl::StartsWith(argument, "--help") ||
         absl::StartsWith(argument, "-help") || argument == "--version" ||
         argument == "-version";
}

}  // namespace

std::vector<std::string> ParseArguments(const Program& program, int argc,
                                        char** argv) {
  absl::SetProgramUsageMessage(program.usage);
  absl::FlagsUsageConfig config;
  config.version_string = [program] {
    return absl::StrCat(program.name, " ", program.version, "\n");
  };
  absl::SetFlagsUsageConfig(config);
  std::atexit(ExitWhileParsing);
  parsing_exit_code =
      std::any_of(argv, argv + argc, AsksForHelp) ? 0 : program.usage_exit_code;
  parsing_flags = true;
  const std::vector<char*> arguments = absl::ParseCommandLine(argc, argv);
  parsing_flags = false;
  return {arguments.begin() + 1, arguments.end()};
}

void ParseFlags(const Program& program, int argc, char** argv) {
  const std::vector<std::string> arguments =
      ParseArguments(program, argc, argv);
  if (arguments.empty()) return;
  std::cerr << program.name << ": unexpected argument \"" << arguments[0]
            << "\"; only flags are allowed, see --help\n";
  std::exit(program.usage_exit_code);
}

}  // namespace gantry

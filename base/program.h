#ifndef GANTRY_BASE_PROGRAM_H_
#define GANTRY_BASE_PROGRAM_H_

#include <string>
#include <vector>

namespace gantry {

// How a program introduces itself on its command line.
struct Program {
  // Begins its error messages.  Example: "query".
  const char* name;

  // What --help prints before the flags: purpose, arguments, exit codes.
  const char* usage;

  // What --version prints after "<name> ": see base/version.h.
  const char* version;

  // Exit code for wrong flags and arguments.
  int usage_exit_code = 1;
};

// Parses a program's flags and returns its other arguments.  --help and
// --version end the program with exit code 0, wrong flags with
// `usage_exit_code`.  Call it once, first in main().
std::vector<std::string> ParseArguments(const Program& program, int argc,
                                        char** argv);

// The same for programs without arguments: one is reported as an error.
void ParseFlags(const Program& program, int argc, char** argv);

}  // namespace gantry

#endif  // GANTRY_BASE_PROGRAM_H_

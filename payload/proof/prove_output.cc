#include "payload/proof/prove_output.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/textproto.h"
#include "payload/proof/boot_console.h"

namespace gantry::proof {
namespace {

constexpr size_t kTailLines = 40;

}  // namespace

std::string ConsoleTail(absl::string_view console, size_t lines) {
  std::vector<std::string> printable;
  for (const absl::string_view line : absl::StrSplit(console, '\n')) {
    std::string text = PrintableText(line);
    if (!absl::StripAsciiWhitespace(text).empty()) {
      printable.push_back(std::move(text));
    }
  }
  std::string tail;
  const size_t skip = printable.size() > lines ? printable.size() - lines : 0;
  for (size_t i = skip; i < printable.size(); ++i) {
    tail += printable[i];
    tail += '\n';
  }
  return tail;
}

absl::StatusOr<ProveOutcome> ProveToFiles(const ProveOptions& options,
                                          const std::string& proof_path,
                                          const std::string& console_path) {
  GANTRY_ASSIGN_OR_RETURN(const ProveResult result, Prove(options));
  if (!result.proof.accepted()) {
    return ProveOutcome{false, result.proof.reason(),
                        ConsoleTail(result.console, kTailLines)};
  }
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(console_path, result.console));
  GANTRY_RETURN_IF_ERROR(
      WriteFileAtomically(proof_path, FormatTextProto(result.proof)));
  return ProveOutcome{true, "", ""};
}

}  // namespace gantry::proof

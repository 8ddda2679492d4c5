#include "base/os_release.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace gantry {
namespace {

// Removes the quotes of a shell word.
absl::StatusOr<std::string> Unquote(absl::string_view word) {
  std::string value;
  char quote = '\0';
  for (size_t i = 0; i < word.size(); ++i) {
    const char c = word[i];
    if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote && quote != '\0') {
      quote = '\0';
    } else if (c == '\\' && quote != '\'') {
      if (++i == word.size()) {
        return absl::InvalidArgumentError("ends with a backslash");
      }
      value.push_back(word[i]);
    } else {
      value.push_back(c);
    }
  }
  if (quote != '\0') return absl::InvalidArgumentError("unbalanced quote");
  return value;
}

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> ParseKeyValues(
    absl::string_view text) {
  std::map<std::string, std::string> values;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') continue;
    const size_t equals = line.find('=');
    if (equals == 0 || equals == absl::string_view::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, ": not KEY=value"));
    }
    auto value = Unquote(line.substr(equals + 1));
    if (!value.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, ": ", value.status().message()));
    }
    values[std::string(line.substr(0, equals))] = *std::move(value);
  }
  return values;
}

absl::StatusOr<OsRelease> ReadOsRelease(ReadFileInRoot read_file) {
  for (const char* path : {"/etc/os-release", "/usr/lib/os-release"}) {
    const absl::StatusOr<std::string> text = read_file(path);
    if (absl::IsNotFound(text.status())) continue;
    GANTRY_RETURN_IF_ERROR(text.status());
    auto values = ParseKeyValues(*text);
    if (!values.ok()) return Annotate(values.status(), path);
    return OsRelease{(*values)["ID"], (*values)["VERSION_ID"]};
  }
  return absl::NotFoundError("no /etc/os-release and no /usr/lib/os-release");
}

}  // namespace gantry

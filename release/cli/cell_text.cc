#include "release/cli/cell_text.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "base/cell_name.h"
#include "google/protobuf/util/time_util.h"

namespace gantry::cli {
namespace {

using ::gantry::release::v1::Cell;
using ::google::protobuf::util::TimeUtil;

// CELL_STATE_BUILT as "built".
std::string StateName(const Cell& cell) {
  constexpr absl::string_view kPrefix = "CELL_STATE_";
  return absl::AsciiStrToLower(
      release::v1::CellState_Name(cell.state()).substr(kPrefix.size()));
}

std::string LeaseText(const release::v1::Lease& lease) {
  return absl::StrCat("by ", lease.worker(), " since ",
                      TimeUtil::ToString(lease.start_time()), ", until ",
                      TimeUtil::ToString(lease.expire_time()));
}

// What matters most in the cell's state.
std::string Detail(const Cell& cell) {
  if (cell.has_payload()) return cell.payload().digest();
  if (cell.has_lease()) return LeaseText(cell.lease());
  return cell.reason();
}

}  // namespace

std::string FormatTable(const std::vector<Cell>& cells) {
  using Row = std::array<std::string, 4>;
  std::vector<Row> rows = {{"CELL", "CHANNEL", "STATE", "PAYLOAD OR REASON"}};
  for (const Cell& cell : cells) {
    rows.push_back({cell.id(), cell.channel(), StateName(cell), Detail(cell)});
  }
  std::array<int, 3> widths = {};
  for (const Row& row : rows) {
    for (size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], static_cast<int>(row[i].size()));
    }
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line =
        absl::StrFormat("%-*s  %-*s  %-*s  %s", widths[0], row[0], widths[1],
                        row[1], widths[2], row[2], row[3]);
    absl::StripTrailingAsciiWhitespace(&line);
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

std::string FormatCell(const Cell& cell) {
  const auto& payload = cell.payload();
  const std::pair<absl::string_view, std::string> lines[] = {
      {"cell", cell.id()},
      {"channel", cell.channel()},
      {"os release", cell.coordinates().os_release()},
      {"kernel", cell.coordinates().kernel_release()},
      {"driver", DriverName(cell.coordinates())},
      {"cuda", cell.coordinates().cuda_version()},
      {"state", absl::StrCat(StateName(cell), " since ",
                             TimeUtil::ToString(cell.update_time()))},
      {"building", cell.has_lease() ? LeaseText(cell.lease()) : ""},
      {"reason", cell.reason()},
      {"log", cell.log_uri()},
      {"digest", payload.digest()},
      {"reference", payload.reference()},
      {"size",
       cell.has_payload() ? absl::StrCat(payload.total_size(), " bytes") : ""},
  };
  std::string text;
  for (const auto& [name, value] : lines) {
    if (!value.empty())
      absl::StrAppendFormat(&text, "%-11s %s\n", absl::StrCat(name, ":"),
                            value);
  }
  return text;
}

}  // namespace gantry::cli

#include "release/cli/cell_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/cell_name.h"
#include "base/cell_state_name.h"
#include "base/text_table.h"
#include "google/protobuf/util/time_util.h"

namespace gantry::cli {
namespace {

using ::gantry::release::v1::Cell;
using ::google::protobuf::util::TimeUtil;

std::string LeaseText(const release::v1::Lease& lease) {
  return absl::StrCat("by ", lease.worker(), " since ",
                      TimeUtil::ToString(lease.start_time()), ", until ",
                      TimeUtil::ToString(lease.expire_time()));
}

// The most important detail of the cell's state.
std::string Detail(const Cell& cell) {
  if (cell.has_payload()) return cell.payload().digest();
  if (cell.has_lease()) return LeaseText(cell.lease());
  return cell.reason();
}

}  // namespace

std::string FormatCells(const std::vector<Cell>& cells) {
  std::vector<std::vector<std::string>> rows = {
      {"CELL", "CHANNEL", "STATE", "PAYLOAD OR REASON"}};
  for (const Cell& cell : cells) {
    rows.push_back(
        {cell.id(), cell.channel(), CellStateName(cell.state()), Detail(cell)});
  }
  return FormatTextTable(rows);
}

std::string FormatCell(const Cell& cell) {
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](absl::string_view name, const std::string& value) {
    if (!value.empty()) rows.push_back({absl::StrCat(name, ":"), value});
  };
  add("cell", cell.id());
  add("channel", cell.channel());
  add("os release", cell.coordinates().os_release());
  add("kernel", cell.coordinates().kernel_release());
  add("driver", DriverName(cell.coordinates()));
  add("cuda", cell.coordinates().cuda_version());
  add("state", absl::StrCat(CellStateName(cell.state()), " since ",
                            TimeUtil::ToString(cell.update_time())));
  if (cell.has_lease()) add("building", LeaseText(cell.lease()));
  add("reason", cell.reason());
  add("log", cell.log_uri());
  if (cell.has_payload()) {
    add("digest", cell.payload().digest());
    add("reference", cell.payload().reference());
    add("size", absl::StrCat(cell.payload().total_size(), " bytes"));
  }
  return FormatTextTable(rows);
}

}  // namespace gantry::cli

#include "release/job/matrix_view.h"

#include <algorithm>
#include <cstddef>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/cell_name.h"
#include "base/cell_state_name.h"
#include "base/json.h"
#include "base/text_table.h"
#include "proto/matrix_report.pb.h"

namespace gantry::job {
namespace {

using ::gantry::release::v1::Cell;
using ::gantry::release::v1::CellState;

// The text of a cell in the table.  Failures stand out, and exclusions do not.
std::string Mark(CellState state) {
  if (state == release::v1::CELL_STATE_FAILED) return "FAILED";
  if (state == release::v1::CELL_STATE_EXCLUDED) return "-";
  return CellStateName(state);
}

std::vector<Cell> Sorted(std::vector<Cell> cells) {
  std::sort(cells.begin(), cells.end(),
            [](const Cell& a, const Cell& b) { return a.id() < b.id(); });
  return cells;
}

std::string ColumnName(const Cell& cell) {
  return absl::StrCat(DriverName(cell.coordinates()), " / CUDA ",
                      cell.coordinates().cuda_version());
}

std::string Explanation(const Cell& cell) {
  std::string line = absl::StrCat(cell.id(), ": ", CellStateName(cell.state()));
  if (!cell.reason().empty()) absl::StrAppend(&line, ": ", cell.reason());
  if (cell.state() == release::v1::CELL_STATE_BUILDING) {
    absl::StrAppend(&line, " by ", cell.lease().worker());
  }
  if (!cell.log_uri().empty() &&
      cell.state() == release::v1::CELL_STATE_FAILED) {
    absl::StrAppend(&line,
                    "\n  log: ", absl::StripPrefix(cell.log_uri(), "file://"));
  }
  return line;
}

}  // namespace

std::string FormatMatrixTable(const std::vector<Cell>& cells) {
  const std::vector<Cell> sorted = Sorted(cells);
  // Indexes of rows by OS release and of columns by name.
  std::map<std::string, size_t> rows, columns;
  // The kernel of a cell is unknown until its container has been opened, but
  // another cell of the release may have it.
  std::map<std::string, std::string> kernels;
  for (const Cell& cell : sorted) {
    const auto& coordinates = cell.coordinates();
    rows.emplace(coordinates.os_release(), 0);
    columns.emplace(ColumnName(cell), 0);
    std::string& kernel = kernels[coordinates.os_release()];
    if (kernel.empty()) kernel = coordinates.kernel_release();
  }

  std::vector<std::vector<std::string>> table = {{"OS RELEASE", "KERNEL"}};
  for (auto& [name, index] : columns) {
    index = table[0].size();
    table[0].push_back(name);
  }
  for (auto& [os_release, index] : rows) {
    index = table.size();
    const std::string& kernel = kernels[os_release];
    table.push_back({os_release, kernel.empty() ? "?" : kernel});
    table.back().resize(table[0].size());
  }
  std::string explanations;
  for (const Cell& cell : sorted) {
    table[rows[cell.coordinates().os_release()]][columns[ColumnName(cell)]] =
        Mark(cell.state());
    if (cell.state() != release::v1::CELL_STATE_BUILT) {
      absl::StrAppend(&explanations, Explanation(cell), "\n");
    }
  }
  return absl::StrCat(FormatTextTable(table), explanations.empty() ? "" : "\n",
                      explanations);
}

absl::StatusOr<std::string> FormatMatrixJson(const std::vector<Cell>& cells) {
  matrix::v1::MatrixReport report;
  for (const Cell& cell : Sorted(cells)) {
    auto& entry = *report.add_cells();
    entry.set_id(cell.id());
    entry.set_os_release(cell.coordinates().os_release());
    entry.set_kernel(cell.coordinates().kernel_release());
    entry.set_driver(DriverName(cell.coordinates()));
    entry.set_cuda(cell.coordinates().cuda_version());
    entry.set_state(CellStateName(cell.state()));
    entry.set_digest(cell.payload().digest());
    entry.set_reason(cell.reason());
  }
  return FormatJson(report);
}

}  // namespace gantry::job

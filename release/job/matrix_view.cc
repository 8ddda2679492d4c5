#include "release/job/matrix_view.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/cell_name.h"
#include "base/json.h"
#include "proto/matrix_report.pb.h"

namespace gantry::job {
namespace {

using ::gantry::release::v1::Cell;
using ::gantry::release::v1::CellState;

std::string StateName(CellState state) {
  const std::string& name = release::v1::CellState_Name(state);
  return absl::AsciiStrToLower(absl::StripPrefix(name, "CELL_STATE_"));
}

absl::string_view Mark(CellState state) {
  switch (state) {
    case release::v1::CELL_STATE_BUILT:
      return "built";
    case release::v1::CELL_STATE_FAILED:
      return "FAILED";
    case release::v1::CELL_STATE_BUILDING:
      return "building";
    case release::v1::CELL_STATE_EXCLUDED:
      return "-";
    default:
      return "planned";
  }
}

std::vector<Cell> Sorted(std::vector<Cell> cells) {
  std::sort(cells.begin(), cells.end(),
            [](const Cell& a, const Cell& b) { return a.id() < b.id(); });
  return cells;
}

// A grid of texts with columns as wide as their widest text.
class Grid {
 public:
  void Set(size_t row, size_t column, std::string text) {
    if (rows_.size() <= row) rows_.resize(row + 1);
    if (rows_[row].size() <= column) rows_[row].resize(column + 1);
    rows_[row][column] = std::move(text);
  }

  std::string Format() const {
    std::vector<size_t> widths;
    for (const auto& row : rows_) {
      widths.resize(std::max(widths.size(), row.size()));
      for (size_t i = 0; i < row.size(); ++i) {
        widths[i] = std::max(widths[i], row[i].size());
      }
    }
    std::string text;
    for (const auto& row : rows_) {
      std::string line;
      for (size_t i = 0; i < row.size(); ++i) {
        absl::StrAppend(&line, row[i],
                        std::string(widths[i] - row[i].size() + 2, ' '));
      }
      absl::StrAppend(&text, absl::StripTrailingAsciiWhitespace(line), "\n");
    }
    return text;
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

std::string ColumnOf(const Cell& cell) {
  return absl::StrCat(DriverName(cell.coordinates()), " / CUDA ",
                      cell.coordinates().cuda_version());
}

std::string Explanation(const Cell& cell) {
  std::string line = absl::StrCat(cell.id(), ": ", StateName(cell.state()));
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
  std::map<std::string, size_t> rows, columns;
  // A cell whose container nobody has opened yet does not know its kernel;
  // another cell of the same release may.
  std::map<std::string, std::string> kernels;
  for (const Cell& cell : sorted) {
    const auto& coordinates = cell.coordinates();
    rows.emplace(coordinates.os_release(), 0);
    columns.emplace(ColumnOf(cell), 0);
    std::string& kernel = kernels[coordinates.os_release()];
    if (kernel.empty()) kernel = coordinates.kernel_release();
  }

  Grid grid;
  grid.Set(0, 0, "OS RELEASE");
  grid.Set(0, 1, "KERNEL");
  size_t next_row = 1, next_column = 2;
  for (auto& [key, index] : columns) grid.Set(0, index = next_column++, key);
  for (auto& [key, index] : rows) {
    index = next_row++;
    grid.Set(index, 0, key);
    grid.Set(index, 1, kernels[key].empty() ? "?" : kernels[key]);
  }
  std::string explanations;
  for (const Cell& cell : sorted) {
    grid.Set(rows[cell.coordinates().os_release()], columns[ColumnOf(cell)],
             std::string(Mark(cell.state())));
    if (cell.state() != release::v1::CELL_STATE_BUILT) {
      absl::StrAppend(&explanations, Explanation(cell), "\n");
    }
  }
  return absl::StrCat(grid.Format(), explanations.empty() ? "" : "\n",
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
    entry.set_state(StateName(cell.state()));
    entry.set_digest(cell.payload().digest());
    entry.set_reason(cell.reason());
  }
  return FormatJson(report);
}

}  // namespace gantry::job

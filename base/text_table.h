#ifndef GANTRY_BASE_TEXT_TABLE_H_
#define GANTRY_BASE_TEXT_TABLE_H_

#include <string>
#include <vector>

namespace gantry {

// Formats rows as lines of left-aligned columns, two spaces apart, without
// trailing spaces.  Rows may differ in length.  The last text of a row does not
// widen its column.  Widths are in bytes.
std::string FormatTextTable(const std::vector<std::vector<std::string>>& rows);

}  // namespace gantry

#endif  // GANTRY_BASE_TEXT_TABLE_H_

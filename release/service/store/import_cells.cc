#include "release/service/store/import_cells.h"

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/cell_name.h"
#include "base/status_macros.h"
#include "proto/cell.pb.h"
#include "proto/event.pb.h"
#include "proto/revision.pb.h"
#include "release/service/store/cell_table.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Cell;
using ::gantry::release::v1::Event;

absl::StatusOr<Event> ReadOldCell(const Statement& row) {
  Event event;
  event.set_kind(release::v1::EVENT_KIND_IMPORTED);
  Cell& cell = *event.mutable_cell();
  const absl::string_view record = row.Bytes(0);
  if (!cell.ParseFromArray(record.data(), static_cast<int>(record.size()))) {
    return absl::DataLossError("a cell record does not parse");
  }
  // Version 1 had only these.
  cell.mutable_coordinates()->set_architecture("amd64");
  cell.mutable_coordinates()->set_product("nvidia");
  cell.set_id(CellId(cell.coordinates()));
  *cell.mutable_want_time() = cell.update_time();
  if (cell.state() == release::v1::CELL_STATE_FAILED) {
    *cell.mutable_next_attempt_time() = cell.update_time();
  }
  *event.mutable_time() = cell.update_time();
  if (row.IsNull(1)) return event;

  release::v1::Revision& revision = *event.mutable_revision();
  const absl::string_view payload = row.Bytes(1);
  if (!revision.mutable_payload()->ParseFromArray(
          payload.data(), static_cast<int>(payload.size()))) {
    return absl::DataLossError("a payload record does not parse");
  }
  revision.set_cell_id(cell.id());
  revision.set_number(1);
  *revision.mutable_coordinates() = cell.coordinates();
  revision.set_content_digest(revision.payload().digest());
  cell.set_revision(1);
  return event;
}

}  // namespace

absl::Status ImportCells(Database& database) {
  {
    GANTRY_ASSIGN_OR_RETURN(const std::unique_ptr<CellTable> table,
                            CellTable::Create(database));
    GANTRY_ASSIGN_OR_RETURN(
        Statement rows,
        database.Prepare("SELECT cell_1.record, payload_1.record FROM cell_1 "
                         "LEFT JOIN payload_1 ON cell_id = id ORDER BY id"));
    while (true) {
      GANTRY_ASSIGN_OR_RETURN(const bool more, rows.Step());
      if (!more) break;
      GANTRY_ASSIGN_OR_RETURN(Event event, ReadOldCell(rows));
      GANTRY_RETURN_IF_ERROR(table->Append(std::move(event)));
    }
  }
  return database.Execute(
      "DROP TRIGGER payload_never_changes;"
      "DROP TRIGGER payload_is_never_deleted;"
      "DROP TABLE payload_1; DROP TABLE cell_1;");
}

}  // namespace gantry::service

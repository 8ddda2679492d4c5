#ifndef GANTRY_RELEASE_SERVICE_STORE_TEST_STORE_H_
#define GANTRY_RELEASE_SERVICE_STORE_TEST_STORE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/temp_dir.h"
#include "gtest/gtest.h"
#include "release/service/store/cell_store.h"
#include "release/service/store/cell_table.h"

namespace gantry::service {

// Runs a function of mutations.h on the store, and waits for the response.
//
//   Apply(store, RecordRevision, TestRevision(1));
template <typename Request, typename Response>
absl::StatusOr<Response> Apply(CellStore& store,
                               absl::Status (*mutation)(CellTable&,
                                                        const Request&,
                                                        absl::Time, Response&),
                               const Request& request) {
  Response response;
  GANTRY_RETURN_IF_ERROR(
      store.WriteAndWait([&](CellTable& table, absl::Time now) {
        return mutation(table, request, now, response);
      }));
  return response;
}

// The path of a database in a new directory, which this object owns.
class TestDatabase {
 public:
  TestDatabase()
      : dir_(*TempDir::Create(testing::TempDir())),
        path_(JoinPath(dir_.path(), "release.db")) {}

  const std::string& path() const { return path_; }

 private:
  const TempDir dir_;
  const std::string path_;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_TEST_STORE_H_

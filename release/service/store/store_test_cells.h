#ifndef GANTRY_RELEASE_SERVICE_STORE_STORE_TEST_CELLS_H_
#define GANTRY_RELEASE_SERVICE_STORE_STORE_TEST_CELLS_H_

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/cell_name.h"
#include "base/digest.h"
#include "proto/release.pb.h"

namespace gantry::service {

// Cells for the tests of the store, which differ in the toolkit.

inline cell::v1::CellCoordinates TestCoordinates(int number) {
  cell::v1::CellCoordinates coordinates;
  coordinates.set_os_release("debian-12-6.1.0-56-cloud-amd64");
  coordinates.set_kernel_release("6.1.0-56-cloud-amd64");
  coordinates.set_driver_version("535.261.03");
  coordinates.set_cuda_version(absl::StrCat("12.", number));
  coordinates.set_driver_flavour(cell::v1::DRIVER_FLAVOUR_OPEN);
  return coordinates;
}

inline std::string TestId(int number) {
  return CellId(TestCoordinates(number));
}

inline release::v1::CellPlan TestPlan(int number) {
  release::v1::CellPlan plan;
  *plan.mutable_coordinates() = TestCoordinates(number);
  plan.set_channel("6.1-cloud");
  return plan;
}

// With a proof of five modules, as a driver has.
inline release::v1::PublishPayloadRequest TestPublication(
    int number, const std::string& content = "payload",
    int64_t fencing_token = 0) {
  release::v1::PublishPayloadRequest request;
  *request.mutable_coordinates() = TestCoordinates(number);
  request.set_channel("6.1-cloud");
  request.set_fencing_token(fencing_token);
  auto* payload = request.mutable_payload();
  payload->set_digest(Sha256Digest(content));
  payload->set_reference("oci:/srv/oci@" + payload->digest());
  payload->set_total_size(1'000'000'000);
  auto* proof = payload->mutable_proof();
  proof->set_accepted(true);
  proof->set_kernel_release("6.1.0-56-cloud-amd64");
  proof->set_kernel_digest(Sha256Digest("kernel"));
  for (int i = 0; i < 5; ++i) {
    auto* module = proof->add_module();
    module->set_name(absl::StrCat("nvidia-", i));
    module->set_digest(Sha256Digest(module->name()));
    module->set_vermagic("6.1.0-56-cloud-amd64 SMP preempt mod_unload");
  }
  return request;
}

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_STORE_TEST_CELLS_H_

#include "release/service/store/proof_check.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "proto/proof.pb.h"

namespace gantry::service {
namespace {

using ::gantry::proof::v1::ModuleProof;
using ::gantry::proof::v1::Proof;

bool HasBoot(const Proof& proof) {
  return !proof.console_digest().empty() || proof.has_negative_control();
}

// Why the verdicts do not add up to an accepted proof; empty: they do.
std::string VerdictRefusal(const Proof& proof) {
  if (proof.modules().empty()) return "it has no modules";
  for (const ModuleProof& module : proof.modules()) {
    if (module.static_verdict() != proof::v1::VERDICT_ACCEPTED) {
      return absl::StrCat(module.name(), " was not accepted statically");
    }
    if (HasBoot(proof) &&
        module.boot_verdict() != proof::v1::VERDICT_ACCEPTED &&
        module.boot_verdict() != proof::v1::VERDICT_NOT_APPLICABLE) {
      return absl::StrCat("the kernel did not accept ", module.name());
    }
  }
  if (HasBoot(proof) &&
      proof.negative_control().boot_verdict() != proof::v1::VERDICT_REFUSED) {
    return "the kernel did not refuse the negative control";
  }
  return "";
}

// Why the proof does not cover the payload's modules; empty: it does.
std::string CoverageRefusal(const release::v1::RecordRevisionRequest& request) {
  if (request.modules().empty()) return "the record names no modules";
  std::map<absl::string_view, absl::string_view> proved;
  for (const ModuleProof& module : request.payload().proof().modules()) {
    if (!proved.emplace(module.name(), module.digest()).second) {
      return absl::StrCat("it names ", module.name(), " twice");
    }
  }
  for (const release::v1::PayloadModule& module : request.modules()) {
    const auto found = proved.find(module.name());
    if (found == proved.end()) {
      return absl::StrCat("it does not name ", module.name());
    }
    if (found->second != module.digest()) {
      return absl::StrCat("it is of ", module.name(), " with digest ",
                          found->second, ", not ", module.digest());
    }
  }
  return "";
}

}  // namespace

std::string ProofRefusal(const release::v1::RecordRevisionRequest& request) {
  const Proof& proof = request.payload().proof();
  if (!proof.accepted()) {
    return proof.reason().empty() ? "no reason given" : proof.reason();
  }
  if (proof.kernel_release() != request.coordinates().kernel_release()) {
    return absl::StrCat("it is for kernel \"", proof.kernel_release(),
                        "\", not \"", request.coordinates().kernel_release(),
                        "\"");
  }
  std::string refusal = VerdictRefusal(proof);
  return refusal.empty() ? CoverageRefusal(request) : refusal;
}

}  // namespace gantry::service

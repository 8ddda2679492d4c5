#ifndef GANTRY_RELEASE_SERVICE_STORE_PROOF_CHECK_H_
#define GANTRY_RELEASE_SERVICE_STORE_PROOF_CHECK_H_

#include <string>

#include "proto/release_service.pb.h"

namespace gantry::service {

// Why the proof of a request does not show that the kernel of its coordinates
// accepts its modules, of which there must be at least one; empty: it does. The
// verdict of the proof is not trusted, but follows again from those of its
// modules and of the negative control.  A proof without a boot has only static
// verdicts.
std::string ProofRefusal(const release::v1::RecordRevisionRequest& request);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_PROOF_CHECK_H_

#ifndef GANTRY_BASE_MESSAGE_DIGEST_H_
#define GANTRY_BASE_MESSAGE_DIGEST_H_

#include <string>

#include "google/protobuf/message_lite.h"
#include "proto/recipe.pb.h"

namespace gantry {

// Equal for equal messages without unknown fields, as long as protobuf's
// version does not change.
std::string SerializeDeterministically(
    const google::protobuf::MessageLite& message);

// "sha256:<hex>" of these bytes.
std::string MessageDigest(const google::protobuf::MessageLite& message);

// What Recipe.digest must be.
std::string RecipeDigest(const release::v1::Recipe& recipe);

}  // namespace gantry

#endif  // GANTRY_BASE_MESSAGE_DIGEST_H_

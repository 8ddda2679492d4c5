#include "base/message_digest.h"

#include "base/digest.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace gantry {

std::string SerializeDeterministically(
    const google::protobuf::MessageLite& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

std::string MessageDigest(const google::protobuf::MessageLite& message) {
  return Sha256Digest(SerializeDeterministically(message));
}

std::string RecipeDigest(const release::v1::Recipe& recipe) {
  if (recipe.digest().empty()) return MessageDigest(recipe);
  release::v1::Recipe undigested = recipe;
  undigested.clear_digest();
  return MessageDigest(undigested);
}

}  // namespace gantry

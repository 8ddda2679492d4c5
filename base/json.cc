#include "base/json.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/type_resolver.h"
#include "google/protobuf/util/type_resolver_util.h"

namespace gantry {
namespace {

constexpr char kUrlPrefix[] = "type.googleapis.com";

// MessageToJsonString() leaves the order of map entries open; it is that of
// the serialized message, which can be had sorted.
std::string SerializeSorted(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream string_stream(&bytes);
    google::protobuf::io::CodedOutputStream stream(&string_stream);
    stream.SetSerializationDeterministic(true);
    message.SerializePartialToCodedStream(&stream);
  }
  return bytes;
}

}  // namespace

absl::Status ParseJson(absl::string_view text, absl::string_view name,
                       google::protobuf::Message& message) {
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(text.data(), text.size()), &message);
  if (status.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, ": ", std::string(status.message())));
}

std::string FormatJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  const std::unique_ptr<google::protobuf::util::TypeResolver> resolver(
      google::protobuf::util::NewTypeResolverForDescriptorPool(
          kUrlPrefix, message.GetDescriptor()->file()->pool()));
  std::string text;
  // Every valid message has a JSON form but for Any and out-of-range times,
  // which nothing here holds.
  (void)google::protobuf::util::BinaryToJsonString(
      resolver.get(),
      absl::StrCat(kUrlPrefix, "/", message.GetDescriptor()->full_name()),
      SerializeSorted(message), &text, options);
  return text;
}

}  // namespace gantry

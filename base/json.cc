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

// MessageToJsonString() prints map entries in an unspecified order.  This order
// is that of the serialized message, and serialization can sort.
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

// Only parsing refuses a string that is not UTF-8: the serializer keeps it, and
// the JSON printer silently drops the invalid bytes.
bool HasValidStrings(const google::protobuf::Message& message,
                     const std::string& serialized) {
  const std::unique_ptr<google::protobuf::Message> parsed(message.New());
  return parsed->ParsePartialFromString(serialized);
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

absl::StatusOr<std::string> FormatJson(const google::protobuf::Message& message,
                                       JsonFields fields) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = fields == JsonFields::kAll;
  options.preserve_proto_field_names = true;
  const std::unique_ptr<google::protobuf::util::TypeResolver> resolver(
      google::protobuf::util::NewTypeResolverForDescriptorPool(
          kUrlPrefix, message.GetDescriptor()->file()->pool()));
  const std::string& type = message.GetDescriptor()->full_name();
  const std::string serialized = SerializeSorted(message);
  if (!HasValidStrings(message, serialized)) {
    return absl::InvalidArgumentError(
        absl::StrCat(type, " has no JSON form: a string is not valid UTF-8"));
  }
  std::string text;
  const auto status = google::protobuf::util::BinaryToJsonString(
      resolver.get(), absl::StrCat(kUrlPrefix, "/", type), serialized, &text,
      options);
  if (!status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        type, " has no JSON form: ", std::string(status.message())));
  }
  return text;
}

}  // namespace gantry

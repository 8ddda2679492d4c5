#include "base/json_object.h"

namespace gantry {

using ::google::protobuf::ListValue;
using ::google::protobuf::Struct;
using ::google::protobuf::Value;

const Value* FindField(const Struct& object, const std::string& name) {
  const auto found = object.fields().find(name);
  return found == object.fields().end() ? nullptr : &found->second;
}

const Struct* FindObject(const Struct& object, const std::string& name) {
  const Value* const value = FindField(object, name);
  return value != nullptr && value->has_struct_value() ? &value->struct_value()
                                                       : nullptr;
}

const ListValue* FindArray(const Struct& object, const std::string& name) {
  const Value* const value = FindField(object, name);
  return value != nullptr && value->has_list_value() ? &value->list_value()
                                                     : nullptr;
}

absl::string_view GetString(const Struct& object, const std::string& name) {
  const Value* const value = FindField(object, name);
  // Of another kind: the default of string_value(), which is empty.
  return value == nullptr ? absl::string_view() : value->string_value();
}

}  // namespace gantry

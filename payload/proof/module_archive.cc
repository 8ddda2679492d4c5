#include "payload/proof/module_archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/modinfo.h"
#include "base/module_order.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "payload/proof/elf_module.h"

namespace gantry::proof {
namespace {

// Far above any module with debug info.
constexpr size_t kMaxModuleSize = size_t{1} << 30;
constexpr size_t kBlockSize = 1 << 16;

struct FreeArchive {
  void operator()(archive* a) const { archive_read_free(a); }
};
using ArchiveHandle = std::unique_ptr<archive, FreeArchive>;

absl::Status ArchiveError(archive* reader) {
  const char* const message = archive_error_string(reader);
  return absl::InvalidArgumentError(message != nullptr ? message
                                                       : "unreadable");
}

absl::StatusOr<std::string> ReadContent(archive* reader) {
  std::string content;
  const void* block = nullptr;
  size_t size = 0;
  la_int64_t offset = 0;
  int result;
  while ((result = archive_read_data_block(reader, &block, &size, &offset)) ==
         ARCHIVE_OK) {
    if (offset < 0 || static_cast<uint64_t>(offset) > kMaxModuleSize ||
        size > kMaxModuleSize - static_cast<size_t>(offset)) {
      return absl::InvalidArgumentError("too large for a module");
    }
    content.resize(static_cast<size_t>(offset));  // Holes of sparse files.
    content.append(static_cast<const char*>(block), size);
  }
  if (result != ARCHIVE_EOF) return ArchiveError(reader);
  return content;
}

// Content of the regular files of a tar whose path (without a leading "./")
// `wants` approves of.  The others are passed over without being read.
absl::StatusOr<std::map<std::string, std::string>> ReadTar(
    const std::string& path,
    const std::function<bool(const std::string&)>& wants) {
  const ArchiveHandle reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_filename(reader.get(), path.c_str(), kBlockSize) !=
      ARCHIVE_OK) {
    return Annotate(ArchiveError(reader.get()), path);
  }
  std::map<std::string, std::string> files;
  archive_entry* entry = nullptr;
  int result;
  while ((result = archive_read_next_header(reader.get(), &entry)) ==
         ARCHIVE_OK) {
    const char* const raw_name = archive_entry_pathname(entry);
    if (raw_name == nullptr || archive_entry_filetype(entry) != AE_IFREG ||
        archive_entry_hardlink(entry) != nullptr) {
      continue;
    }
    const std::string name(
        absl::StripPrefix(absl::string_view(raw_name), "./"));
    if (!wants(name)) continue;
    auto content = ReadContent(reader.get());
    if (!content.ok()) {
      return Annotate(content.status(), absl::StrCat(path, ": ", name));
    }
    // A hole at the end comes as no block.
    const la_int64_t size = archive_entry_size(entry);
    if (size < 0 || static_cast<uint64_t>(size) > kMaxModuleSize) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": ", name, ": too large for a module"));
    }
    content->resize(static_cast<size_t>(size));
    files[name] = *std::move(content);
  }
  if (result != ARCHIVE_EOF) return Annotate(ArchiveError(reader.get()), path);
  return files;
}

absl::StatusOr<std::string> Decompress(const std::string& compressed) {
  const ArchiveHandle reader(archive_read_new());
  archive_read_support_format_raw(reader.get());
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_filter_xz(reader.get());
  archive_read_support_filter_zstd(reader.get());
  archive_entry* entry = nullptr;
  if (archive_read_open_memory(reader.get(), compressed.data(),
                               compressed.size()) != ARCHIVE_OK ||
      archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK) {
    return ArchiveError(reader.get());
  }
  return ReadContent(reader.get());
}

// The kernel name of the module that an in-tree path holds; empty: none.
std::string InTreeModuleName(absl::string_view path,
                             absl::string_view kernel_release) {
  absl::ConsumePrefix(&path, "usr/");
  const size_t slash = path.find('/');
  if (!absl::StartsWith(path, "lib") || slash == path.npos) return "";
  path.remove_prefix(slash);
  if (!absl::ConsumePrefix(&path,
                           absl::StrCat("/modules/", kernel_release, "/"))) {
    return "";
  }
  for (const absl::string_view suffix : {".xz", ".zst", ".gz"}) {
    if (absl::ConsumeSuffix(&path, suffix)) break;
  }
  if (!absl::ConsumeSuffix(&path, ".ko")) return "";
  return KernelModuleName(path.substr(path.rfind('/') + 1));
}

}  // namespace

absl::StatusOr<std::vector<NamedModule>> ReadModuleTar(
    const std::string& path) {
  GANTRY_ASSIGN_OR_RETURN(
      auto files, ReadTar(path, [](const std::string& name) {
        return absl::EndsWith(name, ".ko") || name == "modules.order";
      }));
  const auto order = files.find("modules.order");
  if (order == files.end()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": no modules.order"));
  }
  const std::string names = std::move(order->second);
  files.erase(order);
  std::vector<NamedModule> modules;
  for (const absl::string_view name :
       absl::StrSplit(names, '\n', absl::SkipWhitespace())) {
    auto file = files.find(absl::StrCat(name, ".ko"));
    if (file == files.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ": modules.order names ", name, ", of which there is no file"));
    }
    modules.push_back({std::string(name), std::move(file->second)});
    files.erase(file);
  }
  if (!files.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": modules.order does not name ", files.begin()->first));
  }
  if (modules.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": no modules"));
  }
  return modules;
}

absl::StatusOr<std::vector<NamedModule>> ReadInTreeModules(
    const std::string& root_tar, const std::string& kernel_release,
    const std::set<std::string>& wanted) {
  std::map<std::string, NamedModule> modules;
  std::map<std::string, std::vector<std::string>> depends;
  // Module -> who wants it.  A pass over the tar for each step of depth.
  std::map<std::string, std::string> missing;
  for (const std::string& name : wanted) missing[name] = "a module under proof";
  while (!missing.empty()) {
    GANTRY_ASSIGN_OR_RETURN(
        const auto files, ReadTar(root_tar, [&](const std::string& path) {
          return missing.count(InTreeModuleName(path, kernel_release)) != 0;
        }));
    std::map<std::string, std::string> next;
    for (const auto& [path, content] : files) {
      const std::string name = InTreeModuleName(path, kernel_release);
      missing.erase(name);
      auto bytes = Decompress(content);
      if (!bytes.ok()) return Annotate(bytes.status(), path);
      const auto module = ParseElfModule(*bytes);
      if (!module.ok()) return Annotate(module.status(), path);
      depends[name] = module->modinfo.Depends();
      modules[name] = {name, *std::move(bytes)};
      for (const std::string& other : depends[name]) next[other] = name;
    }
    if (!missing.empty()) {
      return absl::NotFoundError(
          absl::StrCat(root_tar, ": kernel ", kernel_release, " has no module ",
                       missing.begin()->first, ", which ",
                       missing.begin()->second, " needs"));
    }
    for (const auto& [name, wanting] : next) {
      if (modules.count(name) == 0) missing[name] = wanting;
    }
  }
  GANTRY_ASSIGN_OR_RETURN(const std::vector<std::string> order,
                          OrderModules(depends, {}));
  std::vector<NamedModule> ordered;
  for (const std::string& name : order) {
    ordered.push_back(std::move(modules.at(name)));
  }
  return ordered;
}

}  // namespace gantry::proof

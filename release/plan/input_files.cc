#include "release/plan/input_files.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::RemoteFile;

constexpr char kSignatureSuffix[] = ".gantry-signature";

std::string FileName(absl::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  return absl::StrReplaceAll(
      url.substr(url.rfind('/') + 1),
      {{"%2b", "+"}, {"%2B", "+"}, {"%7e", "~"}, {"%7E", "~"}});
}

// Names by digest.
class Files {
 public:
  void Add(const RemoteFile& file) {
    const std::string name = FileName(file.url());
    names_.emplace(file.digest(), name);
    if (!file.signature_digest().empty()) {
      names_.emplace(file.signature_digest(),
                     absl::StrCat(name, kSignatureSuffix));
    }
  }

  std::vector<InputFile> Get() const {
    std::vector<InputFile> files;
    for (const auto& [digest, name] : names_) files.push_back({name, digest});
    return files;
  }

 private:
  std::map<std::string, std::string> names_;
};

}  // namespace

std::vector<InputFile> InputFilesOf(const matrix::v1::Lock& lock) {
  Files files;
  for (const auto& release : lock.releases()) {
    for (const RemoteFile& package : release.packages()) files.Add(package);
    if (release.has_developer_container()) {
      files.Add(release.developer_container());
    }
    if (release.has_kernel_image()) files.Add(release.kernel_image());
  }
  for (const auto& driver : lock.drivers()) {
    if (driver.has_source()) files.Add(driver.source());
    for (const RemoteFile& file : driver.userland_files()) files.Add(file);
  }
  for (const auto& toolkit : lock.cuda_toolkits()) {
    for (const RemoteFile& component : toolkit.components()) {
      files.Add(component);
    }
  }
  return files.Get();
}

}  // namespace gantry::plan

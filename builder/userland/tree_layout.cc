#include "builder/userland/tree_layout.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "base/relative_path.h"

namespace gantry::userland {
namespace {

// The first rule that matches a path applies.
struct Rule {
  // A path, and everything below it; if it ends in "*", all paths with this
  // prefix.
  absl::string_view from;
  // Replaces `from`; "" leaves the file out.
  absl::string_view to;
  int rank = 0;
};

// usr/lib64 stands for usr/lib/<architecture>-linux-gnu.
constexpr Rule kDebianCuda[] = {
    {"usr/lib64/libnvvm.so*", "nvvm/lib64/libnvvm.so"},
    {"usr/lib64/pkgconfig", ""},
    {"usr/lib64/cmake", ""},
    {"usr/lib64", "lib64"},
    {"usr/include/nvvm.h", "nvvm/include/nvvm.h"},
    {"usr/include", "include"},
    {"usr/lib/nvidia-cuda-toolkit/bin/cicc", "nvvm/bin/cicc"},
    {"usr/lib/nvidia-cuda-toolkit/bin/g++", ""},
    {"usr/lib/nvidia-cuda-toolkit/bin/gcc", ""},
    {"usr/lib/nvidia-cuda-toolkit/bin/nvcc.profile", ""},
    {"usr/lib/nvidia-cuda-toolkit/bin", "bin", 1},
    {"usr/lib/nvidia-cuda-toolkit/compute-sanitizer", "compute-sanitizer"},
    {"usr/lib/nvidia-cuda-toolkit/libdevice", "nvvm/libdevice"},
    // Links to the other directories, for programs that expect NVIDIA's layout.
    {"usr/lib/cuda", ""},
    {"usr/bin", "bin"},
};

constexpr Rule kDebianDriver[] = {
    {"usr/lib64/nvidia/current", "lib64"},
    {"usr/lib64", "lib64"},
    {"usr/lib/nvidia/current", "bin"},
    {"usr/bin", "bin"},
    {"usr/sbin", "bin"},
    {"usr/lib/firmware/nvidia", "lib/firmware/nvidia"},
};

constexpr Rule kDebianAny[] = {
    {"usr/share", ""},
    {"usr/src", ""},
    {"etc", ""},
    {"var", ""},
    {"usr/lib/modprobe.d", ""},
    {"usr/lib/systemd", ""},
    {"usr/lib/udev", ""},
};

// Paths below the top-level directory.
constexpr Rule kRedistCuda[] = {
    {"lib", "lib64"},
    {"pkg-config", ""},
};

constexpr Rule kRedistDriver[] = {
    {"lib/firmware/nvidia", "lib/firmware/nvidia"},
    {"lib", "lib64"},
    {"bin", "bin"},
    {"sbin", "bin"},
};

absl::optional<Destination> Apply(absl::Span<const Rule> rules,
                                  absl::string_view path) {
  for (const Rule& rule : rules) {
    absl::string_view rest = path;
    absl::string_view from = rule.from;
    const bool is_prefix = absl::ConsumeSuffix(&from, "*");
    if (!absl::ConsumePrefix(&rest, from)) continue;
    if (!is_prefix && !rest.empty() && rest[0] != '/') continue;
    return Destination{rule.to.empty() ? "" : absl::StrCat(rule.to, rest),
                       rule.rank};
  }
  return absl::nullopt;
}

// Maps Debian's merged directories, and the libraries' directories of all
// architectures, to one name each.
std::string NormalDebianPath(absl::string_view path) {
  std::string normal(path);
  for (const absl::string_view merged : {"bin", "lib", "sbin"}) {
    if (path == merged || absl::StartsWith(path, absl::StrCat(merged, "/"))) {
      normal = absl::StrCat("usr/", path);
    }
  }
  for (const absl::string_view architecture : {"aarch64", "x86_64"}) {
    const std::string directory =
        absl::StrCat("usr/lib/", architecture, "-linux-gnu");
    if (normal == directory || absl::StartsWith(normal, directory + "/")) {
      return "usr/lib64" + normal.substr(directory.size());
    }
  }
  return normal;
}

}  // namespace

absl::StatusOr<TreeLayout> ParseTreeLayout(absl::string_view name) {
  if (name == "cuda") return TreeLayout::kCuda;
  if (name == "driver") return TreeLayout::kDriver;
  return absl::InvalidArgumentError(
      absl::StrCat("layout \"", name, "\": must be cuda or driver"));
}

absl::StatusOr<Destination> DebianDestination(TreeLayout layout,
                                              absl::string_view path) {
  const std::string normal = NormalDebianPath(path);
  if (absl::StartsWith(normal, "usr/share/doc/") &&
      BaseName(normal) == "copyright") {
    return Destination{std::string(absl::StripPrefix(normal, "usr/"))};
  }
  // The manual page of nvidia-smi is next to the program.
  if (absl::EndsWith(normal, ".1.gz")) return Destination{};
  absl::optional<Destination> destination =
      Apply(layout == TreeLayout::kCuda ? absl::Span<const Rule>(kDebianCuda)
                                        : absl::Span<const Rule>(kDebianDriver),
            normal);
  if (!destination.has_value()) destination = Apply(kDebianAny, normal);
  if (destination.has_value()) return *destination;
  return absl::InvalidArgumentError(absl::StrCat("no layout rule for ", path));
}

absl::StatusOr<Destination> RedistDestination(TreeLayout layout,
                                              absl::string_view path) {
  const absl::string_view top = path.substr(0, path.find('/'));
  const absl::string_view rest =
      absl::StripPrefix(path.substr(top.size()), "/");
  const size_t platform = top.find("-linux-");
  absl::string_view version = top;
  if (platform == absl::string_view::npos ||
      !absl::ConsumeSuffix(&version, "-archive")) {
    return absl::InvalidArgumentError(absl::StrCat(
        path,
        " is not below <component>-linux-<architecture>-<version>-archive"));
  }
  version.remove_prefix(version.rfind('-') + 1);
  if (rest == "LICENSE" || rest == "LICENSE.txt") {
    return Destination{
        absl::StrCat("share/doc/", top.substr(0, platform), "/", rest)};
  }
  if (layout == TreeLayout::kCuda) {
    return Apply(kRedistCuda, rest).value_or(Destination{std::string(rest)});
  }
  const std::string firmware = absl::StrCat("lib/firmware/nvidia/", version);
  const Rule with_version[] = {{"firmware", firmware}};
  absl::optional<Destination> destination = Apply(with_version, rest);
  if (!destination.has_value()) destination = Apply(kRedistDriver, rest);
  return destination.value_or(Destination{});
}

}  // namespace gantry::userland

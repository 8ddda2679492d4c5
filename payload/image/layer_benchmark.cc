// Compares the time that a layer takes with that of command-line tools:
//
//   bazel run //payload/image:layer_benchmark -- --tree=/path/to.tar
//
// Without --tree, the content is 256 MB of synthetic data.  The tools are zstd
// and pigz (or gzip) at the same level, and sha256sum of the tar and of the
// blob.  Unlike ours, they do not compute the digests of the files.

#include <sys/resource.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/file.h"
#include "base/output_file.h"
#include "base/status_macros.h"
#include "base/subprocess.h"
#include "base/tar_header.h"
#include "base/temp_dir.h"
#include "payload/image/compressor.h"
#include "payload/image/layer_content.h"
#include "payload/image/layer_writer.h"
#include "proto/payload_manifest.pb.h"

ABSL_FLAG(std::string, tree, "", "uncompressed tar; default: synthetic data");
ABSL_FLAG(int, threads, 2, "number of compressing threads");
ABSL_FLAG(bool, gzip, true, "measure gzip too, which is slow");

namespace gantry::image {
namespace {

double CpuSeconds(int who) {
  rusage usage;
  getrusage(who, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

absl::Status Measure(const std::string& name,
                     const std::function<absl::Status()>& run) {
  const double cpu = CpuSeconds(RUSAGE_SELF) + CpuSeconds(RUSAGE_CHILDREN);
  const absl::Time start = absl::Now();
  GANTRY_RETURN_IF_ERROR(run());
  const double wall = absl::ToDoubleSeconds(absl::Now() - start);
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  std::printf("%-28s %8.2f s wall %8.2f s CPU   peak of this process %ld MB\n",
              name.c_str(), wall,
              CpuSeconds(RUSAGE_SELF) + CpuSeconds(RUSAGE_CHILDREN) - cpu,
              usage.ru_maxrss / 1024);
  std::fflush(stdout);
  return absl::OkStatus();
}

// One file, half of it random.
absl::Status WriteSyntheticTree(const std::string& path) {
  TarEntry entry;
  entry.path = "lib64/libsynthetic.so";
  entry.mode = 0644;
  entry.size = int64_t{256} << 20;
  std::string piece(1 << 20, 'x');
  std::mt19937_64 random(1);
  GANTRY_ASSIGN_OR_RETURN(OutputFile file, OutputFile::Create(path));
  GANTRY_RETURN_IF_ERROR(file.Append(TarHeader(entry)));
  for (int64_t i = 0; i < entry.size >> 20; ++i) {
    for (size_t at = 0; at < piece.size() / 2; at += 8) {
      const uint64_t value = random();
      std::memcpy(&piece[at], &value, sizeof(value));
    }
    GANTRY_RETURN_IF_ERROR(file.Append(piece));
  }
  GANTRY_RETURN_IF_ERROR(file.Append(TarEnd()));
  return file.Close();
}

absl::Status WriteOurs(const std::string& tree, Compression compression,
                       const std::string& output) {
  GANTRY_ASSIGN_OR_RETURN(const std::vector<LayerEntry> entries,
                          ReadTarContent(tree));
  LayerOptions options;
  options.prefix = "/payload/cuda/0";
  options.kind = payload::v1::COMPONENT_KIND_CUDA;
  options.compression = compression;
  options.threads = absl::GetFlag(FLAGS_threads);
  options.output = output;
  return WriteLayer(options, entries).status();
}

absl::Status RunTools(const std::string& tree,
                      const std::vector<std::string>& compress,
                      const std::string& output) {
  GANTRY_ASSIGN_OR_RETURN(OutputFile file, OutputFile::Create(output));
  SubprocessOptions options;
  options.argv = compress;
  options.argv.push_back(tree);
  absl::Status status;
  options.on_output = [&](absl::string_view piece) {
    if (status.ok()) status = file.Append(piece);
  };
  GANTRY_RETURN_IF_ERROR(RunSubprocess(options).status());
  GANTRY_RETURN_IF_ERROR(status);
  GANTRY_RETURN_IF_ERROR(file.Close());
  return RunCommand({"sha256sum", tree, output}).status();
}

absl::Status Run() {
  GANTRY_ASSIGN_OR_RETURN(const TempDir temp, TempDir::Create());
  std::string tree = absl::GetFlag(FLAGS_tree);
  if (tree.empty()) {
    tree = JoinPath(temp.path(), "tree.tar");
    GANTRY_RETURN_IF_ERROR(WriteSyntheticTree(tree));
  }
  const std::string output = JoinPath(temp.path(), "layer");
  const std::string threads = absl::StrCat(absl::GetFlag(FLAGS_threads));
  GANTRY_RETURN_IF_ERROR(Measure("zstd, ours", [&] {
    return WriteOurs(tree, Compression::kZstd, output);
  }));
  GANTRY_RETURN_IF_ERROR(Measure("zstd -T, sha256sum twice", [&] {
    return RunTools(tree, {"zstd", "-q", "-3", "-c", "-T" + threads}, output);
  }));
  if (!absl::GetFlag(FLAGS_gzip)) return absl::OkStatus();
  GANTRY_RETURN_IF_ERROR(Measure("gzip, ours", [&] {
    return WriteOurs(tree, Compression::kGzip, output);
  }));
  return Measure("pigz/gzip, sha256sum twice", [&] {
    const absl::Status with_pigz =
        RunTools(tree, {"pigz", "-6", "-c", "-p", threads}, output);
    if (!absl::IsNotFound(with_pigz)) return with_pigz;
    return RunTools(tree, {"gzip", "-6", "-c"}, output);
  });
}

}  // namespace
}  // namespace gantry::image

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Measures how long writing a layer takes.");
  absl::ParseCommandLine(argc, argv);
  const absl::Status status = gantry::image::Run();
  if (status.ok()) return 0;
  std::fprintf(stderr, "layer_benchmark: %s\n", status.ToString().c_str());
  return 1;
}

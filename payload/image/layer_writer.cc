#include "payload/image/layer_writer.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "base/digest.h"
#include "base/output_file.h"
#include "base/relative_path.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/tar_header.h"
#include "payload/image/chunk.h"
#include "payload/image/serial_thread.h"

namespace gantry::image {
namespace {

using payload::v1::FileEntry;
using payload::v1::LayerDescriptor;

// Of steps, each of which holds a chunk, that wait for a thread.
constexpr size_t kMaxWaiting = 8;

// Sends a tar through the pipeline:
//
//   this thread: reads files, fills chunks ──► threads of the compressor
//        │                                            │
//        │                                            └──► blob thread: digest
//        │                                                 of the blob, writing
//        └──► digest thread: diff ID, digests of the files
class LayerStream {
 public:
  LayerStream(const LayerOptions& options, OutputFile file)
      : file_(std::move(file)),
        digest_thread_(kMaxWaiting),
        blob_thread_(kMaxWaiting),
        compressor_(Compressor::Create(
            options.compression, options.threads,
            [this](std::string piece) { return AddToBlob(std::move(piece)); })),
        chunk_(std::make_shared<Chunk>()) {}

  // Adds bytes that are not the content of a file.
  absl::Status Add(absl::string_view data) {
    while (!data.empty()) {
      GANTRY_RETURN_IF_ERROR(MakeRoom());
      const size_t size = std::min(data.size(), chunk_->room());
      std::memcpy(chunk_->end(), data.data(), size);
      chunk_->Extend(size);
      data.remove_prefix(size);
    }
    return absl::OkStatus();
  }

  // Adds the content of a file.  Finish() sets `*digest`.
  absl::Status AddContent(const LayerEntry& entry, std::string* digest) {
    int64_t done = 0;
    do {
      GANTRY_RETURN_IF_ERROR(MakeRoom());
      const size_t size =
          std::min<int64_t>(entry.entry.size - done, chunk_->room());
      if (entry.file != nullptr) {
        GANTRY_RETURN_IF_ERROR(Annotate(
            entry.file->ReadAt(entry.offset + done, chunk_->end(), size),
            entry.entry.path));
      } else {
        std::memcpy(chunk_->end(), entry.content.data() + done, size);
      }
      done += size;
      spans_.push_back(
          {chunk_->size(), size, done == entry.entry.size ? digest : nullptr});
      chunk_->Extend(size);
    } while (done < entry.entry.size);
    return absl::OkStatus();
  }

  // Sets the digests and the size of the blob.
  absl::Status Finish(LayerDescriptor& descriptor) {
    GANTRY_RETURN_IF_ERROR(SendChunk());
    GANTRY_RETURN_IF_ERROR(compressor_->Finish());
    GANTRY_RETURN_IF_ERROR(digest_thread_.Finish());
    GANTRY_RETURN_IF_ERROR(blob_thread_.Finish());
    GANTRY_RETURN_IF_ERROR(file_.Close());
    descriptor.set_diff_id(diff_id_.Finish());
    descriptor.set_digest(blob_digest_.Finish());
    descriptor.set_size(blob_size_);
    return absl::OkStatus();
  }

 private:
  // A part of a chunk that belongs to one file.
  struct Span {
    size_t offset;
    size_t size;
    // Where to store the digest; null unless the file ends here.
    std::string* digest;
  };

  absl::Status MakeRoom() {
    if (chunk_->room() > 0) return absl::OkStatus();
    return SendChunk();
  }

  absl::Status SendChunk() {
    const std::shared_ptr<const Chunk> chunk =
        std::exchange(chunk_, std::make_shared<Chunk>());
    GANTRY_RETURN_IF_ERROR(
        digest_thread_.Add([this, chunk, spans = std::exchange(spans_, {})] {
          Digest(chunk->text(), spans);
          return absl::OkStatus();
        }));
    return compressor_->Add(chunk);
  }

  // Runs on the digest thread.
  void Digest(absl::string_view chunk, const std::vector<Span>& spans) {
    diff_id_.Update(chunk);
    for (const Span& span : spans) {
      if (!content_.has_value()) content_.emplace();
      content_->Update(chunk.substr(span.offset, span.size));
      if (span.digest == nullptr) continue;
      *span.digest = content_->Finish();
      content_.reset();
    }
  }

  absl::Status AddToBlob(std::string piece) {
    blob_size_ += piece.size();
    return blob_thread_.Add([this, piece = std::move(piece)] {
      blob_digest_.Update(piece);
      return file_.Append(piece);
    });
  }

  // Used only by the digest thread until it ends.
  Sha256 diff_id_;
  absl::optional<Sha256> content_;

  // Used only by the blob thread until it ends.
  Sha256 blob_digest_;
  OutputFile file_;

  SerialThread digest_thread_;
  SerialThread blob_thread_;

  const std::unique_ptr<Compressor> compressor_;
  int64_t blob_size_ = 0;

  // The chunk that is being filled, and the files in it.
  std::shared_ptr<Chunk> chunk_;
  std::vector<Span> spans_;
};

FileEntry DescribeEntry(const TarEntry& entry) {
  FileEntry file;
  file.set_path(entry.path);
  switch (entry.type) {
    case TarEntryType::kRegular:
      file.set_type(payload::v1::FILE_TYPE_REGULAR);
      file.set_mode(entry.mode);
      file.set_size(entry.size);
      break;
    case TarEntryType::kDirectory:
      file.set_type(payload::v1::FILE_TYPE_DIRECTORY);
      file.set_mode(entry.mode);
      break;
    case TarEntryType::kSymlink:
      file.set_type(payload::v1::FILE_TYPE_SYMLINK);
      file.set_link_target(entry.link_target);
      break;
  }
  return file;
}

// Returns `prefix` without its leading slash.  INVALID_ARGUMENT: it is not
// absolute and normalized.
absl::StatusOr<std::string> RootOf(absl::string_view prefix) {
  const absl::string_view root = prefix.substr(prefix.empty() ? 0 : 1);
  const absl::StatusOr<std::string> clean = CleanRelativePath(root);
  if (!absl::StartsWith(prefix, "/") || !clean.ok() || *clean != root ||
      root.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("prefix \"", prefix,
                     "\" is not an absolute directory like /payload/x"));
  }
  return *clean;
}

// The headers of `root` and the directories above it.
std::string DirectoryHeaders(absl::string_view root) {
  std::string headers;
  for (absl::string_view directory = root; !directory.empty();
       directory = ParentPath(directory)) {
    TarEntry entry;
    entry.path = std::string(directory);
    entry.type = TarEntryType::kDirectory;
    entry.mode = 0755;
    headers = TarHeader(entry) + headers;
  }
  return headers;
}

absl::Status AddEntry(LayerStream& stream, const std::string& root,
                      const LayerEntry& source, FileEntry& described) {
  TarEntry entry = source.entry;
  entry.path = absl::StrCat(root, "/", source.entry.path);
  if (entry.type == TarEntryType::kSymlink) entry.mode = 0777;
  GANTRY_RETURN_IF_ERROR(stream.Add(TarHeader(entry)));
  if (entry.type != TarEntryType::kRegular) return absl::OkStatus();
  GANTRY_RETURN_IF_ERROR(stream.AddContent(source, described.mutable_digest()));
  return stream.Add(TarPadding(entry.size));
}

}  // namespace

absl::StatusOr<LayerDescriptor> WriteLayer(
    const LayerOptions& options, const std::vector<LayerEntry>& entries) {
  GANTRY_ASSIGN_OR_RETURN(const std::string root, RootOf(options.prefix));
  LayerDescriptor descriptor;
  descriptor.set_media_type(std::string(LayerMediaType(options.compression)));
  payload::v1::Component component;
  component.set_kind(options.kind);
  component.set_source_path(options.prefix);
  for (const LayerEntry& entry : entries) {
    *component.add_files() = DescribeEntry(entry.entry);
  }

  GANTRY_ASSIGN_OR_RETURN(OutputFile file, OutputFile::Create(options.output));
  LayerStream stream(options, std::move(file));
  GANTRY_RETURN_IF_ERROR(stream.Add(DirectoryHeaders(root)));
  for (size_t i = 0; i < entries.size(); ++i) {
    GANTRY_RETURN_IF_ERROR(
        AddEntry(stream, root, entries[i], *component.mutable_files(i)));
  }
  GANTRY_RETURN_IF_ERROR(stream.Add(TarEnd()));
  GANTRY_RETURN_IF_ERROR(stream.Finish(descriptor));
  if (options.kind != payload::v1::COMPONENT_KIND_UNSPECIFIED) {
    *descriptor.mutable_component() = std::move(component);
  }
  return descriptor;
}

}  // namespace gantry::image

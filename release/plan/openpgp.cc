#include "release/plan/openpgp.h"

#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "release/plan/gpgv_status.h"

namespace gantry::plan {
namespace {

constexpr char kArmor[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
constexpr size_t kNameDigits = 16;

// True for a packet with tag 6 (public key), in the old or new header format
// (RFC 4880, sections 4.2 and 4.3).
bool StartsWithPublicKey(absl::string_view content) {
  if (content.empty()) return false;
  const int header = static_cast<unsigned char>(content[0]);
  return (header & 0xfc) == 0x98 || header == 0xc6;
}

// Runs gpg in an empty home directory.
absl::StatusOr<SubprocessResult> RunGpg(
    const std::vector<std::string>& arguments, const std::string& input = "") {
  GANTRY_ASSIGN_OR_RETURN(const TempDir home, TempDir::Create());
  SubprocessOptions gpg;
  gpg.argv = {"gpg",     "--batch",   "--no-options",
              "--quiet", "--homedir", home.path()};
  gpg.argv.insert(gpg.argv.end(), arguments.begin(), arguments.end());
  gpg.input = input;
  return RunSubprocess(gpg);
}

absl::StatusOr<std::string> Dearmor(const std::string& armored) {
  GANTRY_ASSIGN_OR_RETURN(SubprocessResult result,
                          RunGpg({"--dearmor"}, armored));
  if (result.exit_code != 0) {
    return absl::InvalidArgumentError("malformed armored OpenPGP keys");
  }
  return std::move(result.output);
}

}  // namespace

absl::StatusOr<std::string> StoreKeyring(const std::string& keys_path,
                                         const std::string& directory) {
  GANTRY_ASSIGN_OR_RETURN(std::string keys, ReadFile(keys_path));
  if (absl::StrContains(keys, kArmor)) {
    absl::StatusOr<std::string> binary = Dearmor(keys);
    if (!binary.ok()) return Annotate(binary.status(), keys_path);
    keys = *std::move(binary);
  }
  if (!StartsWithPublicKey(keys)) {
    return absl::InvalidArgumentError(
        absl::StrCat(keys_path, ": not a file of OpenPGP public keys"));
  }
  return StoreKeyringContent(keys, directory);
}

absl::StatusOr<std::string> StoreKeyringContent(absl::string_view content,
                                                const std::string& directory) {
  GANTRY_RETURN_IF_ERROR(CreateDirectories(directory));
  const std::string path = std::filesystem::absolute(JoinPath(
      directory,
      absl::StrCat(DigestHex(Sha256Digest(content)).substr(0, kNameDigits),
                   ".gpg")));
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(path, content));
  return path;
}

absl::Status VerifySignature(absl::string_view name, absl::string_view content,
                             absl::string_view signature,
                             const SigningKeys& keys) {
  GANTRY_ASSIGN_OR_RETURN(const TempDir directory, TempDir::Create());
  const std::string content_path = JoinPath(directory.path(), "content");
  const std::string signature_path = JoinPath(directory.path(), "content.sig");
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(content_path, content));
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(signature_path, signature));
  SubprocessOptions gpgv;
  gpgv.argv = {"gpgv",
               "--status-fd",
               "1",
               "--homedir",
               directory.path(),
               "--keyring",
               keys.keyring_path,
               signature_path,
               content_path};
  GANTRY_ASSIGN_OR_RETURN(const SubprocessResult result, RunSubprocess(gpgv));
  GANTRY_ASSIGN_OR_RETURN(
      const SubprocessResult listing,
      RunGpg({"--with-colons", "--show-keys", keys.keyring_path}));
  GANTRY_RETURN_IF_ERROR(Annotate(
      CheckGpgvStatus(result.output, listing.output, keys.fingerprints),
      absl::StrCat(name, ": signature refused")));
  // For example, if other data follows the signature.
  if (result.exit_code != 0) {
    return absl::DataLossError(absl::StrCat(
        name, ": signature refused: gpgv exited with ", result.exit_code));
  }
  return absl::OkStatus();
}

}  // namespace gantry::plan

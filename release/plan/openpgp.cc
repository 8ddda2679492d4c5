#include "release/plan/openpgp.h"

#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"

namespace gantry::plan {
namespace {

constexpr char kArmor[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
constexpr size_t kNameDigits = 16;

// RFC 4880, sections 4.2 and 4.3: a packet with tag 6, a public key, in the
// old or the new header format.
bool StartsWithPublicKey(absl::string_view content) {
  if (content.empty()) return false;
  const int header = static_cast<unsigned char>(content[0]);
  return (header & 0xfc) == 0x98 || header == 0xc6;
}

// What gpg and gpgv say last, without their name.
std::string LastLine(absl::string_view text) {
  const std::vector<absl::string_view> lines =
      absl::StrSplit(absl::StripAsciiWhitespace(text), '\n');
  absl::string_view line = lines.back();
  if (!absl::ConsumePrefix(&line, "gpgv: ")) {
    absl::ConsumePrefix(&line, "gpg: ");
  }
  return std::string(line);
}

absl::StatusOr<std::string> Dearmor(const std::string& armored) {
  GANTRY_ASSIGN_OR_RETURN(const TempDir home, TempDir::Create());
  SubprocessOptions gpg;
  gpg.argv = {"gpg",       "--batch",   "--no-options", "--quiet",
              "--homedir", home.path(), "--dearmor"};
  gpg.input = armored;
  GANTRY_ASSIGN_OR_RETURN(SubprocessResult result, RunSubprocess(gpg));
  if (result.exit_code != 0) {
    return absl::InvalidArgumentError(LastLine(result.error_output));
  }
  return std::move(result.output);
}

}  // namespace

absl::StatusOr<std::string> StoreKeyring(const std::string& keys_path,
                                         const std::string& folder) {
  GANTRY_ASSIGN_OR_RETURN(std::string keys, ReadFile(keys_path));
  if (absl::StrContains(keys, kArmor)) {
    GANTRY_ASSIGN_OR_RETURN(keys, Dearmor(keys));
  }
  if (!StartsWithPublicKey(keys)) {
    return absl::InvalidArgumentError(
        absl::StrCat(keys_path, ": not a file of OpenPGP public keys"));
  }
  GANTRY_RETURN_IF_ERROR(CreateDirectories(folder));
  const std::string path = std::filesystem::absolute(JoinPath(
      folder, absl::StrCat(DigestHex(Sha256Digest(keys)).substr(0, kNameDigits),
                           ".gpg")));
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(path, keys));
  return path;
}

absl::Status VerifySignature(absl::string_view name, absl::string_view content,
                             absl::string_view signature,
                             const std::string& keyring_path) {
  GANTRY_ASSIGN_OR_RETURN(const TempDir folder, TempDir::Create());
  const std::string content_path = JoinPath(folder.path(), "content");
  const std::string signature_path = JoinPath(folder.path(), "content.sig");
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(content_path, content));
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(signature_path, signature));
  SubprocessOptions gpgv;
  gpgv.argv = {"env",        "LC_ALL=C",     "gpgv",
               "--homedir",  folder.path(),  "--keyring",
               keyring_path, signature_path, content_path};
  GANTRY_ASSIGN_OR_RETURN(const SubprocessResult result, RunSubprocess(gpgv));
  if (result.exit_code != 0) {
    return absl::DataLossError(absl::StrCat(
        name, ": no good signature: ", LastLine(result.error_output)));
  }
  return absl::OkStatus();
}

}  // namespace gantry::plan

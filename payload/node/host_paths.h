#ifndef GANTRY_PAYLOAD_NODE_HOST_PATHS_H_
#define GANTRY_PAYLOAD_NODE_HOST_PATHS_H_

namespace gantry::node {

// Every name that the installer uses on a host.  Paths are relative to the
// host's root; names are of entries in such a directory.

// The directories that contain the installed versions, and in each the link to
// the version in use.
inline constexpr const char* kBases[] = {"opt/nvidia", "opt/cuda"};
inline constexpr char kCurrent[] = "current";

// The file in an installed directory that is written last and contains
// InstallTarget::digest.  No payload may contain a file with this name.
inline constexpr char kReceipt[] = ".gantry-receipt";

// The hidden directories beside the installed versions in which a version is
// staged, and to which a replaced version is moved.
inline constexpr const char* kStagingNames[] = {".gantry-staging",
                                                ".gantry-staging-2"};

// Our file for ldconfig(8).  No release of the installer changes its first
// line.
inline constexpr char kLdConfDirectory[] = "etc/ld.so.conf.d";
inline constexpr char kLdConfName[] = "gantry.conf";
inline constexpr char kLdConfContent[] =
    "# Written by Gantry's installer.\n"
    "/opt/nvidia/current/lib64\n"
    "/opt/cuda/current/lib64\n";

// The names of `current` and of kLdConfName until they are complete.  The
// second does not end in ".conf", so that ldconfig does not read it.
inline constexpr char kNewLink[] = ".gantry-current";
inline constexpr char kNewLdConf[] = ".gantry.conf.new";

// The file that an installer locks while it changes the host.
inline constexpr char kLockDirectory[] = "opt";
inline constexpr char kLockName[] = ".gantry.lock";

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_HOST_PATHS_H_

#include "payload/node/install_result.h"

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::node {
namespace {

InstallResult CudaResult() {
  InstallResult result;
  result.targets = {{"cuda", "/opt/cuda/12.4", true}};
  result.changed = true;
  result.bytes_copied = 1400;
  result.files_copied = 2;
  return result;
}

TEST(InstallResultTest, SummaryNamesThePathsAndWhatWasCopied) {
  InstallResult result = CudaResult();
  EXPECT_EQ(FormatSummary(result),
            "installed /opt/cuda/12.4: copied 2 files, 1.4 kB");
  result.targets.insert(result.targets.begin(),
                        {"nvidia", "/opt/nvidia/535/flatcar-1", false});
  result.changed = false;
  EXPECT_EQ(FormatSummary(result),
            "already installed: /opt/nvidia/535/flatcar-1 and /opt/cuda/12.4; "
            "nothing changed");
}

TEST(InstallResultTest, JsonHasAllMembersWhateverWasInstalled) {
  EXPECT_THAT(FormatResultAsJson(CudaResult()),
              IsOkAndHolds("{\n"
                           " \"bytes_copied\": 1400,\n"
                           " \"changed\": true,\n"
                           " \"cuda\": {\n"
                           "  \"changed\": true,\n"
                           "  \"path\": \"/opt/cuda/12.4\"\n"
                           " },\n"
                           " \"files_copied\": 2,\n"
                           " \"nvidia\": null\n"
                           "}\n"));
}

}  // namespace
}  // namespace gantry::node

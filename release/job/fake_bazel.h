#ifndef GANTRY_RELEASE_JOB_FAKE_BAZEL_H_
#define GANTRY_RELEASE_JOB_FAKE_BAZEL_H_

#include <map>
#include <string>
#include <vector>

namespace gantry::job {

// A program that takes Bazel's place in tests.  Without building anything, it
// writes the build events that the test asks for to the file of
// --build_event_binary_file.  Its exit code is 1 if any target fails, as
// Bazel's.
//
//   FakeBazel bazel(dir.path());
//   bazel.Builds("//:a", {{"image", "/x/a.image.textproto"}});
//   bazel.Fails("//:b", "CompileX", "b.c:1:2: error: no\n");
//   options.bazel = bazel.command();
class FakeBazel {
 public:
  // `directory` must exist.  It becomes the execution root, and holds the
  // program's files, whose names begin with "bazel".
  explicit FakeBazel(std::string directory);

  // For BazelBuildOptions::bazel.
  std::vector<std::string> command() const { return {program_}; }

  // Builds the target; `outputs` has a file for each output group.  Replaces
  // earlier calls for this label.
  void Builds(const std::string& label,
              const std::map<std::string, std::string>& outputs);

  // Fails in an action of the target's dependency "//:failing", whose standard
  // error is `log`.  Replaces earlier calls for this label.
  void Fails(const std::string& label, const std::string& mnemonic,
             const std::string& log);

  // Lets later calls take effect only with the next RunsFirst(): for many
  // targets, writing the events after each takes long.
  void Defer() { is_deferred_ = true; }

  // Shell commands to run before the events are written.  They may exit.
  void RunsFirst(const std::string& commands);

  // Shell commands to run after that.
  void RunsLast(const std::string& commands);

 private:
  struct Target {
    std::string events;  // Length-delimited.
    bool fails = false;
  };

  std::string PathOf(const std::string& suffix) const;
  void Write(const std::string& suffix, const std::string& content);
  void WriteProgram();

  const std::string directory_;
  const std::string program_;
  bool is_deferred_ = false;
  std::string commands_;
  std::string last_commands_;
  std::map<std::string, Target> targets_;  // By label.
};

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_FAKE_BAZEL_H_

#include "runtime/watch/file_watcher.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "tests/base/scratch.h"

namespace lorarun::watch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kLong_s = 30;  // a quiet that no slow machine outlasts

// Real files, and a clock that can be put forward.
class Desk {
 public:
  Desk() { save("r.lua", "one"); }

  std::string at(const std::string& name) const { return (scratch_ / name).string(); }
  void save(const std::string& name, const std::string& text) const {
    std::ofstream(at(name), std::ios::binary) << text;
  }
  FileWatcher watch(std::vector<std::string> names = {"r.lua"}, double quiet_s = 0.05,
                    bool notify = true) {
    for (std::string& name : names) { name = at(name); }
    return FileWatcher(names, {.quiet_s = quiet_s, .notify = notify, .now_s = [this] {
                                 return unix_now_s() + ahead_s_;
                               }});
  }
  void pass(double seconds) { ahead_s_ += seconds; }
  void shell(const std::string& line) const {
    ASSERT_EQ(std::system(("cd " + at("") + " && " + line).c_str()), 0) << line;
  }
  // What a caller learns that looks now and again after the quiet; names without folders.
  std::vector<std::string> settled(FileWatcher& watcher) {
    std::vector<std::string> names;
    for (int look = 0; look < 2; ++look) {
      for (const std::string& path : watcher.changed()) {
        names.push_back(fs::path(path).filename());
      }
      if (look == 0) { std::this_thread::sleep_for(std::chrono::milliseconds(80)); }
    }
    return names;
  }

 private:
  Scratch scratch_;
  double ahead_s_ = 0;
};

TEST(FileWatcher, ReportsAFileWrittenInPlaceOnce) {
  Desk desk;
  FileWatcher watcher = desk.watch();
  desk.save("r.lua", "two");
  EXPECT_THAT(desk.settled(watcher), ElementsAre("r.lua"));
  EXPECT_THAT(desk.settled(watcher), IsEmpty());
}

TEST(FileWatcher, SeesEverySaveThatRenamesAnotherFileOverTheFirst) {
  Desk desk;
  FileWatcher watcher = desk.watch();
  for (const char* text : {"two", "three", "four"}) {
    desk.save("r.lua.tmp", text);
    desk.shell("mv r.lua.tmp r.lua");
    EXPECT_THAT(desk.settled(watcher), ElementsAre("r.lua")) << text;
  }
}

TEST(FileWatcher, SeesWhatSedAndABackupCopyLeave) {
  Desk desk;
  FileWatcher watcher = desk.watch();
  desk.shell("sed -i s/one/two/ r.lua");
  EXPECT_THAT(desk.settled(watcher), ElementsAre("r.lua"));
  desk.shell("mv r.lua r.lua~ && printf three > r.lua");  // vim, backupcopy=no
  EXPECT_THAT(desk.settled(watcher), ElementsAre("r.lua"));
}

TEST(FileWatcher, WaitsUntilNothingHappenedForTheQuiet) {
  Desk desk;
  FileWatcher watcher = desk.watch({"r.lua"}, kLong_s);
  desk.save("r.lua", "two");
  EXPECT_THAT(watcher.changed(), IsEmpty());
  desk.pass(0.5 * kLong_s);
  EXPECT_THAT(watcher.changed(), IsEmpty());
  desk.pass(0.6 * kLong_s);
  EXPECT_THAT(watcher.changed(), ElementsAre(desk.at("r.lua")));
}

TEST(FileWatcher, IsQuietForTwoTenthsOfASecondUnlessToldOtherwise) {
  EXPECT_EQ(FileWatcherOptions{}.quiet_s, 0.2);
  EXPECT_EQ(FileWatcherOptions{}.poll_s, 2.0);
}

TEST(FileWatcher, GivesTwoQuickSavesAsOne) {
  Desk desk;
  FileWatcher watcher = desk.watch({"r.lua"}, kLong_s);
  desk.save("r.lua", "two");
  EXPECT_THAT(watcher.changed(), IsEmpty());
  desk.save("r.lua", "three");
  desk.pass(1.1 * kLong_s);
  EXPECT_THAT(watcher.changed(), ElementsAre(desk.at("r.lua")));
  desk.pass(1.1 * kLong_s);
  EXPECT_THAT(watcher.changed(), IsEmpty());
}

TEST(FileWatcher, CountsTheQuietFromTheSaveSoThatARareLookFindsItAtOnce) {
  Desk desk;
  FileWatcher watcher = desk.watch({"r.lua"}, kLong_s);
  desk.save("r.lua", "two");
  desk.pass(1.1 * kLong_s);
  EXPECT_THAT(watcher.changed(), ElementsAre(desk.at("r.lua")));
}

TEST(FileWatcher, TakesATouchAndASaveOfTheSameBytesForNothing) {
  Desk desk;
  FileWatcher watcher = desk.watch();
  desk.shell("touch r.lua");
  EXPECT_THAT(desk.settled(watcher), IsEmpty());
  desk.save("r.lua", "one");
  EXPECT_THAT(desk.settled(watcher), IsEmpty());
}

TEST(FileWatcher, ReportsBothHalvesOfASlowWrite) {
  Desk desk;
  FileWatcher watcher = desk.watch();
  desk.save("r.lua", "tw");
  EXPECT_THAT(desk.settled(watcher), ElementsAre("r.lua"));
  desk.shell("printf o >> r.lua");
  EXPECT_THAT(desk.settled(watcher), ElementsAre("r.lua"));
}

TEST(FileWatcher, ReportsADeletedFileOnceAndItsReturn) {
  Desk desk;
  FileWatcher watcher = desk.watch();
  desk.shell("rm r.lua");
  EXPECT_THAT(desk.settled(watcher), ElementsAre("r.lua"));
  EXPECT_THAT(desk.settled(watcher), IsEmpty());
  desk.save("r.lua", "one");
  EXPECT_THAT(desk.settled(watcher), ElementsAre("r.lua"));
}

TEST(FileWatcher, TakesADeleteThatIsUndoneWithinTheQuietForNothing) {
  Desk desk;
  FileWatcher watcher = desk.watch();
  desk.shell("rm r.lua && printf one > r.lua");
  EXPECT_THAT(desk.settled(watcher), IsEmpty());
}

TEST(FileWatcher, FollowsALinkToTheFileItStandsFor) {
  Desk desk;
  desk.shell("mkdir real && printf one > real/a.lua && printf other > real/b.lua");
  desk.shell("ln -s real/a.lua link.lua");
  FileWatcher watcher = desk.watch({"link.lua"});
  desk.shell("printf two > real/a.lua");
  EXPECT_THAT(desk.settled(watcher), ElementsAre("link.lua"));
  desk.shell("ln -sfn real/b.lua link.lua");
  EXPECT_THAT(desk.settled(watcher), ElementsAre("link.lua"));
  desk.shell("printf more > real/b.lua");
  EXPECT_THAT(desk.settled(watcher), ElementsAre("link.lua"));
}

TEST(FileWatcher, WatchesAFolderOnceHoweverManyPathsLeadThere) {
  Desk desk;
  desk.shell("mkdir real && printf one > real/a.lua && printf one > real/b.lua && ln -s real way");
  FileWatcher watcher = desk.watch({"real/a.lua", "way/b.lua"});
  desk.shell("printf two > real/a.lua && printf two > real/b.lua");
  EXPECT_THAT(desk.settled(watcher), ElementsAre("a.lua", "b.lua"));
}

TEST(FileWatcher, ComesBackToAFolderThatWasRemovedAndMadeAnew) {
  Desk desk;
  desk.shell("mkdir in && printf one > in/r.lua");
  FileWatcher watcher = desk.watch({"in/r.lua"});
  desk.shell("rm -r in");
  EXPECT_THAT(desk.settled(watcher), ElementsAre("r.lua"));
  desk.shell("mkdir in && printf two > in/r.lua");
  desk.pass(2.1);
  EXPECT_THAT(watcher.changed(), ElementsAre(desk.at("in/r.lua")));
  desk.shell("printf three > in/r.lua");
  EXPECT_THAT(desk.settled(watcher), ElementsAre("r.lua"));
}

TEST(FileWatcher, ComesBackToAFolderThatWasMovedAwayAndReplaced) {
  Desk desk;
  desk.shell("mkdir in && printf one > in/r.lua");
  FileWatcher watcher = desk.watch({"in/r.lua"});
  desk.shell("mv in old && mkdir in && printf two > in/r.lua");
  EXPECT_THAT(desk.settled(watcher), ElementsAre("r.lua"));
  desk.shell("printf three > in/r.lua");
  EXPECT_THAT(desk.settled(watcher), ElementsAre("r.lua"));
}

TEST(FileWatcher, FindsChangesByPollingWhereThereAreNoEvents) {
  Desk desk;
  FileWatcher watcher = desk.watch({"r.lua"}, 0.05, false);
  EXPECT_FALSE(watcher.notified());
  desk.save("r.lua", "other");
  EXPECT_THAT(desk.settled(watcher), IsEmpty());
  desk.pass(2.1);
  EXPECT_THAT(watcher.changed(), ElementsAre(desk.at("r.lua")));
}

TEST(FileWatcher, LooksAtEveryFileWhenTheQueueOfEventsRanOver) {
  Desk desk;
  desk.save("part.lua", "one");
  FileWatcher watcher = desk.watch({"r.lua", "part.lua"});
  for (int i = 0; i < 9000; ++i) {
    desk.save("noise-a", "");
    desk.save("noise-b", "");
  }
  desk.save("part.lua", "two");
  EXPECT_THAT(desk.settled(watcher), ElementsAre("part.lua"));
}

TEST(FileWatcher, KnowsOtherFilesAfterSet) {
  Desk desk;
  desk.save("part.lua", "one");
  FileWatcher watcher = desk.watch({"r.lua"});
  watcher.set({desk.at("r.lua"), desk.at("part.lua")});
  desk.save("part.lua", "two");
  EXPECT_THAT(desk.settled(watcher), ElementsAre("part.lua"));
  watcher.set({desk.at("r.lua")});
  desk.save("part.lua", "three");
  EXPECT_THAT(desk.settled(watcher), IsEmpty());
}

TEST(FileWatcher, LeavesOtherFilesOfTheFolderAlone) {
  Desk desk;
  FileWatcher watcher = desk.watch();
  desk.save("notes.txt", "x");
  desk.save("r.lua.swp", "x");
  EXPECT_THAT(desk.settled(watcher), IsEmpty());
}

TEST(FileWatcher, CostsMicrosecondsWhenNothingHappened) {
  Desk desk;
  FileWatcher watcher = desk.watch();
  const double start = steady_now_s();
  for (int i = 0; i < 10000; ++i) { watcher.changed(); }
  EXPECT_LT((steady_now_s() - start) / 10000, 20e-6);
}

}  // namespace
}  // namespace lorarun::watch

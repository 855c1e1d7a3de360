#include "runtime/train/run_files.h"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/base/scratch.h"

namespace lorarun::train {
namespace {

Json metric(int64_t step) {
  return {{"step", step}, {"epoch", 0}, {"loss", 0.1}, {"lr", {{"transformer", 1e-4}}}};
}

std::vector<std::string> lines_of(const fs::path& path) {
  std::istringstream text(read_text(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) { lines.push_back(line); }
  return lines;
}

TEST(RunFiles, MetricsAreInTheOrderOfTheContractAndInShortestForm) {
  const Scratch scratch;
  RunFiles(scratch.path(), 0).metrics(metric(1));
  EXPECT_EQ(
      lines_of(scratch / "metrics.jsonl"),
      (std::vector<std::string>{R"({"step":1,"epoch":0,"loss":0.1,"lr":{"transformer":0.0001}})"}));
}

TEST(RunFiles, AResumedRunHoldsEachStepOnceAndTheJournalKeepsTheOldTail) {
  const Scratch scratch;
  {
    RunFiles files(scratch.path(), 0);
    for (int64_t step = 1; step <= 4; ++step) { files.metrics(metric(step)); }
  }
  RunFiles files(scratch.path(), 2);
  files.journal({{"event", "resume"}, {"step", 2}, {"origin", "recipe"}});
  files.journal({{"event", "resume"}, {"step", 2}, {"origin", "recipe"}});
  files.metrics(metric(3));
  const auto metrics = lines_of(scratch / "metrics.jsonl");
  ASSERT_EQ(metrics.size(), 3U);
  EXPECT_EQ(Json::parse(metrics[2])["step"], 3);
  const auto journal = lines_of(scratch / "journal.jsonl");
  EXPECT_EQ(Json::parse(journal[0])["cut"], Json({metric(3), metric(4)}));
  EXPECT_FALSE(Json::parse(journal[1]).contains("cut"));
}

TEST(RunFiles, ATornLineIsDropped) {
  const Scratch scratch;
  RunFiles(scratch.path(), 0).metrics(metric(1));
  write_atomically(scratch / "metrics.jsonl",
                   read_text(scratch / "metrics.jsonl") + R"({"step":2,"lo)");
  RunFiles(scratch.path(), 5).metrics(metric(2));
  EXPECT_EQ(lines_of(scratch / "metrics.jsonl").size(), 2U);
}

TEST(RunFiles, AJournalLineBeginsWithTimeStepEventOrigin) {
  const Scratch scratch;
  RunFiles(scratch.path(), 0)
      .journal({{"event", "start"}, {"step", 0}, {"origin", "recipe"}, {"device", "cpu"}});
  const std::string line = lines_of(scratch / "journal.jsonl").at(0);
  EXPECT_TRUE(line.starts_with(R"({"time":")")) << line;
  EXPECT_TRUE(line.ends_with(R"("step":0,"event":"start","origin":"recipe","device":"cpu"})"))
      << line;
}

}  // namespace
}  // namespace lorarun::train

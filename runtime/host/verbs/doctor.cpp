// lorarun doctor: what was found on this machine, and what is wrong, in words.

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "runtime/base/files.h"
#include "runtime/base/json.h"
#include "runtime/base/worker_pool.h"
#include "runtime/host/card_findings.h"
#include "runtime/host/registry.h"
#include "runtime/host/share.h"
#include "runtime/policy/process.h"
#include "runtime/tensor/torch.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/headeronly/version.h>

namespace lorarun::host {

namespace {

constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;

// "MemAvailable" of /proc/meminfo in bytes.
int64_t available_memory_bytes() {
  std::ifstream file("/proc/meminfo");
  std::string key, unit;
  int64_t kilobytes = 0;
  while (file >> key >> kilobytes >> unit) {
    if (key == "MemAvailable:") { return kilobytes * 1024; }
  }
  return 0;
}

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::vector<std::string> attention_backends() {
  std::vector<std::string> names = {"math"};
  if (at::globalContext().userEnabledFlashSDP()) { names.push_back("flash"); }
  if (at::globalContext().userEnabledMemEfficientSDP()) { names.push_back("efficient"); }
  return names;
}

Json findings() {
  const char* library_path = std::getenv("LD_LIBRARY_PATH");
  Json found = find_cards();  // first: before anything else asks LibTorch about CUDA
  found.update({{"torch", TORCH_VERSION},
                {"attention", attention_backends()},
                {"cpu_capability", at::get_cpu_capability()},
                {"cores", core_count()},
                {"threads", at::get_num_threads()},
                {"memory_available_bytes", available_memory_bytes()},
                {"disk_free_bytes", free_disk_bytes(fs::current_path())},
                {"share", share_folder().string()},
                {"kernel", first_line("/proc/sys/kernel/osrelease")},
                {"ld_library_path", library_path ? library_path : ""},
                {"wall", policy::wall_report()}});
  return found;
}

// What is missing of the wall around recipes, with what that means.
void add_gaps_of_the_wall(const Json& wall, Json* wrong) {
  if (!wall["process"].get<bool>()) {
    wrong->push_back("recipes cannot run: " + wall["why_no_process"].get<std::string>());
    return;
  }
  const std::string hint = "; run recipes of strangers on another machine or in a container";
  if (!wall["seccomp"].get<bool>()) {
    wrong->push_back("no seccomp around recipes (" + wall.value("why_no_seccomp", "") + ")" + hint);
  }
  if (wall["landlock"] == 0) {
    wrong->push_back(
        "no Landlock around recipes (" + wall.value("why_no_landlock", "") +
        "); it is in kernels from 5.13 that were started with it" +
        (wall["seccomp"].get<bool>() ? "; seccomp alone keeps them from files" : hint));
  }
  if (!wall["limits"].get<bool>()) {
    wrong->push_back("a limit of the policy process was refused");
  }
}

// "process of its own, Landlock 7, seccomp, 256 MiB"
std::string words_of_the_wall(const Json& wall) {
  if (!wall["process"].get<bool>()) { return "none"; }
  std::string words = "process of its own";
  if (wall["landlock"] != 0) { words += ", Landlock " + wall["landlock"].dump(); }
  if (wall["seccomp"].get<bool>()) { words += ", seccomp"; }
  const auto megabytes = wall["memory_bytes"].get<uint64_t>() >> 20;
  return words + ", " + std::to_string(megabytes) + " MiB at most";
}

Json what_is_wrong(const Json& found) {
  Json wrong = Json::array();
  add_gaps_of_the_wall(found["wall"], &wrong);
  add_card_problems(found, &wrong);
  const std::string libraries = found["ld_library_path"];
  if (libraries.find("torch") != std::string::npos) {
    wrong.push_back(
        "LD_LIBRARY_PATH names a torch folder; another torch may shadow the right one: "
        "unset it");
  }
  if (found["memory_available_bytes"].get<int64_t>() < int64_t{2} << 30) {
    wrong.push_back("less than 2 GiB of memory are free: close other programs");
  }
  if (found["disk_free_bytes"].get<uint64_t>() < uint64_t{2} << 30) {
    wrong.push_back("less than 2 GiB are free on this disk: checkpoints may not fit");
  }
  return wrong;
}

void print(const Json& found) {
  const auto gib = [](const Json& bytes) { return bytes.get<double>() / kGiB; };
  std::string attention;
  for (const auto& name : found["attention"]) { attention += name.get<std::string>() + " "; }
  std::printf("torch       %s\n", found["torch"].get<std::string>().c_str());
  for (const auto& [label, text] : lines_of_cards(found)) {
    std::printf("%-11s %s\n", label.c_str(), text.c_str());
  }
  std::printf("attention   allowed: %s\n", attention.c_str());
  std::printf("CPU         %s, %d cores, %d threads\n",
              found["cpu_capability"].get<std::string>().c_str(), found["cores"].get<int>(),
              found["threads"].get<int>());
  std::printf("memory      %.1f GiB free\n", gib(found["memory_available_bytes"]));
  std::printf("disk        %.1f GiB free here\n", gib(found["disk_free_bytes"]));
  std::printf("policies    %s\n", words_of_the_wall(found["wall"]).c_str());
  std::printf("Lua files   %s\n", found["share"].get<std::string>().c_str());
  for (const auto& problem : found["wrong"]) {
    std::printf("wrong       %s\n", problem.get<std::string>().c_str());
  }
  if (found["wrong"].empty()) { std::printf("nothing is wrong\n"); }
}

int run(const std::vector<std::string>& arguments) {
  Json found = findings();
  found["wrong"] = what_is_wrong(found);
  if (!arguments.empty() && arguments[0] == "--json") {
    std::cout << found.dump(2) << std::endl;
  } else {
    print(found);
  }
  return 0;
}

}  // namespace

VerbKind describe_doctor() {
  return {"says what was found on this machine and what is wrong", "doctor [--json]", run};
}

}  // namespace lorarun::host

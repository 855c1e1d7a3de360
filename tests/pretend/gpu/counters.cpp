#include "tests/pretend/gpu/counters.h"

#include <ATen/record_function.h>
#include <c10/util/Exception.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "tests/kernels/simulated/cuda_runtime.h"
#include "tests/pretend/gpu/memory.h"

namespace pretend {
namespace {

using Json = nlohmann::json;

// Autograd launches backward's operations from a thread of its own: all is shared.
struct Counts {
  int64_t operations = 0, copies_in = 0, host_reads = 0;

  // with the kernels of the program itself
  int64_t launches() const { return operations + lorarun::simulated::launches; }
};

std::mutex mutex;
Counts now, at_step_begin;
int64_t launches_at_step_begin = 0;
std::map<std::string, int64_t> operations;
Json steps = Json::array();
int64_t peak_before_steps = 0;
std::atomic<int> depth_of_compute{0};

void begin_step() {
  const std::lock_guard<std::mutex> guard(mutex);
  at_step_begin = now;
  launches_at_step_begin = now.launches();
  peak_before_steps = std::max(peak_before_steps, memory().peak_bytes());
  memory().reset_peak();
}

// A step of a rehearsal launches nothing here.
void end_step() {
  const std::lock_guard<std::mutex> guard(mutex);
  if (now.launches() == launches_at_step_begin) { return; }
  steps.push_back({{"launches", now.launches() - launches_at_step_begin},
                   {"copies_in", now.copies_in - at_step_begin.copies_in},
                   {"host_reads", now.host_reads - at_step_begin.host_reads},
                   {"peak_bytes", memory().peak_bytes()}});
}

struct Ending : at::ObserverContext {
  explicit Ending(std::string n) : name(std::move(n)) {}
  std::string name;
};

std::unique_ptr<at::ObserverContext> begin_stretch(const at::RecordFunction& stretch) {
  const std::string name = stretch.name();
  if (name == "step") { begin_step(); }
  if (name == "compute") { ++depth_of_compute; }
  return std::make_unique<Ending>(name);
}

void end_stretch(const at::RecordFunction&, at::ObserverContext* context) {
  const std::string& name = static_cast<Ending*>(context)->name;
  if (name == "step") { end_step(); }
  if (name == "compute") { --depth_of_compute; }
}

// Watches from the library's load to the end of the process.
struct Observer {
  Observer() {
    at::addGlobalCallback(at::RecordFunctionCallback(begin_stretch, end_stretch)
                              .scopes({at::RecordScope::USER_SCOPE}));
  }
  ~Observer() {
    const char* file = std::getenv("PRETEND_REPORT");
    if (file == nullptr || now.launches() == 0) { return; }  // a program that used no card
    const int64_t peak = std::max(peak_before_steps, memory().peak_bytes());
    std::ofstream(file) << Json{{"steps", steps}, {"peak_bytes", peak}, {"operations", operations}};
  }
} observer;

}  // namespace

void count_launch(const std::string& operation) {
  const std::lock_guard<std::mutex> guard(mutex);
  ++now.operations;
  ++operations[operation];
}

void count_copy_in() {
  const std::lock_guard<std::mutex> guard(mutex);
  ++now.copies_in;
}

void count_host_read(const std::string& operation) {
  TORCH_CHECK(depth_of_compute == 0, operation, " reads the device inside compute: it would wait");
  const std::lock_guard<std::mutex> guard(mutex);
  ++now.host_reads;
}

}  // namespace pretend

#include "runtime/policy/serve.h"

#include <memory>

#include "runtime/policy/vm.h"
#include "runtime/policy/wire.h"

namespace lorarun::policy {

namespace {

class Server {
 public:
  explicit Server(const Json& wall_report) : wall_report_(wall_report) {}

  Json answer(const Json& request) {
    const std::string what = request.at("do");
    if (what == "report") { return wall_report_; }
    if (what == "open") { return open(request); }
    if (what == "decide") { return decide(request); }
    if (what == "rehearse") { return rehearse(request); }
    if (what == "migrate") { return {{"state", vm_->migrate(request["state"], request["from"])}}; }
    throw Error("the policy process was asked for '" + what + "'");
  }

 private:
  Json open(const Json& request) {
    VmLimits limits;
    limits.memory_bytes = request.at("memory_bytes");
    limits.instructions_to_load = request.at("instructions_to_load");
    limits.instructions_per_call = request.at("instructions_per_call");
    vm_ = std::make_unique<PolicyVm>(source_of(request.at("source")), limits);
    return {{"declaration", vm_->declaration()}};
  }

  Json decide(const Json& request) {
    Decision decision = vm_->decide(request["hook"], request["state"], request["run"]);
    return {{"answer", std::move(decision.answer)}, {"state", std::move(decision.state)}};
  }

  Json rehearse(const Json& request) {
    Rehearsal all = vm_->rehearse(request["hook"], request["state"], request["runs"]);
    Json answer = {{"answers", std::move(all.answers)}, {"state", std::move(all.state)}};
    if (all.failure) {
      answer["failure"] = {{"index", all.failure->index}, {"error", to_json(all.failure->error)}};
    }
    return answer;
  }

  Json wall_report_;
  std::unique_ptr<PolicyVm> vm_;
};

// The answer as one line.  Throws Error when it is too long or holds bytes that are no text.
std::string to_text(const Json& answer, size_t most_bytes) {
  std::string text;
  try {
    text = answer.dump();
  } catch (const Json::exception&) {
    throw Error("the answer holds a text that is not UTF-8").fix("keep plain texts");
  }
  if (text.size() <= most_bytes) { return text; }
  throw Error("the answer is " + std::to_string(text.size()) + " bytes long")
      .fix("answer and state may have " + std::to_string(most_bytes) + " bytes");
}

size_t most_bytes(const Json& request) {
  return request.at("do") == "rehearse" ? kLargestRehearsal : kLargestAnswer;
}

std::string answer_text(Server* server, const std::string& request_text) {
  try {
    const Json request = Json::parse(request_text);
    return to_text(server->answer(request), most_bytes(request));
  } catch (const Error& error) { return Json({{"error", to_json(error)}}).dump(); }
}

}  // namespace

void serve(int socket, const Json& wall_report) {
  Server server(wall_report);
  std::string request;
  while (receive_frame(socket, kLargestRequest, kNoDeadline, &request) == Wire::whole) {
    std::string answer;
    try {
      answer = answer_text(&server, request);
    } catch (const std::bad_alloc&) {
      answer = R"({"error":{"what":"out of memory"},"fatal":true})";
    }
    if (send_frame(socket, answer, kNoDeadline) != Wire::whole) { return; }
  }
}

}  // namespace lorarun::policy

// Sources for the tests of the room: the real sandbox around a text.

#pragma once

#include "runtime/base/files.h"
#include "runtime/policy/policy.h"

namespace lorarun::policy {

inline Source source(const std::string& text) {
  Source made;
  made.text = text;
  made.name = "r.lua";
  made.sandbox = read_text(LORARUN_SOURCE_DIR "/lua/lorarun/sandbox.lua");
  made.constructors = {"flux", "lora", "adamw", "images"};
  return made;
}

// A recipe whose on.step has this body.
inline std::string with_step(const std::string& body) {
  return "return recipe { on = { step = function(state, run)\n" + body + "\nend } }";
}

// For tests that measure what a sanitizer changes: memory, time, signals, system calls.
#if defined(__SANITIZE_ADDRESS__)
#define LR_SKIP_UNDER_SANITIZER() GTEST_SKIP() << "a sanitizer changes what is measured"
#else
#define LR_SKIP_UNDER_SANITIZER() static_cast<void>(0)
#endif

inline const Json kEmpty = Json::object();

}  // namespace lorarun::policy

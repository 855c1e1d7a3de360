// lorarun convert IN OUT --to peft|kohya|comfy [--dtype D]: another program's names
// for the same network.

#include <iostream>

#include "runtime/base/files.h"
#include "runtime/host/arguments.h"
#include "runtime/host/registry.h"
#include "runtime/networks/lora_file.h"
#include "runtime/tensor/tensor.h"

namespace lorarun::host {

namespace {

const std::vector<std::string> kDialects = {"comfy", "kohya", "peft"};

std::string check_dialect(const std::string& dialect) {
  for (const std::string& known : kDialects) {
    if (known == dialect) { return dialect; }
  }
  throw Error("no dialect named '" + dialect + "'")
      .where("the command line, --to")
      .fix(dialect, kDialects, "dialects");
}

int run(const std::vector<std::string>& words) {
  const Arguments arguments(words, {}, {"--to", "--dtype"});
  if (arguments.plain().size() != 2 || !arguments.has("--to")) {
    throw Error("convert needs two files and --to")
        .where("the command line")
        .fix("lorarun convert IN OUT --to kohya");
  }
  const std::string dialect = check_dialect(arguments.value("--to", ""));
  std::optional<at::ScalarType> dtype;
  if (arguments.has("--dtype")) { dtype = dtype_from_name(arguments.value("--dtype", "")); }
  const networks::LoraFile file = networks::read_lora_file(arguments.plain()[0]);
  networks::write_lora_file(arguments.plain()[1], file, dialect, dtype);
  std::cout << file.entries.size() << " modules: " << file.dialect << " -> " << dialect << ", "
            << arguments.plain()[1] << std::endl;
  return 0;
}

}  // namespace

VerbKind describe_convert() {
  return {"writes a LoRA file in another program's names",
          "convert IN OUT --to peft|kohya|comfy [--dtype D]", run};
}

}  // namespace lorarun::host

// lorarun: the program.  Everything it can do is a recipe, a verb or a script
// (command_line.h).

#include <string>

#include "kernels/cuda_loader.h"
#include "runtime/host/command_line.h"
#include "runtime/host/signals.h"

int main(int count, char** words) {
  lorarun::host::stand_alone();
  std::string why_not;
  lorarun::load_cuda_plugin(why_not);  // before any tensor exists; `lorarun doctor` says why not
  return lorarun::host::run_program({words + 1, words + count});
}

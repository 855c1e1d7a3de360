// lorarun: the program.  Everything it can do is a recipe, a verb or a script
// (command_line.h).

#include "runtime/host/command_line.h"
#include "runtime/host/signals.h"

int main(int count, char** words) {
  lorarun::host::stand_alone();
  return lorarun::host::run_program({words + 1, words + count});
}

// What a Lua state of the program holds: the global table `lorarun`.
//
// Each wrap file has one open_*() that registers its class and adds its module
// to the table on top of the stack.

#pragma once

#include "runtime/script/lua.h"

namespace lorarun::script {}

namespace lorarun::bind {

using namespace script;  // call, check, push, guarded: the room below

void open_tensor(lua_State* L);      // lorarun.tensor, grad, no_grad, memory, scope, keep
void open_device(lua_State* L);      // lorarun.device
void open_kinds(lua_State* L);       // lorarun.kinds
void open_image(lua_State* L);       // lorarun.image
void open_model(lua_State* L);       // lorarun.model, Model, Text
void open_network(lua_State* L);     // lorarun.network, Network
void open_optimizer(lua_State* L);   // lorarun.optimizer, Optimizer
void open_loader(lua_State* L);      // lorarun.data, Dataset, Cache, Loader, Batch
void open_trainer(lua_State* L);     // lorarun.trainer, Trainer
void open_checkpoint(lua_State* L);  // lorarun.checkpoint
void open_render(lua_State* L);      // lorarun.render
void open_memory(lua_State* L);      // lorarun.imagined, lorarun.device_memory
void open_run_files(lua_State* L);   // lorarun.run_files, RunFiles
void open_tokenizer(lua_State* L);   // lorarun.tokenizer, Tokenizer

// Makes the table `lorarun` with everything that is bound, and sets the global.
void open_all(lua_State* L);

// lorarun.bound_names() -> {"tensor.zeros", "Tensor:add", …}: what the meta files must describe.
int bound_names(lua_State* L);

}  // namespace lorarun::bind

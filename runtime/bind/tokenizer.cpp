// lorarun.tokenizer and the class Tokenizer: vocabularies made from sentences, and their ids.

#include "runtime/text/tokenizer.h"

#include "runtime/bind/box.h"
#include "runtime/bind/open.h"
#include "runtime/script/guard.h"
#include "runtime/script/options.h"
#include "runtime/script/values.h"
#include "runtime/text/train_bpe.h"
#include "runtime/text/train_sentencepiece.h"

namespace lorarun::bind {

template <>
inline constexpr const char* kClass<Tokenizer> = "Tokenizer";

namespace {

// train_clip(sentences, size, folder) -> tokens of the vocabulary
int train_clip(lua_State* L) {
  const auto size = static_cast<int>(luaL_checkinteger(L, 2));
  lua_pushinteger(L, train_clip_bpe(check_strings(L, 1), size, check_string(L, 3)));
  return 1;
}

// train_t5(sentences, size, folder [, {max_length, fold_case}]) -> pieces of the vocabulary
int train_t5(lua_State* L) {
  const Options options(L, 4, {"max_length", "fold_case"});
  SentencePieceOptions train;
  train.max_length = options.integer("max_length", train.max_length);
  train.fold_case = options.flag("fold_case", train.fold_case);
  const auto size = static_cast<int>(luaL_checkinteger(L, 2));
  lua_pushinteger(L, train_sentencepiece(check_strings(L, 1), size, check_string(L, 3), train));
  return 1;
}

// open_clip(folder) -> Tokenizer
int open_clip(lua_State* L) {
  return push_handle(L, std::shared_ptr<Tokenizer>(open_clip_tokenizer(check_string(L, 1))));
}

// open_t5(folder) -> Tokenizer
int open_t5(lua_State* L) {
  return push_handle(L, std::shared_ptr<Tokenizer>(open_t5_tokenizer(check_string(L, 1))));
}

// tokenizer:encode(text) -> {id, …} with the special tokens
int encode(lua_State* L) {
  const std::vector<int64_t> ids = check<Tokenizer>(L, 1).encode(check_string(L, 2));
  lua_createtable(L, static_cast<int>(ids.size()), 0);
  for (size_t i = 0; i < ids.size(); ++i) {
    lua_pushnumber(L, static_cast<double>(ids[i]));
    lua_rawseti(L, -2, static_cast<int>(i + 1));
  }
  return 1;
}

// tokenizer:decode({id, …}) -> text
int decode(lua_State* L) {
  push_string(L, check<Tokenizer>(L, 1).decode(check_integers(L, 2)));
  return 1;
}

// tokenizer:size() -> ids are below this
int size(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(check<Tokenizer>(L, 1).vocab_size()));
  return 1;
}

const luaL_Reg functions[] = {{"train_clip", guarded<train_clip>},
                              {"train_t5", guarded<train_t5>},
                              {"open_clip", guarded<open_clip>},
                              {"open_t5", guarded<open_t5>},
                              {nullptr, nullptr}};

const luaL_Reg methods[] = {{"encode", guarded<encode>},
                            {"decode", guarded<decode>},
                            {"size", guarded<size>},
                            {"free", guarded<free_handle<Tokenizer>>},
                            {nullptr, nullptr}};

}  // namespace

void open_tokenizer(lua_State* L) {
  open_class<Tokenizer>(L, methods);
  add_module(L, "tokenizer", functions);
}

}  // namespace lorarun::bind

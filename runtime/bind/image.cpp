// lorarun.image: pictures on disk <-> tensors [3, H, W] in [0, 1].

#include "runtime/io/image.h"

#include "runtime/bind/box.h"
#include "runtime/bind/image_tensor.h"
#include "runtime/bind/open.h"
#include "runtime/io/contact_sheet.h"
#include "runtime/script/guard.h"
#include "runtime/script/options.h"
#include "runtime/script/values.h"

namespace lorarun::bind {

namespace {

// load(path) -> tensor
int load(lua_State* L) {
  return push_tensor(L, tensor_of_image(load_image(check_string(L, 1))));
}

// save(path, tensor [, {parameters = text, …}]): PNG with text chunks
int save(lua_State* L) {
  std::map<std::string, std::string> text;
  if (!lua_isnoneornil(L, 3)) {
    text = to_json(L, 3, "text").get<std::map<std::string, std::string>>();
  }
  save_png(check_string(L, 1), image_of_tensor(check_tensor(L, 2)), text);
  return 0;
}

// info(path) -> {width, height, format}
int info(lua_State* L) {
  const ImageInfo found = probe_image(check_string(L, 1));
  push_json(L, {{"width", found.width}, {"height", found.height}, {"format", found.format}});
  return 1;
}

// sheet({tensors}, columns [, {title, captions, columns, rows, cell}]) -> tensor
int sheet(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  const Options options(L, 3,
                        {"title", "captions", "column_labels", "row_labels", "cell", "text_scale"});
  const std::vector<std::string> captions = options.texts("captions");
  std::vector<SheetCell> cells;
  for (size_t i = 1; i <= lua_objlen(L, 1); ++i) {
    lua_rawgeti(L, 1, static_cast<int>(i));
    cells.push_back({image_of_tensor(check_tensor(L, lua_gettop(L))),
                     i <= captions.size() ? captions[i - 1] : ""});
    lua_pop(L, 1);
  }
  SheetOptions look;
  look.title = options.text("title", "");
  look.column_labels = options.texts("column_labels");
  look.row_labels = options.texts("row_labels");
  look.max_cell_px = static_cast<int>(options.integer("cell", look.max_cell_px));
  look.text_scale = static_cast<int>(options.integer("text_scale", look.text_scale));
  const Image drawn = contact_sheet(cells, static_cast<int>(luaL_checkinteger(L, 2)), look);
  return push_tensor(L, tensor_of_image(drawn));
}

const luaL_Reg functions[] = {{"load", guarded<load>},
                              {"save", guarded<save>},
                              {"info", guarded<info>},
                              {"sheet", guarded<sheet>},
                              {nullptr, nullptr}};

}  // namespace

void open_image(lua_State* L) {
  add_module(L, "image", functions);
}

}  // namespace lorarun::bind

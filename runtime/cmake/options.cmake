# Language level, warnings, sanitizers, caches and linker: the same for every room.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# -fPIC by hand and not CMAKE_POSITION_INDEPENDENT_CODE, which gives programs -fPIE: they could not
# share the rooms' precompiled header.
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fPIC>)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")  # -O3 costs build time; the heavy arithmetic is LibTorch's

find_program(CCACHE ccache)
if(CCACHE)
  # the sloppiness lets ccache keep objects that use a precompiled header
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()
find_program(MOLD ld.mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Warnings by name, so that a new compiler adds none unasked.
add_library(lr_warnings INTERFACE)
target_compile_options(lr_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wno-unused-parameter
  -Wno-missing-field-initializers>)
if(LORARUN_WERROR)
  target_compile_options(lr_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
# FP contraction would let the compiler fuse a*b+c differently per build: keyed numbers must not move.
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off>)

if(LORARUN_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=address,undefined)
endif()

# Libraries from the system's packages; those without a CMake package come by pkg-config.
find_package(Threads REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(CLI11 REQUIRED)
find_package(GTest REQUIRED)
find_package(PkgConfig REQUIRED)

function(lorarun_pkg target)
  pkg_check_modules(${target} REQUIRED IMPORTED_TARGET ${ARGN})
  add_library(lr_${target} INTERFACE)
  target_link_libraries(lr_${target} INTERFACE PkgConfig::${target})
endfunction()
lorarun_pkg(webp libwebp)
lorarun_pkg(lcms2 lcms2)
lorarun_pkg(utf8proc libutf8proc)
lorarun_pkg(luajit luajit)
lorarun_pkg(sentencepiece sentencepiece)
lorarun_pkg(edit libedit)

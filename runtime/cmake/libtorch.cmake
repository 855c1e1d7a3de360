# LibTorch out of the PyPI torch wheel (2.11.0), without find_package(Torch):
# that would turn CUDA architectures off, demand a CUDA toolkit and add flags of its own.
#
#   lr_torch       headers + libtorch_cpu + libc10: what the program links.  It opens libtorch_cuda
#                  itself, where a driver is (kernels/cuda_loader.h)
#
# The folder comes from LORARUN_TORCH_DIR (CMake or environment: the one that holds version.py);
# the ./lorarun wrapper sets it.

set(LORARUN_TORCH_VERSION 2.11.0)
set(LORARUN_TORCH_DIR "$ENV{LORARUN_TORCH_DIR}" CACHE PATH "the folder of the torch wheel that holds version.py")

if(LORARUN_TORCH_ROOMS OR LORARUN_CUDA)
  if(NOT EXISTS ${LORARUN_TORCH_DIR}/version.py)
    execute_process(COMMAND python3 -c "import importlib.util as u;s=u.find_spec('torch');print(s.submodule_search_locations[0] if s else '')"
                    OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    set(LORARUN_TORCH_DIR "${found}" CACHE PATH "the folder of the torch wheel that holds version.py" FORCE)
  endif()
  if(NOT EXISTS ${LORARUN_TORCH_DIR}/version.py)
    message(FATAL_ERROR "LibTorch was not found.\n fix: run ./lorarun doctor, which installs torch ${LORARUN_TORCH_VERSION}, "
                        "or pass -DLORARUN_TORCH_DIR=<folder of the torch wheel>")
  endif()
  file(STRINGS ${LORARUN_TORCH_DIR}/version.py line REGEX "^__version__")
  if(NOT line MATCHES "${LORARUN_TORCH_VERSION}")
    message(FATAL_ERROR "${LORARUN_TORCH_DIR} has ${line}; lorarun needs torch ${LORARUN_TORCH_VERSION}, because LibTorch's ABI changes with every version")
  endif()
  message(STATUS "LibTorch: ${LORARUN_TORCH_DIR}")

  cmake_path(GET LORARUN_TORCH_DIR PARENT_PATH site)
  # every folder that may hold a library the wheel needs: its own, its sisters', the CUDA toolkit's
  file(GLOB nvidia_libs ${site}/nvidia/*/lib)
  set(LORARUN_TORCH_RPATH ${LORARUN_TORCH_DIR}/lib ${nvidia_libs})
  foreach(folder /usr/local/cuda/lib64)
    if(EXISTS ${folder})
      list(APPEND LORARUN_TORCH_RPATH ${folder})
    endif()
  endforeach()

  add_library(lr_torch INTERFACE)
  # -idirafter: the wheel ships fmt 12 headers, which must not shadow the system's fmt that spdlog needs
  target_compile_options(lr_torch INTERFACE
    "SHELL:-idirafter '${LORARUN_TORCH_DIR}/include'" "SHELL:-idirafter '${LORARUN_TORCH_DIR}/include/torch/csrc/api/include'")
  target_compile_definitions(lr_torch INTERFACE _GLIBCXX_USE_CXX11_ABI=1 AT_PER_OPERATOR_HEADERS)
  target_link_libraries(lr_torch INTERFACE ${LORARUN_TORCH_DIR}/lib/libtorch_cpu.so ${LORARUN_TORCH_DIR}/lib/libc10.so)
  foreach(folder ${LORARUN_TORCH_RPATH})
    # old-style RPATH: it is inherited by the libraries of the libraries
    target_link_options(lr_torch INTERFACE "-Wl,--disable-new-dtags" "-Wl,-rpath,${folder}" "-Wl,-rpath-link,${folder}")
  endforeach()
endif()

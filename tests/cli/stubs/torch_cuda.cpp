// A libtorch_cuda.so that only tells that it was loaded: it writes the file STUB_TORCH_CUDA_MARK.

#include <cstdlib>
#include <fstream>

namespace {

[[maybe_unused]] const bool is_marked = [] {
  const char* path = std::getenv("STUB_TORCH_CUDA_MARK");
  if (path != nullptr) { std::ofstream(path) << "loaded\n"; }
  return path != nullptr;
}();

}  // namespace

// The library that the lacking one cannot find.
extern "C" int stub_of_a_library_beside_the_driver();

extern "C" __attribute__((visibility("default"))) int stub_torch_cuda() {
#ifdef LACKING
  return stub_of_a_library_beside_the_driver();
#else
  return 0;
#endif
}

// A library that LibTorch's CUDA half needs, built where nothing looks for it.

extern "C" int stub_of_a_library_beside_the_driver() {
  return 0;
}

#include "runtime/io/blob_cache.h"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include "tests/io/places.h"

namespace lorarun {
namespace {

using testing::HasSubstr;

TEST(BlobCache, KeepsABlobUnderTwoLettersOfItsKey) {
  const Scratch scratch;
  const BlobCache cache(scratch.path(), ".bin");
  const std::string key = BlobCache::key_of({"picture", "512x768"});
  EXPECT_FALSE(cache.has(key));
  cache.put(key, "latents");
  EXPECT_TRUE(cache.has(key));
  EXPECT_EQ(cache.get(key), "latents");
  EXPECT_EQ(cache.path_of(key), scratch.path() / key.substr(0, 2) / (key.substr(2) + ".bin"));
}

TEST(BlobCache, KeysDependOnWhereThePartsEnd) {
  EXPECT_NE(BlobCache::key_of({"ab", "c"}), BlobCache::key_of({"a", "bc"}));
  EXPECT_EQ(BlobCache::key_of({"a"}), BlobCache::key_of({"a"}));
}

TEST(BlobCache, AFailedWriterLeavesNothing) {
  const Scratch scratch;
  const BlobCache cache(scratch.path());
  const std::string key = BlobCache::key_of({"x"});
  const auto half = [](const fs::path& temporary) {
    write_atomically(temporary, "half");
    throw Error("the encoder failed");
  };
  EXPECT_THAT(error_of([&] { cache.put(key, half); }), HasSubstr("the encoder failed"));
  EXPECT_FALSE(cache.has(key));
  EXPECT_TRUE(fs::is_empty(cache.path_of(key).parent_path()));
}

TEST(BlobCache, TwoProcessesMayFillIt) {
  const Scratch scratch;
  const BlobCache cache(scratch.path());
  const auto fill = [&] {
    for (int i = 0; i < 50; ++i) {
      cache.put(BlobCache::key_of({std::to_string(i)}), std::string(1000, 'x'));
    }
  };
  const pid_t child = ::fork();
  if (child == 0) {
    fill();
    ::_exit(0);
  }
  fill();
  int status = 1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(scratch.path())) {
    if (entry.is_regular_file()) {
      EXPECT_EQ(entry.file_size(), 1000u);
      ++files;
    }
  }
  EXPECT_EQ(files, 50);
}

TEST(BlobCache, RefusesWhatIsNoKey) {
  EXPECT_THAT(error_of([] { BlobCache("/tmp").path_of("../../etc/passwd"); }),
              HasSubstr("is no key"));
}

}  // namespace
}  // namespace lorarun

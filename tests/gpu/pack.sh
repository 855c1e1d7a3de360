#!/usr/bin/env bash
# Makes one archive that tries lorarun on a machine with a card: no network, no compiler, no root there.
#
#   tests/gpu/pack.sh [--no-peer] [OUT]      OUT: the archive, default build/gpu_pack/lorarun-gpu.tar.xz
#
#   there:  tar -xf lorarun-gpu.tar.xz && lorarun-gpu/tests/gpu/run.sh --out report
#
# The pack has the tree's own layout: the built programs, the CUDA plugin and the tests that stage B runs in
# build/release, the tracked files of lua, recipes, examples, bench and tests, and pack.json, which says what it was
# made of.  Two things are added: lib/ holds the libraries of the distribution that the programs link (without glibc
# and g++'s, which every machine with torch has), and site/ the peer's wheels for stage E, unpacked, so that no pip is
# needed there and the archive is smaller.  LibTorch is not in it: run.sh finds torch 2.11.0 there.
#
#   LORARUN_PEER_PYTHON   the Python of that machine, for compiled wheels (default 3.12)
#
# Invariant: a program of the pack has no library path of its own.  It finds what run.sh puts into LD_LIBRARY_PATH,
# which the policy's process inherits, and nothing of the tree that it was built in.

set -euo pipefail
ROOT=$(dirname -- "$(dirname -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")")")
BUILD=$ROOT/build/release
LIMIT_BYTES=$((64 * 1024 * 1024))
PEER_PYTHON=${LORARUN_PEER_PYTHON:-3.12}
PROGRAMS=(lorarun lorarun-policy test_tensor test_pretend)
LIBRARIES=(libpretend.so)
TRACKED=(lua recipes examples bench tests LICENSE THIRD_PARTY_NOTICES.md)
# What diffusers and peft import, as far as a machine with torch and numpy may lack it; versions are the oracle's.
PEER="diffusers transformers peft accelerate huggingface_hub tokenizers safetensors regex PyYAML psutil anyio h11
  httpcore2 httpx2 truststore idna certifi requests charset-normalizer urllib3 importlib_metadata zipp packaging tqdm
  typer rich markdown-it-py mdurl Pygments shellingham annotated-doc"

say() { printf 'pack: %s\n' "$*" >&2; }
fail() {  # what, where, how to fix
  printf 'error: %s\n   at: %s\n  fix: %s\n' "$1" "$2" "$3" >&2
  exit 2
}

# --- the programs ---------------------------------------------------------------------------------

build_plugin() {
  command -v nvcc >/dev/null || [ -x /usr/local/cuda/bin/nvcc ] ||
    fail "the pack needs the CUDA plugin, and there is no nvcc" "$ROOT/build/cuda" "pack on a machine with CUDA 13's compiler; no card is needed"
  local torch
  torch=$(sed -n 's/^LORARUN_TORCH_DIR:PATH=//p' "$BUILD/CMakeCache.txt")
  say "building the CUDA plugin"
  cmake -S "$ROOT" -B "$ROOT/build/cuda" -G Ninja -DCMAKE_BUILD_TYPE=Release -DLORARUN_CUDA=ON -DLORARUN_TORCH_DIR="$torch" >&2
  cmake --build "$ROOT/build/cuda" --target lorarun_cuda >&2
}

copy_programs() {  # pack
  local name
  mkdir -p "$1/build/release"
  for name in "${PROGRAMS[@]}" "${LIBRARIES[@]}"; do
    [ -f "$BUILD/$name" ] || fail "$name is not built" "$BUILD" "./lorarun test pretend tensor"
    cp "$BUILD/$name" "$1/build/release/"
  done
  cp "$ROOT/build/cuda/liblorarun_cuda.so" "$1/build/release/"
  strip --strip-unneeded "$1"/build/release/*
}

# --- the distribution's libraries -----------------------------------------------------------------

is_everywhere() {  # library: glibc's and g++'s
  case $1 in
    ld-linux* | libc.so* | libm.so* | libdl.so* | libpthread.so* | librt.so* | libresolv.so* | libutil.so*) return 0 ;;
    libstdc++.so* | libgcc_s.so*) return 0 ;;
  esac
  return 1
}

copy_system_libraries() {  # pack
  local name place
  mkdir -p "$1/lib"
  while read -r name place; do
    is_everywhere "$name" || cp -L "$place" "$1/lib/$name"
  done < <(cd "$BUILD" && ldd "${PROGRAMS[@]}" | awk '$2 == "=>" && $3 ~ "^/(usr/)?lib/" {print $1, $3}' | sort -u)
}

forget_library_paths() {  # pack
  local name script
  script=$(mktemp --suffix=.cmake)
  for name in "$1"/build/release/*; do printf 'file(RPATH_REMOVE FILE "%s")\n' "$name"; done >"$script"
  cmake -P "$script"
  rm "$script"
}

# --- the rest -------------------------------------------------------------------------------------

copy_tree() {  # pack
  git -C "$ROOT" ls-files -z --cached --others --exclude-standard -- "${TRACKED[@]}" |
    tar -C "$ROOT" --null --ignore-failed-read -cf - -T - | tar -C "$1" -xf -
}

add_peer() {  # pack
  local name wheel wanted=() wheels=$scratch/wheels
  for name in $PEER; do wanted+=("$(grep -i "^$name==" "$ROOT/tests/oracle/requirements.txt")"); done
  say "fetching the peer's wheels for Python $PEER_PYTHON"
  python3 -m pip --disable-pip-version-check download --quiet --no-deps --only-binary=:all: --python-version "$PEER_PYTHON" \
    --implementation cp --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
    -d "$wheels" "${wanted[@]}" >&2
  for wheel in "$wheels"/*.whl; do python3 -m zipfile -e "$wheel" "$1/site"; done
}

write_facts() {  # pack
  local commit
  commit=$(git -C "$ROOT" describe --always --dirty --abbrev=12)
  cat >"$1/pack.json" <<END
{"commit": "$commit", "date": "$(date -u '+%Y-%m-%d %H:%M UTC')", "torch": "2.11.0",
 "glibc": "$(ldd --version | sed -n '1s/.* //p')", "peer_python": "$PEER_PYTHON"}
END
}

expect_small() {  # archive
  local bytes
  bytes=$(stat -c %s "$1")
  say "$1: $((bytes / 1024 / 1024)) MiB, packed from $(git -C "$ROOT" describe --always --dirty)"
  [ "$bytes" -le "$LIMIT_BYTES" ] ||
    fail "the pack is larger than $((LIMIT_BYTES / 1024 / 1024)) MiB" "$1" "leave the peer out (--no-peer): $(du -h --max-depth=1 "$2" | sort -rh | head -n 5 | tr '\n\t' ', ')"
}

peer=1 out=$ROOT/build/gpu_pack/lorarun-gpu.tar.xz
while [ $# -gt 0 ]; do
  case $1 in
    --no-peer) peer=0 ;;
    -*) fail "there is no option '$1'" "the command line" "tests/gpu/pack.sh [--no-peer] [OUT]" ;;
    *) out=$(readlink -m -- "$1") ;;
  esac
  shift
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
pack=$scratch/lorarun-gpu
mkdir -p "$pack" "$(dirname -- "$out")"
build_plugin
copy_programs "$pack"
copy_system_libraries "$pack"
forget_library_paths "$pack"
copy_tree "$pack"
[ "$peer" = 0 ] || add_peer "$pack"
write_facts "$pack"
say "packing"
XZ_DEFAULTS=-T0 tar -C "$scratch" -caf "$out" lorarun-gpu
expect_small "$out" "$pack"

#!/usr/bin/env bash
# Tries lorarun on this machine's card and writes one report.
#
#   tests/gpu/run.sh [--pretend] [--out DIR] [STAGES…]     stages: A B C D E; all of them when none is named
#
#   A  doctor and back ends
#   B  kernels against their CPU twins, training against the CPU
#   C  the quickstart: 20 steps, kill -9, resume, replay, a picture, losses beside the CPU's
#   D  FLUX.1 at its true size, weights made on the card: time, memory, floor
#   E  the peer (diffusers + peft) in turn with lorarun
#
# Each stage is ended after 235 s and all of them after 590 s; each leaves STAGE.json in DIR (default ./gpu_report)
# before the next begins, and report.md and report.json hold what there is so far.
#
# --pretend rehearses everything on the pretended GPU (tests/pretend/), in small: no card is needed, none is measured.
#
#   LORARUN_TORCH_DIR    the torch 2.11.0 folder to use in a pack (the one with version.py); else python3's own
#   LORARUN_GPU_PYTHON   a Python with diffusers and peft for stage E; else python3 and the pack's site/
#
# Works in a built tree and in a pack (pack.sh) alike; a pack needs no network, no compiler and no root.

set -euo pipefail
HERE=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
ROOT=$(dirname -- "$(dirname -- "$HERE")")
TORCH_VERSION=2.11.0

fail() {  # what, where, how to fix
  printf 'error: %s\n   at: %s\n  fix: %s\n' "$1" "$2" "$3" >&2
  exit 2
}

# --- LibTorch: a pack brings none -----------------------------------------------------------------

torch_candidates() {
  [ -z "${LORARUN_TORCH_DIR:-}" ] || { echo "$LORARUN_TORCH_DIR"; return; }
  python3 -c 'import importlib.util as u; s = u.find_spec("torch"); print(s.submodule_search_locations[0] if s else "")'
  echo "${LORARUN_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/lorarun}/sdk/torch-$TORCH_VERSION/torch"
}

version_of() { sed -n "s/^__version__ = '\(.*\)'/\1/p" "$1/version.py" 2>/dev/null; }

find_torch() {  # fills torch
  local folder seen=""
  while IFS= read -r folder; do
    [ -n "$folder" ] && [ -f "$folder/version.py" ] || continue
    case $(version_of "$folder") in
      "$TORCH_VERSION" | "$TORCH_VERSION"+cu13*) torch=$folder && return ;;
    esac
    seen+="$folder ($(version_of "$folder")) "
  done < <(torch_candidates)
  fail "this pack needs torch $TORCH_VERSION built for CUDA 13: LibTorch's ABI changes with every version" \
    "${seen:-no torch was found}" "pip install torch==$TORCH_VERSION, or LORARUN_TORCH_DIR=<folder with version.py>"
}

libraries_of() {  # torch folder: itself, its sisters from PyPI, the toolkit
  local site=${1%/*} folder
  printf '%s' "$1/lib"
  for folder in "$site"/nvidia/*/lib /usr/local/cuda/lib64; do
    [ ! -d "$folder" ] || printf ':%s' "$folder"
  done
}

# --- what was asked for ---------------------------------------------------------------------------

device=cuda out=${LORARUN_GPU_OUT:-gpu_report} stages=()
while [ $# -gt 0 ]; do
  case $1 in
    --pretend) device=pretend ;;
    --out) shift && out=${1:?--out needs a folder} ;;
    [A-Ea-e]) stages+=("$1") ;;
    -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
    *) fail "there is no stage '$1'" "the command line" "stages: A B C D E; tests/gpu/run.sh --help" ;;
  esac
  shift
done

command -v python3 >/dev/null || fail "python3 is not there" "PATH" "the stages are small Python programs: install python3 (3.10 or newer)"
[ -x "$ROOT/build/release/lorarun" ] || fail "lorarun is not built" "$ROOT/build/release" "./lorarun --build-only"

export LORARUN_GPU_DEVICE=$device LORARUN_GPU_OUT=$out LORARUN_GPU_LIBRARIES="" LORARUN_GPU_PRELOAD=""
if [ -f "$ROOT/pack.json" ]; then
  torch=""
  find_torch
  LORARUN_GPU_LIBRARIES=$ROOT/lib:$ROOT/build/release:$(libraries_of "$torch")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  LORARUN_GPU_TORCH=$(version_of "$torch")
  export LORARUN_GPU_TORCH
fi
if [ "$device" = pretend ]; then
  LORARUN_GPU_PRELOAD=$ROOT/build/release/libpretend.so
  [ -f "$LORARUN_GPU_PRELOAD" ] || fail "the pretended GPU is not built" "$LORARUN_GPU_PRELOAD" "./lorarun test pretend builds it"
  case $ROOT in
    *[[:space:]]*) # the loader splits LD_PRELOAD at spaces
      LORARUN_GPU_PRELOAD=$(mktemp -d)/libpretend.so
      ln -s "$ROOT/build/release/libpretend.so" "$LORARUN_GPU_PRELOAD"
      ;;
  esac
fi
exec python3 -B "$HERE/stages.py" ${stages[@]+"${stages[@]}"}

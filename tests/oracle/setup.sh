#!/bin/sh
# Makes the virtual environment of the oracle scripts: torch, diffusers, transformers, peft.
#
#   tests/oracle/setup.sh FOLDER        then: FOLDER/bin/python tests/oracle/make_goldens.py --list
#
# Needs Python 3.11 or newer with venv (PYTHON=... names another than python3) and about 3 GB.
# Where the loader already finds CUDA 13's libraries, torch comes without its own copies of them.
set -eu

usage() {
  echo "usage: $0 FOLDER   makes a virtual environment for the scripts in tests/oracle" >&2
  exit 2
}

[ $# -eq 1 ] || usage
case "$1" in -*) usage ;; esac
folder=$1
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
torch=torch==2.11.0
# parts of CUDA that its toolkit does not carry, in the versions that torch 2.11.0 pins
extras="nvidia-cusparselt-cu13==0.8.0 nvidia-nvshmem-cu13==3.4.5 nvidia-cufile==1.15.1.6"

has_cuda_13() {
  for library in libcudart.so.13 libcupti.so.13 libcublas.so.13 libcudnn.so.9 libnccl.so.2; do
    ldconfig -p 2>/dev/null | grep -q "$library" || return 1
  done
}

install() {
  "$folder/bin/python" -m pip --disable-pip-version-check install --quiet "$@"
}

"$python" -m venv "$folder"
if has_cuda_13; then
  echo "CUDA 13 is on the loader's path: installing torch without its own copies"
  install --no-deps "$torch" $extras
else
  echo "CUDA 13 is not on the loader's path: installing torch with its own libraries"
  install "$torch"
fi
install --no-deps -r "$here/requirements.txt"
"$folder/bin/python" - <<'END'
import diffusers, peft, PIL, torch, transformers
print("ready: torch", torch.__version__, "diffusers", diffusers.__version__, "transformers", transformers.__version__,
      "peft", peft.__version__, "Pillow", PIL.__version__)
END

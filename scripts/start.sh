# shellcheck shell=bash
# Sourced first by the scripts of this folder and by .ci/run: stop at the first failure, work from the
# repository's root, find the data sets that lie beside the repository.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ -z ${SINTER_DATA:-} && -d ../shared/data ]]; then
  SINTER_DATA=$(realpath ../shared/data)
  export SINTER_DATA
fi

# ONNX's conformance cases.
if [[ -z ${SINTER_ONNX:-} && -d ../shared/onnx ]]; then
  SINTER_ONNX=$(realpath ../shared/onnx)
  export SINTER_ONNX
fi

# Clones of the repository share what ccache holds.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros

heading() { printf '\n=== %s\n' "$*"; }

# The C++ files of the project, new ones included, each ended by a zero byte. The checkout may belong to
# another user than the one who runs this, as in a container, which git would refuse.
cpp_files() {
  git -c safe.directory='*' ls-files -z --cached --others --exclude-standard '*.cpp' '*.h' '*.hpp' |
    while IFS= read -r -d '' file; do
      if [[ -f $file ]]; then printf '%s\0' "$file"; fi
    done
}

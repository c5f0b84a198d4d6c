#!/bin/bash
# make.sh MODEL - a reference archive by a model that comes with the program:
# MODEL.cl beside this script and its line in SHA256SUMS.  Only for new ones.
#
#   CODELEN=build/dev/codelen tests/reference/archive/make.sh byte-200k
set -euo pipefail
cd "$(dirname "$0")"
codelen=${CODELEN:?the program}
[ ! -e "$1.cl" ] || { echo "make.sh: $1.cl is there: it stays as it is" >&2; exit 1; }
text=../token/text.txt
"$codelen" compress "$text" -o "$1.cl" --model "$1" --verify
"$codelen" decompress "$1.cl" -o - | sha256sum | sed "s/-\$/$1.cl/" >>SHA256SUMS

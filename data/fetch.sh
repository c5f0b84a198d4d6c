#!/bin/sh
# Fetch enwik8 or enwik9: the first 1e8 or 1e9 bytes of an English Wikipedia
# dump of March 2006, as used by the Large Text Compression Benchmark.
#
#     data/fetch.sh enwik8|enwik9 [DIR] [--url URL]
#
# The file is written to DIR (default: data/cache) under its own name, after
# its size and MD5 have been found right; until then nothing has that name.
# A file that is present and right is left alone.  An interrupted download
# goes on where it stopped.
#
# For other files, and for tests:
#     CODELEN_FETCH_MD5    expected MD5 of the unpacked file
#     CODELEN_FETCH_BYTES  expected size of the unpacked file
set -eu

usage() {
    echo "usage: data/fetch.sh enwik8|enwik9 [DIR] [--url URL]" >&2
    exit 2
}

fail() {
    echo "data/fetch.sh: $*" >&2
    exit 1
}

bytes_of() {
    wc -c <"$1" | tr -d ' '
}

md5_of() {
    md5sum <"$1" | cut -d ' ' -f 1
}

# Whether file $1 is what was asked for; says why not.
is_right() {
    if [ "$(bytes_of "$1")" != "$bytes" ]; then
        why="it has $(bytes_of "$1") bytes, not $bytes"
        return 1
    fi
    found=$(md5_of "$1")
    if [ "$found" != "$md5" ]; then
        why="its MD5 is $found, not $md5"
        return 1
    fi
}

# Download $1 to $2, going on with what is there.
download() {
    if command -v curl >/dev/null; then
        curl --fail --location --show-error --continue-at - \
            --output "$2" "$1"
    elif command -v wget >/dev/null; then
        case $1 in
        file://*) cp "${1#file://}" "$2" ;; # wget does not know these
        *) wget --continue --output-document="$2" "$1" ;;
        esac
    else
        fail "neither curl nor wget is installed: apt-get install curl"
    fi
}

# Whether $1 is a zip file to its end, where its list of members is.
is_complete() {
    if command -v unzip >/dev/null; then
        unzip -Z1 "$1" >/dev/null 2>&1
    else
        python3 -m zipfile -l "$1" >/dev/null 2>&1
    fi
}

# The only member of the zip file $1 to standard output.
unpack() {
    if command -v unzip >/dev/null; then
        unzip -p "$1"
    else
        python3 -c 'import shutil, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
with archive.open(archive.namelist()[0]) as member:
    shutil.copyfileobj(member, sys.stdout.buffer)' "$1"
    fi
}

name= dir= url=
while [ $# -gt 0 ]; do
    case $1 in
    --url)
        [ $# -ge 2 ] || usage
        url=$2
        shift
        ;;
    --url=*) url=${1#--url=} ;;
    -*) usage ;;
    *)
        if [ -z "$name" ]; then
            name=$1
        elif [ -z "$dir" ]; then
            dir=$1
        else
            usage
        fi
        ;;
    esac
    shift
done
case $name in
enwik8)
    bytes=100000000
    md5=a1fa5ffddb56f4953e226637dabbb36a
    ;;
enwik9)
    bytes=1000000000
    md5=e206c3450ac99950df65bf70ef61a12d
    ;;
*) usage ;;
esac
bytes=${CODELEN_FETCH_BYTES:-$bytes}
md5=${CODELEN_FETCH_MD5:-$md5}
dir=${dir:-$(dirname "$0")/cache}
url=${url:-http://mattmahoney.net/dc/$name.zip}
file=$dir/$name
zip=$file.zip.part
plain=$file.part

mkdir -p "$dir" || fail "$dir: cannot be made"
if [ -e "$file" ]; then
    if is_right "$file"; then
        echo "$file is there and right: $bytes bytes, MD5 $md5"
        exit 0
    fi
    fail "$file exists but $why; move it away to fetch it again"
fi

if ! is_complete "$zip"; then
    echo "fetching $url"
    download "$url" "$zip" || fail "$url: cannot be fetched; run this again to" \
        "go on, or remove $zip to start anew"
fi
if ! unpack "$zip" >"$plain"; then
    rm -f "$zip" "$plain"
    fail "$url: not a zip file, or damaged; run this again to start anew"
fi
if ! is_right "$plain"; then
    rm -f "$zip" "$plain"
    fail "$url: what is in it is not $name: $why"
fi
mv "$plain" "$file"
rm -f "$zip"
echo "$file: $bytes bytes, MD5 $md5"

#!/bin/sh
# data/fetch.sh puts a file under its final name only if its checksum is
# right, does nothing when that is so already, and says what is wrong else.
#
# usage: test_fetch.sh DATA_DIR SCRATCH_DIR
set -eu

fetch=$1/fetch.sh
scratch=$2/fetch.$$
n_failed=0

check() {
    if eval "$2"; then
        echo "passed: $1"
    else
        echo "FAILED: $1: $2"
        sed 's/^/    /' log
        n_failed=$((n_failed + 1))
    fi
}

# Run fetch.sh; its status to $status, what it says to the file log.  $with:
# a setting for this run only.
run() {
    status=0
    env $with "$fetch" "$@" >log 2>&1 || status=$?
    with=
}
with=

rm -rf "$scratch"
mkdir -p "$scratch"
cd "$scratch"
seq 20000 >enwik8
bytes=$(wc -c <enwik8)
python3 -c 'import zipfile
with zipfile.ZipFile("small.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.write("enwik8")'
url=file://$scratch/small.zip
CODELEN_FETCH_BYTES=$bytes
CODELEN_FETCH_MD5=$(md5sum <enwik8 | cut -d ' ' -f 1)
export CODELEN_FETCH_BYTES CODELEN_FETCH_MD5

run enwik8 out --url "$url"
check "fetches and unpacks" '[ $status = 0 ] && cmp -s enwik8 out/enwik8'
check "leaves nothing else" '[ "$(ls out)" = enwik8 ]'

run enwik8 out --url "file://$scratch/absent.zip"
check "does nothing when the file is right" \
    '[ $status = 0 ] && grep -q "there and right" log'

printf x >>out/enwik8
run enwik8 out --url "$url"
check "does not overwrite another file" \
    '[ $status = 1 ] && grep -q "exists but it has" log &&
    [ $(wc -c <out/enwik8) = $((bytes + 1)) ]'

with=CODELEN_FETCH_MD5=00000000000000000000000000000000
run enwik8 bad --url "$url"
check "refuses a wrong checksum" \
    '[ $status = 1 ] && grep -q "its MD5 is" log && [ -z "$(ls bad)" ]'

with=CODELEN_FETCH_BYTES=1
run enwik8 bad --url "$url"
check "refuses a wrong size" \
    '[ $status = 1 ] && grep -q "not 1" log && [ -z "$(ls bad)" ]'

head -c 3000 small.zip >cut.zip
run enwik8 bad --url "file://$scratch/cut.zip"
check "refuses a damaged zip file" \
    '[ $status = 1 ] && grep -q "damaged" log && [ -z "$(ls bad)" ]'

run enwik8 bad --url "file://$scratch/absent.zip"
check "says what cannot be fetched" \
    '[ $status = 1 ] && grep -q "absent.zip: cannot be fetched" log &&
    [ ! -e bad/enwik8 ]'

mkdir -p part
head -c 3000 small.zip >part/enwik8.zip.part
run enwik8 part --url "$url"
check "goes on with an interrupted download" \
    '[ $status = 0 ] && cmp -s enwik8 part/enwik8'

mkdir -p full
cp small.zip full/enwik8.zip.part
run enwik8 full --url "file://$scratch/absent.zip"
check "goes on after a complete download" \
    '[ $status = 0 ] && cmp -s enwik8 full/enwik8'

run enwik7
check "names what it knows" '[ $status = 2 ] && grep -q "enwik8|enwik9" log'
run enwik8 a b
check "refuses too many arguments" '[ $status = 2 ]'

cd /
rm -rf "$scratch"
[ $n_failed = 0 ]

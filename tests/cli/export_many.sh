# Hundreds of results files are one table: given by the shell, as a quoted
# pattern or a directory, always in the same order; what is not complete is
# refused unless it may be left out, and logs of training are a table too.
. "$CODELEN_ROOT/tests/cli/lib.sh"

text 5000 >corpus.txt
{
    printf 'command = measure\ncorpus = text:corpus.txt\nbytes = 1000\n'
    printf 'predictor = ngram:1\n[sweep]\nfirst = 0'
    printf ', %d' $(seq 10 10 2990)
    printf '\nout = many/{first}.h5\n'
} >many.sweep
start=$SECONDS
expect 0 codelen run many.sweep --all
echo "300 runs: $((SECONDS - start)) s"

for table in summary positions chunks; do
    start=$SECONDS
    expect 0 codelen export many/*.h5 --table $table
    mv out by-shell.csv
    expect 0 codelen export 'many/*.h5' --table $table
    cmp by-shell.csv out || fail "a pattern gives another table"
    expect 0 codelen export many --table $table
    cmp by-shell.csv out || fail "a directory gives another table"
    expect 0 codelen export many/1*.h5 many --table $table
    cmp by-shell.csv out || fail "a file counts twice"
    mv out $table.csv
    echo "4 x 300 files, $table: $((SECONDS - start)) s"
done
expect 0 codelen export many --format json
mv out summary.json
$python - <<'PY' || fail "tables of 300 files"
import csv, json
rows = json.load(open("summary.json"))
lines = list(csv.DictReader(open("summary.csv")))
assert len(rows) == len(lines) == 300
assert sorted(r["first_byte"] for r in rows) == list(range(0, 3000, 10))
assert [r["file"] for r in rows] == [l["file"] for l in lines]
assert all(int(l["raw_bytes"]) == 1000 for l in lines)
for name, each in ("chunks", 1), ("positions", None):
    parts = list(csv.DictReader(open(name + ".csv")))
    for key in "raw_bytes", "ideal_bits":
        want = sum(float(l[key]) for l in lines)
        got = sum(float(p[key]) for p in parts)
        assert abs(got - want) < 1e-5 * want, (name, key, got, want)
PY

# A run that was begun and is not complete.
expect 75 codelen measure --corpus text:corpus.txt --predictor ngram:1 --chunk 1 \
    --threads 1 --out many/begun.h5 --max-hours 1e-9
for names in many 'many/*.h5' many/begun.h5; do
    expect 1 codelen export "$names"
    says 'many/begun.h5: was begun and is not complete'
done
expect 0 codelen export many --incomplete
says 'warning: many/begun.h5: left out'
[ "$(wc -l <out)" -eq 301 ] || fail "not the complete ones"
expect 0 codelen measure --corpus text:corpus.txt --predictor ngram:1 --chunk 1 \
    --out many/begun.h5
expect 0 codelen export many
[ "$(wc -l <out)" -eq 302 ] || fail "not one more"

# What is not ours is left out of a directory, refused when it is named.
echo text >many/other.h5
expect 0 codelen export many
expect 1 codelen export many/other.h5
says 'many/other.h5: not an HDF5 file'
expect 1 codelen export absent
says 'absent: no such file'
mkdir empty
expect 1 codelen export empty
says 'empty: no results there'

# Logs of training, of runs at their end.
train=(train --corpus text:corpus.txt --context 32 --batch 64 --validate 500
    --config byte-200k --engine own --warmup 2)
mkdir models
expect 0 codelen "${train[@]}" --steps 20 --out models/a
expect 0 codelen export models --table training
[ "$(cut -d, -f7 out | sort | uniq -c | xargs)" = "1 event 2 steps 1 validation" ] ||
    fail "rows of a training run: $(cat out)"
prints '^models/a/train.h5,text:corpus.txt,byte-200k,bytes,[0-9]*,1,validation,20,'
expect 75 codelen "${train[@]}" --steps 2000 --max-hours 1e-9 --out models/b
expect 1 codelen export models --table training
says 'models/b/train.h5: of a run that has not reached its end'
expect 0 codelen export models --table training --incomplete --format json
$python -c 'import json; assert {r["file"] for r in json.load(open("out"))} >= {"models/a/train.h5"}' ||
    fail "training as JSON"
expect 1 codelen export models
says 'models: no results there'
expect 1 codelen export many/0.h5 --table training
says 'many/0.h5: is not the log of a training run'
echo "export_many: ok"

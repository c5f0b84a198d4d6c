# Help goes to stdout with status 0; a wrong word to stderr with status 2,
# naming the nearest right one.
. "$CODELEN_ROOT/tests/cli/lib.sh"

expect 0 codelen --help
prints 'How many bits'
for command in tokenizer measure compress decompress test generate baseline score export info; do
    prints "^  $command "
done
for command in tokenizer measure compress decompress test generate baseline score export info; do
    expect 0 codelen $command --help
    prints "^usage: codelen $command"
    prints 'example: '
    [ ! -s err ] || fail "$command --help writes to stderr"
    longest=$(awk '{ if (length > n) n = length } END { print n }' out)
    [ "$longest" -le 100 ] || fail "$command --help: line of $longest columns"
done
expect 0 codelen --version
prints '^codelen [0-9]+\.[0-9]+\.[0-9]+ \('

expect 2 codelen
expect 2 codelen mesure
says 'did you mean measure\?'
expect 2 codelen measure --corpu text:x --predictor uniform
says 'unknown option --corpu; did you mean --corpus\?'
expect 2 codelen measure --predictor uniform
says '--corpus .* is needed'
expect 2 codelen measure --corpus random:10 --predictor uniform --chunk 0
says 'between 1 and'
expect 2 codelen measure --corpus random:10 --predictor uniform --chunk 2KB2
says 'not a number of bytes'
expect 2 codelen measure --corpus random:10 --predictor uniform --math exakt
says 'exact\|int8\|blas'
expect 2 codelen measure --corpus random:10 stray
says 'unexpected argument stray'
expect 2 codelen measure --corpus
says 'needs a value'

# A job file gives options, the command line wins, unknown keys are errors.
printf 'corpus = random:1KB\npredictor = uniform  ; comment\nchunk = 100\n' >a.job
expect 0 codelen measure --job a.job --chunk 256
prints 'chunks of 256 bytes'
printf 'corpus = random:1KB\npredicter = uniform\n' >b.job
expect 2 codelen measure --job b.job
says 'b.job: line 2: unknown option predicter; did you mean predictor\?'
expect 2 codelen measure --job none.job
says 'none.job: no such file'

# Under several ranks a message appears once.
expect 2 ranks 3 measure --corpu text:x
[ "$(grep -c 'unknown option' err)" -eq 1 ] || fail "message printed $(grep -c 'unknown option' err) times"
echo "help: ok"

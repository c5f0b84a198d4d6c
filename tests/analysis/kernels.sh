# The figure of the kernels' speed comes out of what bench_math --csv prints;
# another file is refused by name.
. "$CODELEN_ROOT/tests/cli/lib.sh"

$python -c 'import matplotlib, pandas' 2>/dev/null || skip "python3-matplotlib or -pandas is not installed"
{
    echo section,model,M,N,K,exact_gflops,exact_share,blas_gflops,blas_share,exact_over_blas
    for rows in 1 64; do
        echo gemm,d=64,$rows,64,64,100,0.5,50,0.25,2
        echo gemm,smollm2,$rows,576,576,180,0.9,120,0.6,1.5
    done
    echo section,T,n_heads,n_kv_heads,D,gflops,share
    for size in 16 64; do
        echo attention,2048,4,4,$size,100,0.6
        echo attention,1,4,4,$size,20,0.1
    done
    echo section,V,ns,ns_per_number
    echo softmax,256,90,0.35
    echo section,bytes,gigabytes_per_second
    echo memory,524288,100
} >bench.csv
expect 0 $python "$CODELEN_ROOT/analysis/kernels.py" --bench bench.csv --out figure.png
$python - "$CODELEN_ROOT/analysis" <<'PY' || fail "numbers"
import sys
sys.path.insert(0, sys.argv[1])
import kernels
tables = kernels.read_bench("bench.csv")
assert set(tables) == {"gemm", "attention", "softmax", "memory"}
axes = kernels.figure(tables).axes
roofline = {line.get_label(): line.get_xydata() for line in axes[0].lines}
# 64 rows of 64 x 64: 2 * 64^3 operations on 3 * 64^2 numbers of 4 bytes.
assert abs(roofline["products, d=64"][1][0] - 64 / 6) < 1e-9, roofline
roof = axes[0].lines[0].get_xydata()
assert all(abs(y - min(200, 100 * x)) < 1e-9 for x, y in roof), roof[:3]
lines = {line.get_label(): list(line.get_ydata()) for line in axes[1].lines}
assert lines["smollm2"] == [90, 90] and lines["d=64"] == [50, 50], lines
heights = [bar.get_height() for bar in axes[2].patches]
assert heights == [10, 10, 60, 60], heights
PY
echo "a,b" >other.csv
expect 1 $python "$CODELEN_ROOT/analysis/kernels.py" --bench other.csv --out x.png
says 'other.csv: not the output of bench_math'
expect 1 $python "$CODELEN_ROOT/analysis/kernels.py" --bench none.csv --out x.png
says 'none.csv: No such file'
echo "kernels: ok"

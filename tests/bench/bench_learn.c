/*
 * bench_learn.c - how fast a Transformer learns.
 *
 *     bench_learn [--csv] [--kernel NAME] [--threads N] [--context T]
 *                 [--width C] [--steps-only] [--row-s SECONDS]
 *
 * The study's Transformers: 4 layers, GELU of 4 C, 256 symbols, rotary
 * positions.  First whole steps, with each engine; then what one step spends
 * where, kernel by kernel on one thread.  FLOPs count the causal half of
 * attention and the backward pass as twice the forward pass; the peak is
 * measured between the rounds, on as many threads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/rng.h"
#include "bench.h"
#include "learn/net.h"
#include "learn/net_kernel.h"
#include "math/gemm.h"
#include "math/kernels.h"
#include "model/model_config.h"

#define N_LAYERS   4
#define VOCABULARY 256
#define SEQUENCES  8
#define ROUNDS_MAX 200

struct settings {
    bool is_csv;
    const char *kernel;
    int n_threads;       /* 0: 1, then 2 */
    size_t context;      /* 0: 512, then 2048 */
    size_t width;        /* 0: all */
    bool has_steps_only; /* not the kernels one by one */
    double row_s;
};

/* Processor time of all threads: waiting for a core does not count. */
static double
now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* FLOP/s of the peak on n_threads at the same time. */
static double
peak_now(const struct bench_task *peak, int n_threads)
{
    const int n = 4;
    double start = now_s();

#pragma omp parallel for num_threads(n_threads) schedule(static, 1)
    for (int thread = 0; thread < n_threads; thread++) {
        for (int i = 0; i < n; i++) {
            peak->run(peak->context);
        }
    }
    return n * n_threads * n_threads * peak->flop / (now_s() - start);
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Seconds (best) and share of the peak (median) of a task. */
static double
measure(struct bench_task *task, const struct bench_task *peak, int n_threads,
    double row_s)
{
    double shares[ROUNDS_MAX], best = 1e30, start = now_s();
    double before;
    size_t n = 0;

    task->run(task->context);
    before = peak_now(peak, n_threads);
    while (n < 3 || (n < ROUNDS_MAX && now_s() - start < row_s)) {
        const double from = now_s();
        double seconds, after;
        int n_runs = 0;

        do {
            task->run(task->context);
            n_runs++;
        } while (now_s() - from < 1e-3);
        seconds = (now_s() - from) / n_runs / n_threads;
        after = peak_now(peak, n_threads);
        shares[n++] = task->flop / seconds / (0.5 * (before + after));
        before = after;
        best = seconds < best ? seconds : best;
    }
    qsort(shares, n, sizeof(double), compare);
    task->share = shares[n / 2];
    task->best = task->flop / best;
    return best;
}

static int
configure(struct model_config *config, size_t width, size_t context)
{
    char text[512];

    snprintf(text, sizeof(text),
        "{\"model_type\": \"lmic\", \"hidden_size\": %zu, "
        "\"num_hidden_layers\": %d, \"vocab_size\": %d, "
        "\"intermediate_size\": %zu, \"num_attention_heads\": %d, "
        "\"max_position_embeddings\": %zu, "
        "\"position_embedding\": \"rotary\"}",
        width, N_LAYERS, VOCABULARY, 4 * width, width < 256 ? 4 : 8, context);
    return model_config_text(config, text, strlen(text), "bench_learn");
}

static float *
random_floats(size_t n)
{
    float *x = mem_alloc(n, sizeof(float));

    for (size_t i = 0; x && i < n; i++) {
        x[i] = (float)((double)(rng_at(1, i) >> 40) * 0x1p-23 - 1.0);
    }
    return x;
}

/* Whole steps. */
struct step {
    struct net *net;
    float *parameters, *gradients;
    struct net_batch batch;
    double nats;
};

static void
learn(void *context)
{
    struct step *s = context;

    net_learn(s->net, s->gradients, &s->nats, s->parameters, &s->batch, 1e-6f,
        NULL, NULL);
}

static void
bench_step(const struct settings *settings, size_t width, size_t T,
    int n_threads, enum net_engine engine)
{
    const struct net_options options = {
        .kernels = kernels_find(MATH_EXACT, settings->kernel),
        .engine = engine,
        .n_threads = n_threads,
    };
    const struct bench_task peak = bench_peak(kernels_name(options.kernels));
    const size_t n = SEQUENCES * T;
    uint32_t *tokens = mem_alloc(n, sizeof(*tokens));
    struct model_config config;
    struct step s = {.batch = {tokens, tokens, SEQUENCES, T}};
    struct bench_task task = {.run = learn, .context = &s};
    double seconds;

    if (!tokens || configure(&config, width, T) != 0) {
        exit(1);
    }
    s.net = net_new(&config, T, &options);
    s.parameters = s.net ? mem_alloc(net_size(s.net), sizeof(float)) : NULL;
    s.gradients = s.net ? mem_alloc(net_size(s.net), sizeof(float)) : NULL;
    if (!s.parameters || !s.gradients) {
        exit(1);
    }
    net_init(s.net, s.parameters, 1);
    for (size_t i = 0; i < n; i++) {
        tokens[i] = (uint32_t)(rng_at(2, i) % VOCABULARY);
    }
    task.flop = net_flops(s.net, SEQUENCES, T);
    seconds = measure(&task, &peak, n_threads, settings->row_s);
    printf(settings->is_csv ? "step,%zu,%zu,%zu,%d,%s,%.2f,%.2f,%.4f,%.1f\n"
                            : "%4zu %9zu %6zu %4d %9s %8.1f %8.1f %6.2f "
                              "%7.1f\n",
        width, net_size(s.net), T, n_threads, net_engine_name(engine),
        1e-3 * (double)n / seconds, 1e-9 * task.best, task.share,
        1e-6 * (double)net_bytes(s.net));
    fflush(stdout);
    mem_free(s.gradients);
    mem_free(s.parameters);
    net_free(s.net);
    mem_free(tokens);
}

/* One kernel on one thread. */
struct part {
    const struct net_kernel *kernel;
    struct gemm_weights *weights;
    struct net_outer outer;
    struct net_head head;
    struct net_norm norm;
    float *x, *y, *z;
    const uint32_t *targets;
    size_t T, C;
};

static void
run_map(void *context)
{
    struct part *p = context;

    gemm(p->x, gemm_weights_rows(p->weights), p->y,
        gemm_weights_columns(p->weights), p->weights, p->T, 1);
}

static void
run_outer(void *context)
{
    struct part *p = context;

    p->kernel->outer(&p->outer);
}

static void
run_attention(void *context)
{
    struct part *p = context;

    p->kernel->attention(&p->head);
}

static void
run_attention_back(void *context)
{
    struct part *p = context;

    p->kernel->attention_back(&p->head);
}

static void
run_norm(void *context)
{
    struct part *p = context;

    p->kernel->norm(&p->norm);
}

static void
run_norm_back(void *context)
{
    struct part *p = context;

    p->kernel->norm_back(&p->norm);
}

static void
run_gelu(void *context)
{
    struct part *p = context;

    p->kernel->gelu(p->x, p->z, p->y, p->y, p->T, p->C);
}

static void
run_swiglu(void *context)
{
    struct part *p = context;

    p->kernel->swiglu(p->x, p->y, p->T, p->C);
}

static void
run_swiglu_back(void *context)
{
    struct part *p = context;

    /* z becomes small: no overflow however often it runs. */
    p->kernel->swiglu_back(p->x, p->z, p->y, p->T, p->C);
}

static void
run_add(void *context)
{
    struct part *p = context;

    p->kernel->add_rows(p->x, p->y, p->z, p->y, p->T, p->C);
}

static void
run_cross_entropy(void *context)
{
    struct part *p = context;

    p->kernel->cross_entropy(p->x, p->targets, 1e-3f, p->T, p->C);
}

static void
print_part(const struct settings *settings, const char *name, struct part *part,
    void (*run)(void *), double flop, double n_calls)
{
    const struct bench_task peak =
        bench_peak(settings->kernel ? settings->kernel : "avx512");
    struct bench_task task = {.run = run, .context = part, .flop = flop};
    const double seconds = measure(&task, &peak, 1, 0.3 * settings->row_s);

    printf(settings->is_csv ? "kernel,%s,%.2f,%.1f,%.4f\n"
                            : "%-34s %9.1f %9.1f %6.2f\n",
        name, 1e6 * seconds * n_calls, 1e-9 * task.best, task.share);
    fflush(stdout);
}

static void
bench_products(const struct settings *settings, struct part *p, size_t C)
{
    const size_t shapes[][2] = {
        {3 * C, C}, {C, C}, {4 * C, C}, {C, 4 * C}, {VOCABULARY, C}};
    const char *names[] = {"qkv", "output", "up", "down", "head"};

    for (size_t i = 0; i < 5; i++) {
        const size_t N = shapes[i][0], K = shapes[i][1];
        const double flop = 2.0 * (double)(p->T * N * K);
        const double n = i < 4 ? N_LAYERS : 1;
        char name[64];

        for (int is_back = 0; is_back < 2; is_back++) {
            p->weights =
                gemm_weights_new(kernels_find(MATH_EXACT, settings->kernel),
                    is_back ? K : N, is_back ? N : K);
            gemm_pack(p->weights, p->z, 0, is_back ? K : N);
            snprintf(name, sizeof(name), "%s %zu x %zu%s", names[i], N, K,
                is_back ? ", back" : "");
            print_part(settings, name, p, run_map, flop, n);
            gemm_weights_free(p->weights);
        }
        p->outer = (struct net_outer){
            p->x, K, p->y, N, p->z, K, N, K, p->T, p->head.scratch};
        snprintf(name, sizeof(name), "%s %zu x %zu, learn", names[i], N, K);
        print_part(settings, name, p, run_outer, flop, n);
    }
}

/* Microseconds per sequence, all layers, and shares of the peak. */
static void
bench_parts(const struct settings *settings, size_t C, size_t T)
{
    const size_t H = C < 256 ? 4 : 8, D = C / H, n = 12 * T * C;
    const double pairs = 0.5 * (double)(T * (T + 1)) * (double)(D * H);
    uint32_t *targets = mem_alloc(T, sizeof(*targets));
    float *stats = random_floats(2 * T * H);
    struct part p = {
        .kernel =
            net_kernel_find(kernels_find(MATH_EXACT, settings->kernel), false),
        .x = random_floats(n),
        .y = random_floats(n),
        .z = random_floats(n),
        .targets = targets,
        .T = T,
        .C = C,
    };

    p.head = (struct net_head){
        .T = T,
        .D = D,
        .scale = 0.1f,
        .q = p.y,
        .k = p.y + C,
        .v = p.y + 2 * C,
        .stride = 3 * C,
        .out = p.x,
        .out_stride = C,
        .stats = stats,
        .d_out = p.x,
        .d_q = p.z,
        .d_k = p.z + C,
        .d_v = p.z + 2 * C,
        .scratch =
            random_floats(net_head_scratch(T, D) + net_outer_scratch(4 * C)),
    };
    if (!settings->is_csv) {
        printf("\nC = %zu, T = %zu, one sequence, one thread     us    GFLOP/s"
               "  share\n",
            C, T);
    }
    print_part(settings, "attention", &p, run_attention, 4 * pairs / (double)H,
        (double)H * N_LAYERS);
    print_part(settings, "attention, back", &p, run_attention_back,
        8 * pairs / (double)H, (double)H * N_LAYERS);
    bench_products(settings, &p, C);
    p.norm = (struct net_norm){
        .in = p.y,
        .in_stride = C,
        .gain = p.y,
        .offset = p.y,
        .stats = stats,
        .epsilon = 1e-5f,
        .T = T,
        .C = C,
        .out = p.x,
        .out_stride = C,
        .d_out = p.y,
        .d_out_stride = C,
        .d_in = p.x,
        .d_in_stride = C,
        .d_gain = p.z,
        .d_offset = p.z + C,
    };
    print_part(settings, "norm", &p, run_norm, 0, 2 * N_LAYERS);
    print_part(settings, "norm, back", &p, run_norm_back, 0, 2 * N_LAYERS);
    print_part(settings, "add", &p, run_add, 0, 2 * N_LAYERS);
    p.C = VOCABULARY;
    print_part(settings, "cross entropy", &p, run_cross_entropy, 0, 1);
    p.C = 4 * C;
    print_part(settings, "gelu", &p, run_gelu, 0, N_LAYERS);
    print_part(settings, "(swiglu)", &p, run_swiglu, 0, N_LAYERS);
    print_part(settings, "(swiglu, back)", &p, run_swiglu_back, 0, N_LAYERS);
    mem_free(p.head.scratch);
    mem_free(p.z);
    mem_free(p.y);
    mem_free(p.x);
    mem_free(stats);
    mem_free(targets);
}

int
main(int argc, char **argv)
{
    struct settings s = {.row_s = 1.0};
    const size_t widths[] = {64, 128, 256}, contexts[] = {512, 2048};

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--csv") == 0) {
            s.is_csv = true;
        } else if (strcmp(argv[i], "--kernel") == 0 && i + 1 < argc) {
            s.kernel = argv[++i];
        } else if (strcmp(argv[i], "--steps-only") == 0) {
            s.has_steps_only = true;
        } else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc) {
            s.n_threads = atoi(argv[++i]);
        } else if (strcmp(argv[i], "--context") == 0 && i + 1 < argc) {
            s.context = (size_t)atoi(argv[++i]);
        } else if (strcmp(argv[i], "--width") == 0 && i + 1 < argc) {
            s.width = (size_t)atoi(argv[++i]);
        } else if (strcmp(argv[i], "--row-s") == 0 && i + 1 < argc) {
            s.row_s = atof(argv[++i]);
        } else {
            fputs("usage: bench_learn [--csv] [--kernel NAME] [--threads N] "
                  "[--context T] [--width C] [--steps-only] "
                  "[--row-s SECONDS]\n",
                stderr);
            return 2;
        }
    }
    if (!kernels_find(MATH_EXACT, s.kernel)) {
        return 2;
    }
    if (s.is_csv) {
        puts("section,width,parameters,context,threads,engine,kb_per_s,gflops,"
             "share,mb");
    } else {
        puts("   C parameters  T  threads engine     KB/s  GFLOP/s  share      "
             "MB");
    }
    for (size_t w = 0; w < 3; w++) {
        for (size_t t = 0; t < 2; t++) {
            for (int n = 1; n <= 2; n++) {
                if ((s.width && s.width != widths[w]) ||
                    (s.context && s.context != contexts[t]) ||
                    (s.n_threads && s.n_threads != n)) {
                    continue;
                }
                for (enum net_engine e = 0; e < NET_ENGINES; e++) {
                    if (!net_engine_exists(e)) {
                        continue;
                    }
                    bench_step(&s, widths[w], contexts[t], n, e);
                }
            }
        }
    }
    for (size_t w = 0; !s.has_steps_only && w < 3; w++) {
        if (!s.width || s.width == widths[w]) {
            bench_parts(&s, widths[w], s.context ? s.context : 512);
        }
    }
    return 0;
}

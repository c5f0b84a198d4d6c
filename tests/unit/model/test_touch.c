/*
 * test_touch.c
 *
 * Memory belongs to whoever uses it: on a machine with several memories a page
 * lies near the thread that writes it first.  Making a state writes nothing of
 * its keys, values and activations, so the thread that extends it is the first
 * to do so; and of weights that several processes pack, each writes its part.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "check.h"
#include "math/kernels.h"
#include "model/model.h"

#define MODEL "tests/reference/models/bytes-bf16"

/* So many that what a state takes stands out from what a process does. */
#define POSITIONS ((size_t)1 << 17)
#define N_TOKENS  ((size_t)1 << 13)

static uint32_t tokens[N_TOKENS]; /* all 0 */

/* Bytes of this process that are in memory. */
static double
resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long n_pages = -1;

    CU_ASSERT_FATAL(file != NULL);
    CU_ASSERT_EQUAL(fscanf(file, "%*d %ld", &n_pages), 1);
    fclose(file);
    return (double)n_pages * (double)sysconf(_SC_PAGESIZE);
}

/* Keys and values of so many positions. */
static double
cache_bytes(const struct model *model, size_t positions)
{
    const struct model_info *info = model_info(model);

    return (double)(positions * info->n_layers * 2 * info->n_kv_heads *
                    info->head_width * sizeof(float));
}

static void *
extend(void *state)
{
    model_extend(state, tokens, N_TOKENS);
    return NULL;
}

static void
test_the_thread_that_uses_a_state_writes_it_first(void)
{
    struct model *model = model_open(MODEL, kernels_find(MATH_EXACT, NULL), 1);
    pthread_t user;

    CU_ASSERT_FATAL(model != NULL);
    double before = resident_bytes();
    struct model_state *state = model_state_new(model, POSITIONS, N_TOKENS, 1);
    double made = resident_bytes();
    CU_ASSERT_FATAL(state != NULL);
    CU_ASSERT_EQUAL(pthread_create(&user, NULL, extend, state), 0);
    pthread_join(user, NULL);
    double used = resident_bytes();

    /* Tables of angles are written, a twelfth of that; activations, a fifth,
       are not. */
    CU_ASSERT(made - before < 0.2 * cache_bytes(model, POSITIONS));
    CU_ASSERT(used - made > cache_bytes(model, N_TOKENS));
    CU_ASSERT(used - before < 0.8 * cache_bytes(model, POSITIONS));
    model_state_free(state);
    model_close(model);
}

/* The share of the pages of a mapping that are in memory. */
static double
resident_share(void *memory, size_t bytes)
{
    size_t n_pages = bytes / (size_t)sysconf(_SC_PAGESIZE), n = 0;
    unsigned char *pages = mem_alloc(n_pages + 1, 1);

    CU_ASSERT_FATAL(mincore(memory, bytes, pages) == 0);
    for (size_t i = 0; i < n_pages; i++) {
        n += pages[i] & 1;
    }
    mem_free(pages);
    return (double)n / (double)n_pages;
}

static void
test_each_process_writes_its_part_of_the_weights(void)
{
    enum { N_PARTS = 4 };
    struct model *model = model_plan(MODEL, kernels_find(MATH_EXACT, NULL));
    CU_ASSERT_FATAL(model != NULL);
    size_t bytes = model_place_bytes(model);
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CU_ASSERT_FATAL(memory != MAP_FAILED);
    CU_ASSERT_EQUAL(resident_share(memory, bytes), 0);
    for (int part = 0; part < N_PARTS; part++) {
        const struct model_place place = {memory, part, N_PARTS};
        double before = resident_share(memory, bytes);
        CU_ASSERT_EQUAL_FATAL(model_fill(model, &place, 1), 0);
        double after = resident_share(memory, bytes);
        CU_ASSERT(after - before > 0.5 / N_PARTS);
        CU_ASSERT(after - before < 1.5 / N_PARTS);
    }
    CU_ASSERT(resident_share(memory, bytes) > 0.99);
    model_close(model);
    munmap(memory, bytes);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_the_thread_that_uses_a_state_writes_it_first),
    CHECK_TEST(test_each_process_writes_its_part_of_the_weights),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("first touch", tests)

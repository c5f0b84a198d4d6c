/*
 * model_node.c
 *
 * A model in the memory that the ranks of a node share gives every rank the
 * logits of a model of its own; damage that only one rank can see is one
 * message and a failure on all.
 */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "golden.h"
#include "math/kernels.h"
#include "model/model.h"
#include "par/par.h"
#include "ranks.h"
#include "tiny.h"

#define PATH "tests/reference/models/bytes-bf16"

#define N_TOKENS 50

static struct par *par;

/* Fill this rank's part; whether that failed on any rank. */
static bool
fill_together(struct model *model, struct par_memory *memory)
{
    struct model_place place = {.memory = par_memory_data(memory)};

    place.part = par_memory_part(memory, &place.n_parts);
    CU_ASSERT_EQUAL(place.n_parts, par_size(par));
    bool is_failed = par_any_failed(par, model_fill(model, &place, 1));
    par_memory_settle(memory);
    return is_failed;
}

static void
test_shared_weights_give_the_logits_of_own_ones(void)
{
    const struct kernels *kernels = kernels_find(MATH_EXACT, NULL);
    struct model *own = model_open(PATH, kernels, 1);
    struct model *shared = model_plan(PATH, kernels);
    uint32_t tokens[N_TOKENS];

    CU_ASSERT_FATAL(own != NULL && shared != NULL);
    for (uint32_t i = 0; i < N_TOKENS; i++) {
        tokens[i] = (7 + 31 * i) % 256;
    }
    struct par_memory *memory = par_memory_new(par, model_place_bytes(shared));
    CU_ASSERT_FATAL(memory != NULL);
    CU_ASSERT_FALSE(fill_together(shared, memory));
    size_t n = N_TOKENS * model_info(own)->vocabulary;
    float *want = golden_logits(own, tokens, N_TOKENS, N_TOKENS, 1);
    float *got = golden_logits(shared, tokens, N_TOKENS, N_TOKENS, 1);
    CHECK_ARRAY_SAME("logits", got, want, n);
    mem_free(want);
    mem_free(got);
    model_close(own);
    model_close(shared);
    par_memory_free(memory);
}

static void
test_damage_that_the_last_rank_sees_is_one_message(void)
{
    const char *name = "model.layers.1.mlp.down_proj.weight";
    const struct tiny tiny = {.poisoned = name, .poison = NAN};
    char path[1024] = "", want[32];

    if (par_rank(par) == 0) {
        snprintf(path, sizeof(path), "%s", tiny_write(&tiny));
    }
    par_broadcast(par, path, sizeof(path), 0);
    struct model *model = model_plan(path, kernels_find(MATH_EXACT, NULL));
    CU_ASSERT_FATAL(model != NULL);
    struct par_memory *memory = par_memory_new(par, model_place_bytes(model));
    CU_ASSERT_FATAL(memory != NULL);
    ranks_listen();
    CU_ASSERT_TRUE(fill_together(model, memory));
    const char *text = ranks_heard();
    if (par_rank(par) == par_size(par) - 1) {
        snprintf(want, sizeof(want), "rank %d: ", par_rank(par));
        CU_ASSERT(strstr(text, name) != NULL);
        CU_ASSERT(par_rank(par) == 0 || strstr(text, want) != NULL);
    } else {
        CU_ASSERT_STRING_EQUAL(text, "");
    }
    model_close(model);
    par_memory_free(memory);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_shared_weights_give_the_logits_of_own_ones),
    CHECK_TEST(test_damage_that_the_last_rank_sees_is_one_message),
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    return ranks_main(&par, argc, argv, "a model on a node", tests);
}

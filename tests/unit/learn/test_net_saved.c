/*
 * test_net_saved.c
 *
 * A net that was saved is the same model to those who measure with it: the
 * forward pass for training and that of model/ agree for every kind.
 */
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>

#include "check.h"
#include "format/safetensors_write.h"
#include "math/kernels.h"
#include "model/model.h"
#include "net_sample.h"

static int
write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    if (!file) {
        return -1;
    }
    fputs(text, file);
    return fclose(file);
}

/* Save a sample as a model directory; its path. */
static const char *
save(const struct sample *s, const struct sample_kind *kind)
{
    struct safetensors_item items[64] = {{0}};
    char name[32], file[64];
    const char *dir;
    size_t n;
    const struct net_parameter *table = net_parameters(s->net, &n);

    snprintf(name, sizeof(name), "net-%s", s->config.architecture);
    dir = check_scratch(name);
    mkdir(dir, 0777);
    for (size_t i = 0; i < n; i++) {
        items[i].name = table[i].name;
        items[i].data = s->parameters + table[i].offset;
        items[i].rows = table[i].is_vector ? 0 : table[i].rows;
        items[i].columns =
            table[i].is_vector ? table[i].rows : table[i].columns;
    }
    snprintf(file, sizeof(file), "%s/config.json", name);
    CU_ASSERT_EQUAL(write_text(check_scratch(file), kind->config), 0);
    snprintf(file, sizeof(file), "%s/model.safetensors", name);
    CU_ASSERT_EQUAL(
        safetensors_write(check_scratch(file), items, n, TENSOR_F32), 0);
    return dir;
}

/* Nats of the batch by the model in a directory; NaN if it does not load. */
static double
nats_of_model(const char *dir, const struct sample *s)
{
    const struct kernels *kernels = kernels_find(MATH_EXACT, NULL);
    const struct net_batch *b = &s->batch;
    struct model *model = model_open(dir, kernels, 1);
    struct model_state *state =
        model ? model_state_new(model, b->T, b->T, 1) : NULL;
    float logits[37];
    double nats = state ? 0.0 : (double)NAN;

    for (size_t i = 0; state && i < b->B; i++) {
        model_state_clear(state);
        model_extend(state, b->tokens + i * b->T, b->T);
        for (size_t t = 0; t < b->T; t++) {
            const uint32_t target = b->targets[i * b->T + t];
            double total = 0.0;

            model_logits(state, logits, t, 1);
            for (size_t v = 0; v < 37; v++) {
                total += exp((double)logits[v]);
            }
            if (target != UINT32_MAX) {
                nats += log(total) - (double)logits[target];
            }
        }
    }
    model_state_free(state);
    model_close(model);
    return nats;
}

static void
test_a_saved_net_is_the_same_model(void)
{
    const struct net_options options = {
        .kernels = kernels_find(MATH_EXACT, NULL), .n_threads = 1};

    for (size_t k = 0; k < SAMPLE_KINDS; k++) {
        struct sample s;

        CU_ASSERT_FATAL(sample_init(&s, &sample_kinds[k], &options));
        sample_fill(&s, &sample_kinds[k]);
        sample_learn(&s);
        check_within(sample_kinds[k].name, s.nats,
            nats_of_model(save(&s, &sample_kinds[k]), &s),
            1e-6 * (double)sample_kinds[k].loudness * s.nats, __FILE__,
            __LINE__);
        sample_release(&s);
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_a_saved_net_is_the_same_model),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("net_saved", tests)

/*
 * test_rope.c
 *
 * Rotary frequencies are powers of theta, scaled by the published rules in
 * each of their ranges; the tables are cosine and sine of position times
 * frequency to the last bit of a float.
 */
#include "model/model_rope.h"

#include <math.h>

#include "check.h"

#define N_PAIRS     ((size_t)32)
#define N_POSITIONS ((size_t)300)
#define TWO_PI      6.283185307179586476925

/* elementary_pow promises 1e-14. */
#define TOLERANCE 2e-14

static const struct model_rope plain = {
    .kind = MODEL_ROPE_PLAIN,
    .theta = 500000,
};

static void
test_plain_frequencies_are_powers_of_theta(void)
{
    double f[N_PAIRS];

    model_rope_frequencies(f, &plain, N_PAIRS);
    CU_ASSERT_EQUAL(f[0], 1);
    for (size_t i = 0; i < N_PAIRS; i++) {
        CHECK_NEAR(f[i], pow(500000, -(double)i / N_PAIRS), TOLERANCE);
    }
}

static void
test_linear_scaling_divides_every_frequency(void)
{
    struct model_rope linear = plain;
    double f[N_PAIRS], scaled[N_PAIRS];

    linear.kind = MODEL_ROPE_LINEAR;
    linear.factor = 4;
    model_rope_frequencies(f, &plain, N_PAIRS);
    model_rope_frequencies(scaled, &linear, N_PAIRS);
    for (size_t i = 0; i < N_PAIRS; i++) {
        CU_ASSERT_EQUAL(scaled[i] * 4, f[i]);
    }
}

/* The numbers of Llama 3.1; wavelengths as in its publication. */
static void
test_llama3_scaling_has_three_ranges(void)
{
    const struct model_rope llama3 = {
        .kind = MODEL_ROPE_LLAMA3,
        .theta = 500000,
        .factor = 8,
        .low_turns = 1,
        .high_turns = 4,
        .original_positions = 8192,
    };
    double f[N_PAIRS], scaled[N_PAIRS];
    unsigned n_kept = 0, n_divided = 0, n_between = 0;

    model_rope_frequencies(f, &plain, N_PAIRS);
    model_rope_frequencies(scaled, &llama3, N_PAIRS);
    for (size_t i = 0; i < N_PAIRS; i++) {
        double wavelength = TWO_PI / f[i];
        if (wavelength < 8192 / 4.0) {
            CU_ASSERT_EQUAL(scaled[i], f[i]);
            n_kept++;
        } else if (wavelength > 8192 / 1.0) {
            CU_ASSERT_EQUAL(scaled[i], f[i] / 8);
            n_divided++;
        } else {
            double smooth = (8192 / wavelength - 1) / (4 - 1);
            CHECK_NEAR(
                scaled[i], (1 - smooth) * f[i] / 8 + smooth * f[i], TOLERANCE);
            n_between++;
        }
    }
    CU_ASSERT(n_kept > 0 && n_divided > 0 && n_between > 0);
}

static void
test_tables_are_cosine_and_sine(void)
{
    static float cosine[300 * 32], sine[300 * 32];
    double f[N_PAIRS];

    model_rope_frequencies(f, &plain, N_PAIRS);
    model_rope_tables(cosine, sine, f, N_POSITIONS, N_PAIRS);
    for (size_t t = 0; t < N_POSITIONS; t++) {
        for (size_t i = 0; i < N_PAIRS; i++) {
            double angle = (double)t * f[i];
            /* half a unit in the last place of 1, and a little */
            CHECK_WITHIN(
                (double)cosine[t * N_PAIRS + i], cos(angle), 0x1.01p-25);
            CHECK_WITHIN((double)sine[t * N_PAIRS + i], sin(angle), 0x1.01p-25);
        }
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_plain_frequencies_are_powers_of_theta),
    CHECK_TEST(test_linear_scaling_divides_every_frequency),
    CHECK_TEST(test_llama3_scaling_has_three_ranges),
    CHECK_TEST(test_tables_are_cosine_and_sine),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("rotary positions", tests)

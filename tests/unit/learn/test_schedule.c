/*
 * test_schedule.c
 *
 * The rate follows the closed form of its kind: it rises over the warm-up,
 * never exceeds 1, and ends at the last factor; a cooldown goes on a line from
 * where it begins.  The curriculum gives each
 * step the context of its share of the run.
 */
#include "check.h"

#include <math.h>

#include "base/report.h"
#include "learn/curriculum.h"
#include "learn/schedule.h"

#define N_STEPS 1000
#define WARMUP  50
#define LAST    0.1

static struct schedule
make(enum schedule_kind kind)
{
    return (struct schedule){kind, N_STEPS, WARMUP, 0.4, LAST};
}

static void
test_rates_rise_linearly_over_the_warm_up(void)
{
    for (int kind = 0; kind < SCHEDULE_KINDS; kind++) {
        struct schedule s = make((enum schedule_kind)kind);
        for (uint64_t step = 0; step < WARMUP; step++) {
            CHECK_NEAR(schedule_factor(&s, step), (step + 1.0) / WARMUP, 1e-15);
        }
        CHECK_NEAR(schedule_factor(&s, WARMUP), 1, 1e-15);
    }
}

static void
test_each_kind_has_its_closed_form(void)
{
    struct schedule constant = make(SCHEDULE_CONSTANT);
    struct schedule cosine = make(SCHEDULE_COSINE);
    struct schedule linear = make(SCHEDULE_LINEAR);
    struct schedule wsd = make(SCHEDULE_WSD);

    for (uint64_t step = WARMUP; step <= N_STEPS; step++) {
        double x = (double)(step - WARMUP) / (N_STEPS - WARMUP);
        double y = step < 600 ? 0 : ((double)step - 600) / 400;
        CHECK_NEAR(schedule_factor(&constant, step), 1, 0);
        CHECK_NEAR(schedule_factor(&cosine, step),
            LAST + (1 - LAST) * (1 + cos(acos(-1) * x)) / 2, 1e-12);
        CHECK_NEAR(schedule_factor(&linear, step), 1 + x * (LAST - 1), 1e-12);
        CHECK_NEAR(schedule_factor(&wsd, step), 1 + y * (LAST - 1), 1e-12);
    }
}

static void
test_no_warm_up_begins_at_one(void)
{
    struct schedule s = make(SCHEDULE_LINEAR);

    s.warmup_steps = 0;
    CHECK_NEAR(schedule_factor(&s, 0), 1, 0);
}

static void
test_cooldown_goes_on_a_line_to_last(void)
{
    struct schedule s = make(SCHEDULE_CONSTANT);

    CHECK_NEAR(schedule_cooldown(&s, 0.7, 500, 500), 0.7, 1e-15);
    CHECK_NEAR(schedule_cooldown(&s, 0.7, 500, 750), (0.7 + LAST) / 2, 1e-12);
    CHECK_NEAR(schedule_cooldown(&s, 0.7, 500, N_STEPS), LAST, 1e-12);
}

static void
test_names_are_found(void)
{
    enum schedule_kind kind;

    for (int k = 0; k < SCHEDULE_KINDS; k++) {
        const char *name = schedule_name((enum schedule_kind)k);
        CU_ASSERT_EQUAL(schedule_find(&kind, name), 0);
        CU_ASSERT_EQUAL((int)kind, k);
    }
    CU_ASSERT_EQUAL(schedule_find(&kind, "step"), -1);
}

static void
test_curriculum_changes_at_its_shares(void)
{
    struct curriculum c;

    CU_ASSERT_EQUAL_FATAL(
        curriculum_parse(&c, "128,512@0.25,2048@0.75", 16384), 0);
    CU_ASSERT_EQUAL(curriculum_context(&c, 0, 100), 128);
    CU_ASSERT_EQUAL(curriculum_context(&c, 24, 100), 128);
    CU_ASSERT_EQUAL(curriculum_context(&c, 25, 100), 512);
    CU_ASSERT_EQUAL(curriculum_context(&c, 74, 100), 512);
    CU_ASSERT_EQUAL(curriculum_context(&c, 75, 100), 2048);
    CU_ASSERT_EQUAL(curriculum_context(&c, 5000, 0), 128);
    CU_ASSERT_EQUAL(curriculum_longest(&c), 2048);
}

static void
test_wrong_curricula_are_refused(void)
{
    static const char *const wrong[] = {"", "x", "512,", "512,2048",
        "512,2048@1", "512,2048@0.5,1024@0.5", "512@0.1", "1", "-512", "512;",
        "300", "512,2048@nan"};
    struct curriculum c;

    report_hold(true, "");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CU_ASSERT_EQUAL(curriculum_parse(&c, wrong[i], 16384), -1);
    }
    report_discard();
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_rates_rise_linearly_over_the_warm_up),
    CHECK_TEST(test_each_kind_has_its_closed_form),
    CHECK_TEST(test_no_warm_up_begins_at_one),
    CHECK_TEST(test_cooldown_goes_on_a_line_to_last),
    CHECK_TEST(test_names_are_found),
    CHECK_TEST(test_curriculum_changes_at_its_shares),
    CHECK_TEST(test_wrong_curricula_are_refused),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("schedule", tests)

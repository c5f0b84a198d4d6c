/*
 * test_checkpoint.c
 *
 * A checkpoint comes back bit for bit; one that is cut off or changed
 * anywhere is called damaged and never read as something else; a directory
 * keeps the last two, and when the last is damaged the one before is taken.
 */
#include "check.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"
#include "learn/checkpoint.h"

enum { SIZE = 101 };

static float vectors[3][SIZE];

static struct checkpoint
make(uint64_t step)
{
    struct checkpoint c = {
        .state = {.step = step, .tokens = 16 * step, .mean_loss = 0.1},
        .size = SIZE,
        .n_vectors = 3,
    };
    struct attribute seed = {.group = "option",
        .name = "seed",
        .type = ATTRIBUTE_TEXT,
        .text = "17"};

    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < SIZE; j++) {
            vectors[i][j] = check_random(i * SIZE + j) * (float)step;
        }
        c.vectors[i] = vectors[i];
    }
    vectors[1][3] = -0.0f;
    vectors[2][5] = INFINITY;
    CU_ASSERT_EQUAL_FATAL(attribute_list_add(&c.identity, &seed), 0);
    return c;
}

/* A new empty directory. */
static const char *
make_directory(const char *name)
{
    const char *path = check_scratch(name);
    char command[1200];

    snprintf(command, sizeof(command), "rm -rf '%s'", path);
    CU_ASSERT_EQUAL_FATAL(system(command), 0);
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0777), 0);
    return path;
}

static void
save(const char *directory, uint64_t step)
{
    struct checkpoint c = make(step);

    CU_ASSERT_EQUAL(checkpoint_save(directory, &c), 0);
    attribute_list_release(&c.identity);
}

static void
put_bytes(const char *path, const uint8_t *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(data, 1, bytes, file), bytes);
    fclose(file);
}

static void
test_checkpoint_comes_back_bit_for_bit(void)
{
    const char *path = check_scratch("checkpoint");
    char what[256], reason[CHECKPOINT_REASON_BYTES] = "";
    struct checkpoint c = make(7), d;

    CU_ASSERT_EQUAL_FATAL(checkpoint_write(path, &c), 0);
    CU_ASSERT_EQUAL_FATAL(checkpoint_read(&d, path, reason), 0);
    CU_ASSERT(memcmp(&c.state, &d.state, sizeof(c.state)) == 0);
    CU_ASSERT_EQUAL(d.size, SIZE);
    CU_ASSERT_EQUAL_FATAL(d.n_vectors, 3);
    for (size_t i = 0; i < 3; i++) {
        CU_ASSERT(memcmp(d.vectors[i], vectors[i], sizeof(vectors[i])) == 0);
    }
    CU_ASSERT(
        attribute_all_equal(what, sizeof(what), &c.identity, &d.identity));
    checkpoint_release(&d);
    attribute_list_release(&c.identity);
}

static void
test_damage_anywhere_is_noticed(void)
{
    const char *path = check_scratch("checkpoint");
    const char *broken = check_scratch("broken");
    char reason[CHECKPOINT_REASON_BYTES];
    struct checkpoint c = make(7), d;
    struct file_map map;

    CU_ASSERT_EQUAL_FATAL(checkpoint_write(path, &c), 0);
    attribute_list_release(&c.identity);
    CU_ASSERT_EQUAL_FATAL(file_map_open(&map, path), 0);
    uint8_t *copy = mem_alloc(map.bytes + 1, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    for (size_t i = 0; i < map.bytes; i++) {
        memcpy(copy, map.data, map.bytes);
        put_bytes(broken, copy, i);
        CU_ASSERT_EQUAL(checkpoint_read(&d, broken, reason), -1);
        checkpoint_release(&d);
        copy[i] ^= 0x10;
        put_bytes(broken, copy, map.bytes);
        if (checkpoint_read(&d, broken, reason) == 0) {
            /* Only padding may change unnoticed: what is read is the same. */
            for (size_t k = 0; k < 3; k++) {
                CU_ASSERT(
                    memcmp(d.vectors[k], vectors[k], sizeof(vectors[k])) == 0);
            }
            CU_ASSERT_EQUAL(d.state.step, 7);
        }
        checkpoint_release(&d);
    }
    memcpy(copy, map.data, map.bytes);
    put_bytes(broken, copy, map.bytes + 1);
    CU_ASSERT_EQUAL(checkpoint_read(&d, broken, reason), -1);
    checkpoint_release(&d);
    mem_free(copy);
    file_map_close(&map);
}

/* Number of the step that is taken up, 0 for none. */
static int
last_step(const char *directory)
{
    struct checkpoint c;
    size_t n_damaged;
    int found = checkpoint_last(&c, &n_damaged, directory);
    int step = found == 1 ? (int)c.state.step : found;

    checkpoint_release(&c);
    return step;
}

static bool
is_there(const char *directory, uint64_t step)
{
    char path[1200];

    snprintf(path, sizeof(path), "%s/checkpoint-%012" PRIu64, directory, step);
    return file_exists(path);
}

static void
cut(const char *directory, uint64_t step)
{
    char path[1200];

    snprintf(path, sizeof(path), "%s/checkpoint-%012" PRIu64, directory, step);
    CU_ASSERT_EQUAL(truncate(path, 700), 0);
}

static void
test_directory_keeps_the_last_two(void)
{
    const char *directory = make_directory("two");

    CU_ASSERT_EQUAL(last_step(directory), 0);
    for (uint64_t step = 9; step <= 11; step++) {
        save(directory, step);
        CU_ASSERT_EQUAL(last_step(directory), (int)step);
    }
    CU_ASSERT(!is_there(directory, 9));
    CU_ASSERT(is_there(directory, 10));
    CU_ASSERT_EQUAL(checkpoint_clear(directory), 0);
    CU_ASSERT_EQUAL(last_step(directory), 0);
}

static void
test_damaged_last_gives_way_to_the_one_before(void)
{
    const char *directory = make_directory("damaged");

    save(directory, 100);
    save(directory, 205);
    cut(directory, 205);
    report_set_quiet(true);
    CU_ASSERT_EQUAL(last_step(directory), 100);
    /* Done anew: the damaged one of a later step goes. */
    save(directory, 200);
    CU_ASSERT_EQUAL(last_step(directory), 200);
    CU_ASSERT(!is_there(directory, 205));
    CU_ASSERT(is_there(directory, 100));
    cut(directory, 100);
    cut(directory, 200);
    CU_ASSERT_EQUAL(last_step(directory), 0);
    report_set_quiet(false);
}

static void
test_old_file_stays_when_the_new_one_cannot_be_written(void)
{
    const char *directory = make_directory("full");
    char limited[1300];
    struct checkpoint c = make(2);

    save(directory, 1);
    /* A directory in the way of the temporary file stands for a full disk. */
    snprintf(
        limited, sizeof(limited), "%s/.checkpoint-%012d.partial", directory, 2);
    CU_ASSERT_EQUAL_FATAL(mkdir(limited, 0777), 0);
    report_hold(true, "");
    CU_ASSERT_EQUAL(checkpoint_save(directory, &c), -1);
    report_discard();
    report_hold(false, NULL);
    CU_ASSERT_EQUAL(last_step(directory), 1);
    attribute_list_release(&c.identity);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_checkpoint_comes_back_bit_for_bit),
    CHECK_TEST(test_damage_anywhere_is_noticed),
    CHECK_TEST(test_directory_keeps_the_last_two),
    CHECK_TEST(test_damaged_last_gives_way_to_the_one_before),
    CHECK_TEST(test_old_file_stays_when_the_new_one_cannot_be_written),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("checkpoint", tests)

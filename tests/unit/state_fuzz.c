/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Modified states of a virtual cluster: each is rejected, or the cluster continues from it for a
 * while, to any end. Valid states of several clusters with a few bytes or numbers changed: [states
 * of each [seed]].
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/rng.h>

#include "cluster_fixture.h"

#define USUAL "\"trace\":\"synth:outdoors\",\"checkpoint_period\":5"
#define LOOKS 6 /* of 64 events each */

static const char artifact[] = "\"step_s\":1.11,\"compress_s\":0.39,\"decompress_s\":0.61,"
                               "\"watts_compute\":12.7,\"watts_communicate\":4.2,"
                               "\"watts_stall\":3.85,\"server_compress_s\":0.1,"
                               "\"server_unpack_s\":0.3,\"send_buffer\":4e4,"
                               "\"answers\":\"waiting\"";

static const struct trial clusters[] = {
    {.library = "BSP", .workers = 3},
    {.library = "SSP", .threshold = 2, .workers = 4, .worker = artifact},
    {.library = "ROG", .threshold = 4, .workers = 5},
    {.library = "ROG", .threshold = 4, .workers = 5, .worker = artifact},
    {.library = "ROG", .threshold = 2, .workers = 2, .train = true},
    {.library = "SSP",
     .threshold = 3,
     .workers = 3,
     .train = true,
     .settings =
         USUAL ",\"server_optimizer\":\"adam\",\"server_optimizer_parameters\":{\"every\":2}"},
};

static struct trial make(const struct trial *of)
{
    struct trial trial = *of;
    if (!trial.settings)
        trial.settings = USUAL;
    trial.iterations = 10;
    trial.wire_scale = 40;
    return trial;
}

static void release(struct trial *trial)
{
    free(trial->events);
    free(trial->state);
}

/* Returns a special number, or any. */
static uint64_t odd_number(struct rog_rng *rng)
{
    static const uint64_t odd[] = {0,          1,          2,          3,          255,       65535,
                                   0x7fffffff, 0x80000000, 0xffffffff, UINT64_MAX, 1ull << 32};
    const double reals[] = {NAN, INFINITY, -1, 1e300, -1e300, 0.5, 1e9};
    uint32_t which = rog_rng_below(rng, 24);
    uint64_t bits = rog_rng_u64(rng);
    if (which < sizeof odd / sizeof *odd)
        bits = odd[which];
    else if (which < 18)
        memcpy(&bits, &reals[which % 7], sizeof bits);
    return bits;
}

/* Members are at multiples of 4 bytes, except in messages. */
static void change(uint8_t *state, size_t size, struct rog_rng *rng)
{
    for (uint32_t changes = 1 + rog_rng_below(rng, 4); changes > 0; changes--) {
        size_t at = rog_rng_u64(rng) % size;
        size_t bytes = (size_t)1 << rog_rng_below(rng, 4);
        if (bytes >= 4)
            at = at / 4 * 4;
        uint64_t number = odd_number(rng);
        if (bytes <= size - at)
            memcpy(state + at, &number, bytes);
    }
}

int main(int argc, char **argv)
{
    unsigned long states = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;
    unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    unsigned long refused = 0, went_on = 0;
    struct rog_rng rng;
    rog_rng_init(&rng, seed);
    for (size_t i = 0; i < sizeof clusters / sizeof *clusters; i++) {
        for (unsigned long k = 0; k < states; k++) {
            struct trial killed = make(&clusters[i]), rest = make(&clusters[i]);
            killed.snapshot_at = 2 + rog_rng_below(&rng, 6);
            if (trial_run(&killed) && killed.state_size > 0) {
                change(killed.state, killed.state_size, &rng);
                rest.resume = &killed;
                rest.made_up = true;
                rest.looks_max = LOOKS;
                if (trial_run(&rest) == ROG_EFORMAT)
                    refused++;
                else
                    went_on++;
            }
            release(&rest);
            release(&killed);
        }
    }
    printf("%lu refused, %lu went on\n", refused, went_on);
    return refused > 0 && went_on > 0 ? 0 : 1;
}

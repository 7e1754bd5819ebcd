/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_SCHEDULE_H
#define ROG_RUN_SCHEDULE_H

/*
 * The times at which the server saves the model, as published: at multiples of a period that begins
 * with `period_s` and grows by the factor `growth` after every `count` checkpoints. With 60 s, 20
 * and 3 (the defaults) that is 0, 60 .. 1140, 1260, 1440 .. 4680, 4860, 5400 .. s, as in the
 * published runs' accuracy.csv.
 */

#include <stdint.h>

struct rog_schedule {
    double period_s, growth;
    uint32_t count;
    uint32_t taken; /* checkpoints so far */
    double last_s;  /* time of the last checkpoint */
    double next_s;  /* time of the next checkpoint */
};

void rog_schedule_init(struct rog_schedule *schedule, double period_s, uint32_t count,
                       double growth);
/* Call it when the checkpoint that was due has been taken. */
void rog_schedule_advance(struct rog_schedule *schedule);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_TIMES_H
#define ROG_SIM_TIMES_H

/* Recorded times of iterations: a text file with the line "step_s", then one number of seconds >= 0
 * per line; or the line "step_s,padding_s", then two numbers per line: the second is the sleep
 * after computing. Empty lines and comments as in bandwidth traces (librog/trace/lines.h). */

#include <stdint.h>

#include <rog/error.h>

struct rog_times {
    double *step_s;    /* [count] heap */
    double *padding_s; /* [count] heap; NULL: not recorded */
    uint32_t count;
};

/* ROG_ENOTFOUND and ROG_EIO for a file that cannot be read; ROG_EFORMAT with file and line for one
 * that has another format or no times. */
int rog_times_read(struct rog_times *times, const char *path, struct rog_error *err);
void rog_times_release(struct rog_times *times);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Records, for each thread, that memory ran out in a call whose result is not checked. */
#include <common/ran_out.h>

#include <stdlib.h>

#define SMALL_BYTES 4096

static _Thread_local bool ran_out;

void rog_ran_out_note(void)
{
    ran_out = true;
}

bool rog_ran_out(void)
{
    return ran_out;
}

bool rog_ran_out_now(void)
{
    void *volatile some = malloc(SMALL_BYTES);
    bool is_out = !some;
    free(some);
    return is_out;
}

int rog_ran_out_check(struct rog_error *err)
{
    return ran_out ? rog_fail_nomem(err) : ROG_OK;
}

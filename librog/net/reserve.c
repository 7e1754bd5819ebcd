/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for the tables of libuv's loops when memory has run out. */
#include <librog/net/reserve.h>

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include <common/ran_out.h>

/* One pointer per descriptor, for 4096 descriptors. */
#define RESERVE_BYTES 32768

static _Alignas(64) unsigned char reserve[RESERVE_BYTES];
static atomic_flag taken = ATOMIC_FLAG_INIT; /* never released, as the process exits then */

static void release(void *memory)
{
    if (memory != reserve)
        free(memory);
}

static void *resize(void *memory, size_t bytes)
{
    if (memory == reserve)
        return bytes <= RESERVE_BYTES ? reserve : NULL;
    void *resized = realloc(memory, bytes);
    if (resized || bytes > RESERVE_BYTES || atomic_flag_test_and_set(&taken))
        return resized;
    rog_ran_out_note();
    size_t room = memory ? malloc_usable_size(memory) : 0;
    if (room > 0)
        memcpy(reserve, memory, room < bytes ? room : bytes);
    free(memory);
    return reserve;
}

void rog_reserve_for_loops(void)
{
    uv_replace_allocator(malloc, resize, calloc, release);
}

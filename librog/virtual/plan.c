/* SPDX-License-Identifier: Apache-2.0 */
/* Computes the positions of everything in the memory region that a program and the simulation
 * share. */
#include <librog/virtual/protocol.h>

#include <librog/net/seal.h>

#define LINE 64u

/* Reserves `count` elements of a size. Returns false if the region would be too large. */
static bool put(size_t *end, size_t *place, uint64_t count, size_t size)
{
    uint64_t bytes;
    *place = *end;
    if (__builtin_mul_overflow(count, (uint64_t)size, &bytes) || bytes > INT64_MAX - LINE ||
        *end > INT64_MAX - LINE - bytes)
        return false;
    *end = (*end + (size_t)bytes + LINE - 1) / LINE * LINE;
    return true;
}

int rog_virtual_plan(struct rog_virtual_places *places, const struct rog_virtual_head *head,
                     const struct rog_layout *layout, struct rog_error *err)
{
    size_t start;
    *places = (struct rog_virtual_places){0};
    if (head->hello_bytes > ROG_FRAME_FIRST_MAX || head->layout_bytes > ROG_LAYOUT_TEXT_BYTES)
        return rog_fail(
            err, ROG_EFORMAT,
            "a hello of %llu bytes and a model's layout of %llu: at most %d and %u are allowed",
            (unsigned long long)head->hello_bytes, (unsigned long long)head->layout_bytes,
            ROG_FRAME_FIRST_MAX, ROG_LAYOUT_TEXT_BYTES);
    bool fits = put(&places->bytes, &start, 1, sizeof *head) &&
                put(&places->bytes, &places->hello, head->hello_bytes, 1) &&
                put(&places->bytes, &places->layout, head->layout_bytes, 1);
    if (!layout)
        return ROG_OK;
    uint64_t values = head->without_values ? 0 : layout->params;
    uint64_t constants = head->without_values ? 0 : layout->constants;
    fits = fits && put(&places->bytes, &places->values, values, sizeof(float)) &&
           put(&places->bytes, &places->constants, constants, sizeof(float)) &&
           put(&places->bytes, &places->gradients, values, sizeof(float)) &&
           put(&places->bytes, &places->given, layout->trained, sizeof(uint8_t)) &&
           put(&places->bytes, &places->rules, layout->trained, sizeof(struct rog_rule));
    return fits ? ROG_OK
                : rog_fail(err, ROG_EFORMAT, "a model of %llu values: its size in bytes overflows",
                           (unsigned long long)layout->params);
}

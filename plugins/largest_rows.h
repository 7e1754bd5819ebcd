/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLUGINS_LARGEST_ROWS_H
#define ROG_PLUGINS_LARGEST_ROWS_H

/* Selects the rows with the largest magnitudes, for strategies that send only a share of them. */

#include <stdint.h>
#include <string.h>

static inline uint32_t magnitude_bits(float magnitude)
{
    uint32_t bits;
    memcpy(&bits, &magnitude, sizeof bits);
    return bits;
}

/* Writes the numbers of the `count` largest of `rows` into `order`; ties go to the lowest numbers.
 * Floats that are not negative have the order of their bits, so 31 passes find the largest bits
 * that at least `count` rows reach. */
static inline void largest_rows(const float *magnitude, uint32_t rows, uint32_t count,
                                uint32_t *order)
{
    uint32_t last = 0, chosen = 0;
    for (uint32_t bit = UINT32_C(1) << 30; bit; bit >>= 1) {
        uint32_t reach = 0;
        for (uint32_t row = 0; row < rows; row++)
            reach += magnitude_bits(magnitude[row]) >= (last | bit);
        if (reach >= count)
            last |= bit;
    }
    for (uint32_t row = 0; row < rows && chosen < count; row++)
        if (magnitude_bits(magnitude[row]) > last)
            order[chosen++] = row;
    for (uint32_t row = 0; row < rows && chosen < count; row++)
        if (magnitude_bits(magnitude[row]) == last)
            order[chosen++] = row;
}

#endif

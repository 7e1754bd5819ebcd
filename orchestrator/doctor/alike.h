/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DOCTOR_ALIKE_H
#define ROG_DOCTOR_ALIKE_H

/* Merges texts that differ only in numbers: "in 0.05 s" and "in 0.31 s" become "in 0.05-0.31 s",
 * "10.42.0.2" and "10.42.0.7" become "10.42.0.2-7". */

#include <stdbool.h>

struct rog_alike;

/* NULL without memory. */
struct rog_alike *rog_alike_new(const char *text);
/* Adds a text if it matches; otherwise returns false. */
bool rog_alike_take(struct rog_alike *alike, const char *text);
/* Heap memory; NULL without memory. */
char *rog_alike_text(const struct rog_alike *alike);
void rog_alike_free(struct rog_alike *alike);

#endif

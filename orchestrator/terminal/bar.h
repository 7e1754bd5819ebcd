/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TERMINAL_BAR_H
#define ROG_ORCHESTRATOR_TERMINAL_BAR_H

/* The progress of a download on standard error: on a terminal a bar that is redrawn in place,
 * otherwise occasional plain lines. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orchestrator/terminal/output.h>

struct rog_bar {
    const char *label; /* what is downloaded; borrowed */
    bool quiet, terminal;
    bool drawn; /* there is a bar on the screen */
    double begin_s, drawn_s;
    int64_t begin_bytes; /* bytes that were there at the start; -1: not started */
};

void rog_bar_init(struct rog_bar *bar, const struct rog_output *output, const char *label);
/* Bytes received and in total (0: unknown); may be called more often than the bar is redrawn. */
void rog_bar_show(struct rog_bar *bar, int64_t have_bytes, int64_t total_bytes);
/* Erases the bar before something else is printed. */
void rog_bar_clear(struct rog_bar *bar);

/* Formats one line of at most `width` columns: `have` of `total` bytes (0: unknown) after `seconds`
 * in which `fresh` bytes arrived. Also used by tests. */
void rog_bar_line(const char *label, int64_t have, int64_t total, int64_t fresh, double seconds,
                  size_t width, char *text, size_t bytes);

#endif

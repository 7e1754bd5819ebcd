/* SPDX-License-Identifier: Apache-2.0 */
/* Draws the progress bar of a download, or prints plain lines without a terminal. */
#include <orchestrator/terminal/bar.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/screen.h>
#include <orchestrator/text/label.h>

#define REDRAW_S 0.1
#define PLAIN_S 10.0
#define DEFAULT_WIDTH 80
#define BAR_LEAST 10
#define BAR_MOST 40

/* Writes the numbers beside the bar; `brief`: without rate and time left. */
static void say_numbers(int64_t have, int64_t total, int64_t fresh, double seconds, bool brief,
                        char *text, size_t bytes)
{
    size_t used = 0;
    if (total > 0)
        used = (size_t)snprintf(text, bytes, " %3d%%  %.1f of %.1f MB", (int)(100 * have / total),
                                (double)have / 1e6, (double)total / 1e6);
    else
        used = (size_t)snprintf(text, bytes, "  %.1f MB", (double)have / 1e6);
    if (brief || seconds < 0.5 || fresh <= 0)
        return;
    double rate = (double)fresh / seconds;
    used += (size_t)snprintf(text + used, bytes - used, "  %.1f MB/s", rate / 1e6);
    if (total > have && (double)(total - have) / rate < 86400) {
        long left_s = (long)((double)(total - have) / rate + 0.5);
        snprintf(text + used, bytes - used, "  %ld:%02ld left", left_s / 60, left_s % 60);
    }
}

void rog_bar_line(const char *label, int64_t have, int64_t total, int64_t fresh, double seconds,
                  size_t width, char *text, size_t bytes)
{
    char numbers[96], bar[BAR_MOST + 4] = "";
    say_numbers(have, total, fresh, seconds, false, numbers, sizeof numbers);
    size_t columns = rog_label_columns(label);
    if (columns + strlen(numbers) > width)
        say_numbers(have, total, fresh, seconds, true, numbers, sizeof numbers);
    size_t taken = columns + strlen(numbers) + 3; /* a space and the brackets */
    if (total > 0 && have <= total && taken + BAR_LEAST <= width) {
        size_t length = width - taken < BAR_MOST ? width - taken : BAR_MOST;
        size_t full = (size_t)((double)length * (double)have / (double)total);
        bar[0] = ' ';
        bar[1] = '[';
        memset(bar + 2, '#', full);
        memset(bar + 2 + full, '.', length - full);
        bar[2 + length] = ']';
        bar[3 + length] = '\0';
    }
    snprintf(text, bytes, "%s%s%s", label, bar, numbers);
    text[rog_label_fit(text, width)] = '\0';
}

void rog_bar_init(struct rog_bar *bar, const struct rog_output *output, const char *label)
{
    *bar = (struct rog_bar){
        .label = label,
        .quiet = output->quiet,
        .terminal = rog_screen_of(STDERR_FILENO).terminal,
        .begin_s = rog_clock_s(),
        .begin_bytes = -1,
    };
    bar->drawn_s = bar->begin_s;
}

void rog_bar_show(struct rog_bar *bar, int64_t have_bytes, int64_t total_bytes)
{
    double now = rog_clock_s();
    if (bar->begin_bytes < 0 || have_bytes < bar->begin_bytes) {
        bar->begin_bytes = have_bytes;
        bar->begin_s = now;
    }
    if (bar->quiet || now - bar->drawn_s < (bar->terminal ? REDRAW_S : PLAIN_S))
        return;
    bar->drawn_s = now;
    char line[256];
    size_t columns = rog_screen_of(STDERR_FILENO).columns;
    size_t width = (columns ? columns : DEFAULT_WIDTH) - 1;
    rog_bar_line(bar->label, have_bytes, total_bytes, have_bytes - bar->begin_bytes,
                 now - bar->begin_s, width, line, sizeof line);
    if (bar->terminal)
        fprintf(stderr, "\r\033[K%s", line);
    else
        fprintf(stderr, "%s\n", line);
    fflush(stderr);
    bar->drawn = bar->terminal;
}

void rog_bar_clear(struct rog_bar *bar)
{
    if (bar->drawn)
        fprintf(stderr, "\r\033[K");
    bar->drawn = false;
}

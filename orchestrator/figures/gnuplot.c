/* SPDX-License-Identifier: Apache-2.0 */
/* Runs gnuplot on scripts, for each format. */
#include <orchestrator/figures/gnuplot.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/process.h>
#include <orchestrator/text/quote.h>

#define DESKTOP_TIMEOUT_S 20.0 /* a program that runs longer is the viewer itself */
#define STOPPED_EVERY_S 0.1

/* Returns the commands to run before the scripts: they set the formats to draw and the folder. */
static char *preamble(const char *folder, const char *formats)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (!file)
        return NULL;
    fprintf(file, "formats = '%s'; cd ", formats);
    rog_quote_gnuplot_path(file, folder);
    if (fclose(file) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

int rog_gnuplot_run(const char *folder, const char *const *scripts, size_t count,
                    const char *formats, double timeout_s, struct rog_error *err)
{
    int code = 0;
    if (count == 0)
        return 0;
    /* -d: no initialization files of the user or the system. */
    static const char *const options[] = {"gnuplot", "-d", "-e"};
    size_t given = sizeof options / sizeof *options;
    char *before = preamble(folder, formats);
    const char **argv = calloc(given + count + 2, sizeof *argv);
    if (!before || !argv) {
        code = rog_fail_nomem(err);
        goto out;
    }
    memcpy(argv, options, sizeof options);
    argv[given] = before;
    memcpy(argv + given + 1, scripts, count * sizeof *scripts);
    code = rog_process_run(argv, timeout_s, NULL, err);
    if (code == ROG_ENOTFOUND)
        code = rog_fail(err, ROG_EFAILED,
                        "gnuplot, which draws the figures, is not installed: install the package "
                        "gnuplot-nox (apt-get install gnuplot-nox) and use `rogctl redraw`");
    else if (code == ROG_EFAILED)
        code = rog_fail_prefix(err, "the figures could not be drawn (gnuplot 5.4 with its cairo "
                                    "terminals is needed, package gnuplot-nox)");
out:
    free(argv);
    free(before);
    return code;
}

/* Waits up to DESKTOP_TIMEOUT_S, and returns whether the program ended in this time. */
static bool await_desktop(struct rog_process *process, bool (*stopped)(void *user), void *user)
{
    double until_s = rog_clock_s() + DESKTOP_TIMEOUT_S;
    while (!rog_process_wait(process, STOPPED_EVERY_S))
        if ((stopped && stopped(user)) || rog_clock_s() >= until_s)
            return false;
    return true;
}

int rog_open_with_desktop(const char *path, bool (*stopped)(void *user), void *user,
                          struct rog_error *err)
{
    char *word = rog_path_argument(path);
    if (!word)
        return rog_fail_nomem(err);
    const char *const argv[] = {"xdg-open", word, NULL};
    const struct rog_process_options how = {.argv = argv, .log = "/dev/null", .outlives = true};
    struct rog_process process;
    int code = rog_process_start(&process, &how, err);
    if (!code && await_desktop(&process, stopped, user) && process.status != 0)
        code = rog_fail(err, ROG_EFAILED, "xdg-open %s failed (%s %d)", path,
                        process.signal ? "signal" : "exit status",
                        process.signal ? process.signal : process.status);
    if (code == ROG_ENOTFOUND)
        code = rog_fail(err, ROG_EFAILED,
                        "xdg-open, which opens figures, is not installed: install the package "
                        "xdg-utils, or open %s yourself",
                        path);
    free(word);
    return code;
}

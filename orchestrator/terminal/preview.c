/* SPDX-License-Identifier: Apache-2.0 */
/* Shows pictures in a terminal that supports it. */
#include <orchestrator/terminal/preview.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <common/file.h>
#include <common/process.h>
#include <common/screen.h>

#define COLUMNS_MAX 80
#define SHOW_TIMEOUT_S 30.0

bool rog_preview_has_terminal(void)
{
    return rog_screen_of(STDOUT_FILENO).terminal && tcgetpgrp(STDOUT_FILENO) == getpgrp();
}

static size_t columns(void)
{
    size_t columns = rog_screen_of(STDOUT_FILENO).columns;
    return columns && columns < COLUMNS_MAX ? columns : COLUMNS_MAX;
}

static int run_chafa(const char *path, struct rog_error *err)
{
    char size[32];
    snprintf(size, sizeof size, "--size=%zux", columns());
    const char *const argv[] = {"chafa", size, path, NULL};
    const struct rog_process_options how = {.argv = argv, .has_terminal = true};
    struct rog_process process;
    int code = rog_process_start(&process, &how, err);
    if (code == ROG_ENOTFOUND)
        return rog_fail(err, code,
                        "chafa, which shows pictures in a terminal, is not installed; hint: "
                        "install the package chafa (apt-get install chafa)");
    if (code)
        return code;
    bool ended = rog_process_wait(&process, SHOW_TIMEOUT_S);
    rog_process_kill(&process);
    if (!ended)
        return rog_fail(err, ROG_EFAILED, "chafa %s: timed out after %g s, killed", path,
                        SHOW_TIMEOUT_S);
    return process.status == 0 ? 0
                               : rog_fail(err, ROG_EFAILED, "chafa %s failed (%s %d)", path,
                                          process.signal ? "signal" : "exit status",
                                          process.signal ? process.signal : process.status);
}

int rog_preview_show(const char *path, struct rog_error *err)
{
    char *word = rog_path_argument(path);
    int code = word ? run_chafa(word, err) : rog_fail_nomem(err);
    free(word);
    return code;
}

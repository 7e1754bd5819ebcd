/* SPDX-License-Identifier: Apache-2.0 */
/* Collects notes and accounts while the files of an artifact's run are read. */
#include <orchestrator/import/artifact_run.h>

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

void rog_artifact_note(struct rog_artifact *run, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    rog_json_append(run->notes, rog_json_new_string(text));
}

void rog_artifact_account(struct rog_artifact *run, const struct rog_account *account)
{
    assert(rog_account_adds_up(account));
    rog_json_append(run->files, rog_account_json(account));
}

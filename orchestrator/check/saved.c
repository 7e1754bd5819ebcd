/* SPDX-License-Identifier: Apache-2.0 */
/* Compares the table of checkpoints with their files and with their test results. */
#include <orchestrator/check/saved.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/hash.h>
#include <orchestrator/store/checkpoints.h>
#include <orchestrator/store/paths.h>

#define EXACT 1e-9 /* relative, for numbers written with 12 digits */

/* A checkpoint, and the context of its check. */
struct saved {
    struct rog_db *db;
    const struct rog_record *record;
    const struct rog_checkpoint *checkpoint;
    const char *name; /* in the run's folder */
    struct rog_finding_list *list;
};

static int check_file(const struct saved *at, struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    char *path = rog_store_path(rog_db_path(at->db), at->checkpoint->path);
    int code = path ? 0 : rog_fail_nomem(err);
    if (code == 0 && !rog_file_exists(path)) {
        rog_finding_unchecked(at->list, "the files: %s does not exist", path);
    } else if (code == 0) {
        code = rog_sha256_file(path, hex, err);
        at->list->checked++;
        if (code == 0 && at->checkpoint->sha256 && strcmp(hex, at->checkpoint->sha256) != 0)
            rog_finding_add(at->list,
                            "%s at %.6f s: the file is not the one that was saved: its SHA-256 is "
                            "%s, recorded is %s",
                            at->name, at->checkpoint->t, hex, at->checkpoint->sha256);
    }
    free(path);
    return code;
}

/* Checks the checkpoint's iteration against the workers' pushes by then, if steps or admissions
 * show them. */
static void check_iteration(const struct saved *at)
{
    const struct rog_record *record = at->record;
    double until_s = at->checkpoint->t + record->tolerance_s;
    int64_t most = 0;
    for (size_t w = 0; w < record->workers; w++)
        for (size_t i = 0; i < record->worker[w].pushes; i++) {
            const struct rog_push *push = &record->worker[w].push[i];
            if (push->began_s <= until_s && push->iteration != ROG_RECORD_AWAY &&
                push->iteration > most)
                most = push->iteration;
        }
    at->list->checked++;
    if (at->checkpoint->iteration < 0 || at->checkpoint->iteration > most)
        rog_finding_add(at->list,
                        "%s at %.6f s: it is recorded for iteration %lld, but the fastest worker "
                        "had pushed only up to %lld",
                        at->name, at->checkpoint->t, (long long)at->checkpoint->iteration,
                        (long long)most);
}

static void check_result(const struct saved *at, const struct rog_json *tested)
{
    const struct rog_json *test = rog_json_get(tested, at->name);
    double said = rog_json_get_number(test, "accuracy", (double)NAN);
    double recorded = at->checkpoint->accuracy;
    bool done = strcmp(at->record->row.status, "done") == 0;
    if (!test) {
        if (!isnan(recorded))
            rog_finding_unchecked(at->list, "the result of %s: %s does not mention its test",
                                  at->name, ROG_TESTED);
        return;
    }
    at->list->checked++;
    if (isnan(recorded) && done)
        rog_finding_add(at->list, "%s at %.6f s: its test gave %.10g, which is not in the table",
                        at->name, at->checkpoint->t, said);
    else if (!isnan(recorded) && !(fabs(recorded - said) <= EXACT * fmax(1, fabs(said))))
        rog_finding_add(at->list, "%s at %.6f s: its result is %.10g, its test gave %.10g",
                        at->name, at->checkpoint->t, recorded, said);
}

static int check_all(struct rog_db *db, const struct rog_record *record,
                     const struct rog_json *tested, struct rog_finding_list *list,
                     struct rog_error *err)
{
    struct rog_checkpoints all;
    int code = rog_checkpoints_load(db, record->row.id, &all, err);
    for (size_t i = 0; code == 0 && i < all.count; i++) {
        const struct saved at = {db, record, &all.item[i],
                                 rog_checkpoint_name(all.item[i].path, record->row.id), list};
        code = check_file(&at, err);
        check_iteration(&at);
        check_result(&at, tested);
    }
    rog_checkpoints_release(&all);
    return code;
}

int rog_verify_saved(struct rog_db *db, const struct rog_record *record,
                     struct rog_finding_list *list, struct rog_error *err)
{
    struct rog_json *tested = NULL;
    struct rog_error cause = {0};
    if (!record->own)
        return 0;
    char *name = rog_run_folder_name(rog_db_path(db), record->row.id);
    char *folder = name ? rog_store_path(rog_db_path(db), name) : NULL;
    int code = folder ? rog_tested_load(folder, &tested, &cause) : rog_fail_nomem(&cause);
    if (code == ROG_EFORMAT) {
        rog_finding_add(list, "%s", cause.message);
        code = 0;
    }
    code = code < 0 ? rog_fail_again(err, &cause) : check_all(db, record, tested, list, err);
    rog_json_free(tested);
    free(folder);
    free(name);
    return code;
}

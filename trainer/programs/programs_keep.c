/* SPDX-License-Identifier: Apache-2.0 */
/* The state that programs keep for snapshots, and resuming from it. */
#include <trainer/programs/programs_state.h>

#include <stdlib.h>
#include <string.h>

#include <common/file.h>

#define KEPT_FILE "kept" /* in the worker's folder */
#define KEPT_MAX_BYTES ((size_t)1 << 40)

static size_t model_bytes(const struct rog_programs *programs)
{
    return programs->layout->params * sizeof(float);
}

static float *model_of(const struct worker *worker)
{
    return rog_region_values(&worker->region);
}

static int make_room(const struct rog_programs *programs, const struct worker *worker, float **copy,
                     struct rog_error *err)
{
    if (!*copy && model_of(worker))
        *copy = malloc(model_bytes(programs));
    return *copy || !model_of(worker) ? ROG_OK : rog_fail_nomem(err);
}

/* ---- asking ---- */

int programs_ask_to_keep(struct rog_programs *programs, struct worker *worker, uint32_t *flags,
                         struct rog_error *err)
{
    bool continues = worker->started && programs_is_aside(worker->result);
    *flags = worker->started || !worker->resumed ? 0 : ROG_VIRTUAL_RESUMED;
    worker->aside = continues;
    worker->kept = false;
    worker->asked_to_keep = programs->keeps && !programs->unkept.code && !continues;
    if (!worker->asked_to_keep)
        return ROG_OK;
    *flags |= ROG_VIRTUAL_KEEP;
    int code = make_room(programs, worker, &worker->handed, err);
    if (!code && worker->handed)
        memcpy(worker->handed, model_of(worker), model_bytes(programs));
    return code;
}

int programs_take_kept(struct rog_programs *programs, struct worker *worker, struct rog_error *err)
{
    const char *why_not = worker->message.text;
    if (!worker->asked_to_keep || worker->kept)
        return rog_fail(
            err, ROG_EFAILED,
            "worker %u's program sent an invalid message: it was not asked to save its state",
            worker->rank);
    worker->kept = true;
    if (why_not[0] && !programs->unkept.code)
        rog_fail(&programs->unkept, ROG_EINVAL, "worker %u's program cannot be resumed: %s",
                 worker->rank, why_not);
    return ROG_OK;
}

void programs_miss_kept(struct rog_programs *programs, struct worker *worker)
{
    if (worker->asked_to_keep && !worker->kept && !programs->unkept.code)
        rog_fail(&programs->unkept, ROG_EINVAL,
                 "worker %u's program cannot be resumed: it does not save its state when asked to "
                 "(rog_keep_due)",
                 worker->rank);
}

void rog_programs_keep(struct rog_programs *programs, bool wanted)
{
    programs->keeps = wanted;
}

/* Returns whether the worker will report about its state without further events. */
static bool will_say(const struct rog_programs *programs, const struct worker *worker)
{
    bool says = worker->standing == STANDING_COMPUTING && worker->asked_to_keep && !worker->kept;
    return says || (worker->standing == STANDING_QUEUED && programs->keeps);
}

static bool is_through(const struct worker *worker)
{
    return worker->finishes && worker->taken;
}

int rog_programs_kept(struct rog_programs *programs, bool *all, struct rog_error *err)
{
    bool outstanding = true;
    int code = ROG_OK;
    while (outstanding && !code && !programs->unkept.code) {
        outstanding = false;
        *all = true;
        for (uint32_t i = 0; i < programs->count; i++) {
            const struct worker *worker = &programs->workers[i];
            if (!worker->child || is_through(worker))
                continue;
            outstanding |= will_say(programs, worker);
            *all &= worker->kept && !worker->aside;
        }
        if (outstanding)
            code = programs_wait(programs, err);
    }
    return code || !programs->unkept.code ? code : rog_fail_again(err, &programs->unkept);
}

/* ---- saving and loading ---- */

static char *kept_path(const struct rog_programs *programs, const struct worker *worker)
{
    return rog_format("%s/worker%u/" KEPT_FILE, programs->how.out_dir, worker->rank);
}

static void save_file(const char *path, struct rog_archive *archive)
{
    char *bytes = NULL;
    size_t size = 0;
    if (rog_archive_failed(archive) ||
        rog_file_read(path, KEPT_MAX_BYTES, &bytes, &size, &archive->err))
        return;
    rog_archive_size(archive, &size);
    rog_archive_bytes(archive, bytes, size);
    free(bytes);
}

static void load_file(const char *path, struct rog_archive *archive)
{
    size_t size = 0;
    rog_archive_size(archive, &size);
    if (!rog_archive_failed(archive) && size > (size_t)(archive->end - archive->at))
        rog_archive_refuse(archive, "the saved state of a program is longer than the file");
    char *bytes = rog_archive_failed(archive) ? NULL : malloc(size + 1);
    if (!bytes && !rog_archive_failed(archive))
        rog_archive_nomem(archive);
    if (bytes)
        rog_archive_bytes(archive, bytes, size);
    if (bytes && !rog_archive_failed(archive))
        rog_file_write(path, bytes, size, &archive->err);
    free(bytes);
}

static void archive_kept(struct rog_programs *programs, struct worker *worker, bool kept,
                         struct rog_archive *archive)
{
    char *path = kept ? kept_path(programs, worker) : NULL;
    if (kept && !path)
        rog_archive_nomem(archive);
    else if (kept)
        (archive->loading ? load_file : save_file)(path, archive);
    free(path);
}

/* Saves or loads a copy of a model; nothing if there are no values. */
static void archive_model(struct rog_programs *programs, struct worker *worker, float **copy,
                          struct rog_archive *archive)
{
    if (archive->loading && make_room(programs, worker, copy, NULL))
        rog_archive_nomem(archive);
    else if (*copy)
        rog_archive_bytes(archive, *copy, model_bytes(programs));
}

static void archive_worker(struct rog_programs *programs, struct worker *worker,
                           struct rog_archive *archive)
{
    struct rog_programs_turn *turn = &worker->turn;
    float *now = model_of(worker);
    bool kept = worker->kept && !worker->aside;
    rog_archive_flag(archive, &worker->finishes);
    rog_archive_flag(archive, &worker->taken);
    rog_archive_flag(archive, &kept);
    rog_archive_number(archive, &turn->iteration, UINT32_MAX, "an iteration");
    rog_archive_number(archive, &turn->local_steps, UINT32_MAX, "local steps");
    rog_archive_bytes(archive, &turn->statistics, sizeof turn->statistics);
    if (!is_through(worker))
        archive_model(programs, worker, &worker->handed, archive);
    if (worker->taken)
        archive_model(programs, worker, archive->loading ? &worker->now : &now, archive);
    archive_kept(programs, worker, kept, archive);
    turn->worker = worker->rank - 1;
    if (archive->loading)
        worker->resumed = kept;
    if (turn->iteration == 0 || (!kept && !is_through(worker)))
        rog_archive_refuse(archive, "a program without saved state");
}

void rog_programs_archive(struct rog_programs *programs, struct rog_archive *archive)
{
    for (uint32_t i = 0; i < programs->count; i++)
        if (programs->workers[i].child)
            archive_worker(programs, &programs->workers[i], archive);
}

/* ---- resuming ---- */

/* Waits for the repeated result, which had been read before the snapshot, and drops it. */
static int drop_result(struct rog_programs *programs, struct worker *worker, struct rog_error *err)
{
    int code = programs_dispatch(programs, err);
    while (!code && worker->standing != STANDING_BROUGHT && worker->standing != STANDING_ASKING)
        code = programs_wait(programs, err);
    if (!code && (worker->standing != STANDING_BROUGHT || programs_is_aside(worker->result)))
        code = rog_fail(err, ROG_EFAILED,
                        "worker %u's program was resumed but does not repeat what it did before",
                        worker->rank);
    if (code)
        return code;
    worker->standing = STANDING_WAITING;
    worker->taken = true;
    if (worker->now)
        memcpy(model_of(worker), worker->now, model_bytes(programs));
    return ROG_OK;
}

int rog_programs_resume(struct rog_programs *programs, struct rog_error *err)
{
    int code = ROG_OK;
    for (uint32_t i = 0; i < programs->count && !code; i++) {
        struct worker *worker = &programs->workers[i];
        const struct rog_programs_turn turn = worker->turn;
        bool taken = worker->taken;
        const float *model = is_through(worker) ? worker->now : worker->handed;
        if (model)
            memcpy(model_of(worker), model, model_bytes(programs));
        if (!worker->child || is_through(worker))
            continue;
        code = rog_programs_compute(programs, &turn, err);
        worker->drops = taken;
    }
    for (uint32_t i = 0; i < programs->count && !code; i++)
        if (programs->workers[i].drops)
            code = drop_result(programs, &programs->workers[i], err);
    return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the run folder with the most progress and prepares one to resume in. */
#include <orchestrator/pool/left.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <common/file.h>
#include <orchestrator/fleet/resume.h>
#include <orchestrator/fleet/run_files.h>
#include <orchestrator/pool/files.h>
#include <orchestrator/pool/tree.h>
#include <orchestrator/store/ingest.h>

#define REST "+" /* before the name of an agent that no longer uses the folder */
#define HERE "here"
#define STINT_MAX_BYTES ((size_t)64 << 10)
#define WHOLE_T 1e300 /* only tests are left: more than any time of a run */
#define NOTHING_T (-1.0)
#define LOOKS 4 /* attempts while other agents rename and remove what was found */

/* A folder of a run, in the search for the one with the most progress. */
struct found {
    char *name; /* in runs/RUN; NULL: none */
    double t;   /* progress, s; NOTHING_T: nothing to resume from */
    double from_t;
    int takes;
    char started_at[ROG_UTC_BYTES];
    char why[512];
};

/* ---- one folder ---- */

static void copy_text(char *text, size_t bytes, const struct rog_json *stint, const char *key)
{
    snprintf(text, bytes, "%s", rog_json_get_string(stint, key, ""));
}

/* Reads a folder's progress. A folder with another hash does not count: the run has changed. */
static int read_folder(const char *folder, const char *hash, struct found *found,
                       struct rog_error *err)
{
    struct rog_json *stint = NULL;
    double t = 0;
    char *path = rog_path_join(folder, ROG_POOL_STINT);
    int code = path ? rog_pool_read_file(path, STINT_MAX_BYTES, &stint, NULL) : rog_fail_nomem(err);
    free(path);
    if (code == ROG_ENOMEM)
        return code;
    bool same = strcmp(rog_json_get_string(stint, "hash", ""), hash) == 0;
    found->t = !same                                ? NOTHING_T
               : rog_run_stream_is_whole(folder)    ? WHOLE_T
               : rog_resume_is_possible(folder, &t) ? t
                                                    : NOTHING_T;
    found->from_t = rog_json_get_number(stint, "from_t", 0);
    found->takes = same ? (int)rog_json_get_integer(stint, "takes", 0) : 0;
    copy_text(found->started_at, sizeof found->started_at, same ? stint : NULL, "started_at");
    copy_text(found->why, sizeof found->why, same ? stint : NULL, "why");
    rog_json_free(stint);
    return 0;
}

static int write_stint(const char *folder, const char *hash, const struct rog_pool_start *start,
                       struct rog_error *err)
{
    struct rog_json *stint = rog_json_object();
    char *path = rog_path_join(folder, ROG_POOL_STINT), *text = NULL;
    rog_json_put_string(stint, "hash", hash);
    rog_json_put_integer(stint, "takes", start->takes);
    rog_json_put_number(stint, "from_t", start->from_t);
    rog_json_put_string(stint, "started_at", start->started_at);
    rog_json_put_string(stint, "why", start->why);
    text = rog_json_text(stint);
    int code = path && text ? rog_file_write(path, text, strlen(text), err) : rog_fail_nomem(err);
    free(text);
    free(path);
    rog_json_free(stint);
    return code;
}

/* ---- all folders of a run ---- */

static bool is_resting(const char *name)
{
    return strncmp(name, REST, strlen(REST)) == 0;
}

/* Moves `other` to *best if it has more progress. *takes becomes the largest number of takes
 * without progress, of all agents. */
static void compare(struct found *best, struct found *other, int *takes)
{
    *takes = other->takes > *takes ? other->takes : *takes;
    bool better = !best->name || other->t > best->t ||
                  (other->t == best->t && is_resting(other->name) && !is_resting(best->name));
    if (better) {
        free(best->name);
        *best = *other;
        *other = (struct found){0};
    }
    free(other->name);
}

/* Sets *best to the folder with the most progress, and *takes to the largest number of takes. */
static int find_best(const char *runs, const char *hash, struct found *best, int *takes,
                     struct rog_error *err)
{
    DIR *dir = opendir(runs);
    if (!dir)
        return rog_fail(err, ROG_EIO, "cannot read %s: %s", runs, strerror(errno));
    struct dirent *entry;
    int code = 0;
    while (code == 0 && (entry = readdir(dir))) {
        const char *name = entry->d_name;
        struct found found = {0};
        if (!rog_pool_is_agent(is_resting(name) ? name + strlen(REST) : name))
            continue;
        char *folder = rog_path_join(runs, name);
        found.name = rog_strdup(name);
        code = folder && found.name ? read_folder(folder, hash, &found, err) : rog_fail_nomem(err);
        if (code == 0)
            compare(best, &found, takes);
        else
            free(found.name);
        free(folder);
    }
    closedir(dir);
    return code;
}

/* ---- resuming ---- */

static int rebuild(const char *folder, struct rog_error *err)
{
    int code = rog_dir_remove(folder, err);
    if (code == 0 && mkdir(folder, 0755) != 0)
        code = rog_fail(err, ROG_EIO, "cannot create %s: %s", folder, strerror(errno));
    return code;
}

/* Copies the folder, because its agent may still be writing. */
static int copy(const char *runs, const char *from, const char *agent, const char *folder,
                struct rog_error *err)
{
    char *part = rog_format("%s/.%s", runs, agent);
    int code = part ? rog_dir_remove(part, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_tree_copy(from, part, ROG_RUN_CHECKPOINTS, err);
    if (code == 0)
        code = rog_pool_replace(part, folder, err);
    if (code < 0 && part)
        rog_dir_remove(part, NULL);
    free(part);
    return code;
}

/* Gives the agent the folder with the most progress. */
static int take_over(const char *runs, const struct found *best, const char *agent,
                     const char *folder, struct rog_error *err)
{
    if (strcmp(best->name, agent) == 0)
        return 0;
    char *from = rog_path_join(runs, best->name);
    int code = from ? rog_dir_remove(folder, err) : rog_fail_nomem(err);
    if (code == 0)
        code = is_resting(best->name) ? rog_pool_replace(from, folder, err)
                                      : copy(runs, from, agent, folder, err);
    free(from);
    return code;
}

/* An agent that was considered dead may move or change a folder after it was found; then the search
 * is repeated. If no folder can be taken, the run starts again. */
static int make_folder(const char *runs, const char *agent, const char *hash, const char *folder,
                       struct found *best, int *takes, struct rog_error *err)
{
    int code = ROG_EIO;
    for (int looks = 0; code == ROG_EIO && looks < LOOKS; looks++) {
        free(best->name);
        *best = (struct found){.t = NOTHING_T};
        code = find_best(runs, hash, best, takes, err);
        if (code == 0 && best->name && best->t >= 0)
            code = take_over(runs, best, agent, folder, err);
        else if (code == 0)
            return rebuild(folder, err);
    }
    if (code != ROG_EIO)
        return code;
    best->t = NOTHING_T;
    return rebuild(folder, err);
}

int rog_pool_start_make(struct rog_pool_start *start, const struct rog_pool *pool,
                        const struct rog_pool_task *task, const char *hash, struct rog_error *err)
{
    struct found best = {.t = NOTHING_T};
    int takes = 0;
    char *runs = rog_pool_run_folder(pool, rog_pool_task_run(task), NULL);
    *start = (struct rog_pool_start){
        .folder = rog_pool_run_folder(pool, rog_pool_task_run(task), task->agent)};
    int code = runs && start->folder ? 0 : rog_fail_nomem(err);
    if (code == 0 && mkdir(runs, 0755) != 0 && errno != EEXIST)
        code = rog_fail(err, ROG_EIO, "cannot create %s: %s", runs, strerror(errno));
    if (code == 0)
        code = make_folder(runs, task->agent, hash, start->folder, &best, &takes, err);
    if (code == 0) {
        start->resumes = best.t >= 0;
        start->from_t = start->resumes ? best.t : 0;
        start->takes = start->resumes && best.t > best.from_t ? 1 : takes + 1;
        snprintf(start->why, sizeof start->why, "%s", best.why);
        rog_utc_now(start->started_at);
        if (start->resumes && best.started_at[0])
            snprintf(start->started_at, sizeof start->started_at, "%s", best.started_at);
        code = write_stint(start->folder, hash, start, err);
    }
    free(best.name);
    free(runs);
    if (code < 0)
        rog_pool_start_release(start);
    return code;
}

void rog_pool_start_release(struct rog_pool_start *start)
{
    free(start->folder);
    *start = (struct rog_pool_start){0};
}

/* ---- handing back ---- */

/* Renames the folder so that the next agent can take it as it is. */
static int release_folder(const struct rog_pool *pool, const char *run_id, const char *agent,
                          const char *folder, struct rog_error *err)
{
    char *name = rog_format(REST "%s", agent);
    char *rest = name ? rog_pool_run_folder(pool, run_id, name) : NULL;
    int code = rest ? rog_tree_move(folder, rest, err) : rog_fail_nomem(err);
    free(rest);
    free(name);
    return code;
}

int rog_pool_start_leave(const struct rog_pool_start *start, const struct rog_pool *pool,
                         const struct rog_pool_task *task, const char *hash, bool counts,
                         const char *why, struct rog_error *err)
{
    struct rog_pool_start left = *start;
    left.takes -= !counts;
    snprintf(left.why, sizeof left.why, "%s", why ? why : "");
    int code = write_stint(start->folder, hash, &left, err);
    return code < 0
               ? code
               : release_folder(pool, rog_pool_task_run(task), task->agent, start->folder, err);
}

int rog_pool_bring(const struct rog_pool *pool, const char *run_id, const char *hash,
                   const char *folder, const char *started_at, struct rog_error *err)
{
    struct rog_pool_start start = {0};
    snprintf(start.started_at, sizeof start.started_at, "%s", started_at ? started_at : "");
    char *runs = rog_pool_run_folder(pool, run_id, NULL);
    int code = runs ? rog_dir_make(runs, err) : rog_fail_nomem(err);
    if (code == 0)
        code = write_stint(folder, hash, &start, err);
    if (code == 0)
        code = release_folder(pool, run_id, HERE, folder, err);
    free(runs);
    return code;
}

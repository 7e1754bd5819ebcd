/* SPDX-License-Identifier: Apache-2.0 */
/* Creates, changes, reads and removes registry entries of sweeps. */
#include <orchestrator/sweeps/registry.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/sweeps/presence.h>
#include <orchestrator/text/quote.h>

#define ENTRY_MAX_BYTES ((size_t)16 << 20)
#define COMMAND_MAX_BYTES ((size_t)4 << 20)
#define MOST_NUMBERS 100000
/* How long entries of ended sweeps are kept. */
#define KEEP_DONE_S (24 * 3600.0)
#define KEEP_OTHER_S (7 * 24 * 3600.0)
#define UNFINISHED_S 600.0 /* a folder whose process never registered */
#define UTC "%Y-%m-%dT%H:%M:%SZ"
#define UTC_BYTES 32

struct rog_sweep {
    char *id;
    struct rog_json *entry;
};

/* ---- places ---- */

static int sweeps_folder(char **folder, struct rog_error *err)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    bool has_state = state && state[0] == '/';
    *folder = NULL;
    if (!has_state && (!home || !home[0]))
        return rog_fail(err, ROG_EINVAL,
                        "no folder to register sweeps: set XDG_STATE_HOME to a folder, or HOME");
    *folder = rog_format("%s%s/rogctl/sweeps", has_state ? state : home,
                         has_state ? "" : "/.local/state");
    return *folder ? 0 : rog_fail_nomem(err);
}

int rog_sweep_path(const char *id, const char *name, char **path, struct rog_error *err)
{
    char *folder = NULL;
    int code = sweeps_folder(&folder, err);
    *path = code == 0 ? rog_format("%s/%s%s%s", folder, id, name[0] ? "/" : "", name) : NULL;
    free(folder);
    return code == 0 && !*path ? rog_fail_nomem(err) : code;
}

int rog_sweep_forget(const char *id, struct rog_error *err)
{
    char *path = NULL;
    int code = rog_sweep_path(id, "", &path, err);
    if (code == 0)
        code = rog_dir_remove(path, err);
    free(path);
    return code;
}

int rog_sweep_claim(const char *name, char **id, struct rog_error *err)
{
    char *plain = rog_quote_file_name(name), *folder = NULL;
    *id = NULL;
    int code = plain ? sweeps_folder(&folder, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_dir_make(folder, err);
    for (int number = 1; code == 0 && !*id; number++) {
        char *made = rog_format("%s-%d", plain, number);
        char *path = made ? rog_path_join(folder, made) : NULL;
        if (!path)
            code = rog_fail_nomem(err);
        else if (mkdir(path, 0700) == 0)
            *id = rog_strdup(made);
        else if (errno != EEXIST || number >= MOST_NUMBERS)
            code = rog_fail(err, ROG_EIO, "cannot create %s: %s", path, strerror(errno));
        free(path);
        free(made);
    }
    free(folder);
    free(plain);
    return code;
}

/* ---- this process ---- */

struct rog_json *rog_sweep_command(void)
{
    struct rog_json *words = rog_json_array();
    char *data = NULL;
    size_t size = 0;
    if (rog_file_read("/proc/self/cmdline", COMMAND_MAX_BYTES, &data, &size, NULL) == 0)
        for (size_t at = 0; at < size; at += strlen(data + at) + 1)
            rog_json_append(words, rog_json_new_string(at ? data + at : "rogctl"));
    free(data);
    return words;
}

static int save(const char *id, const struct rog_json *entry, struct rog_error *err)
{
    char *path = NULL, *text = rog_json_text_pretty(entry);
    int code = text ? rog_sweep_path(id, ROG_SWEEP_FILE, &path, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_file_write(path, text, strlen(text), err);
    free(text);
    free(path);
    return code;
}

static void put_now(struct rog_json *entry, const char *name)
{
    char text[UTC_BYTES];
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(text, sizeof text, UTC, &utc);
    rog_json_put_string(entry, name, text);
}

/* Returns whether the word is --detach: with or without a terminal it is the same work. */
static bool is_about_terminal(const char *word)
{
    static const char detach[] = "--detach";
    size_t length = strlen(word);
    return length >= sizeof "--de" - 1 && strncmp(word, detach, length) == 0;
}

/* Returns the command line without words about the terminal, as text. */
static char *work_of(const struct rog_json *entry)
{
    const struct rog_json *words = rog_json_get(entry, "command");
    struct rog_json *work = rog_json_array();
    for (size_t i = 0; i < rog_json_size(words); i++)
        if (!is_about_terminal(rog_json_string(rog_json_at(words, i), "")))
            rog_json_append(work, rog_json_copy(rog_json_at(words, i)));
    char *text = rog_json_text(work);
    rog_json_free(work);
    return text;
}

static bool same_work(const struct rog_json *one, const struct rog_json *other)
{
    char *mine = work_of(one), *its = work_of(other);
    bool same = mine && its && strcmp(mine, its) == 0 &&
                strcmp(rog_json_get_string(one, "folder", ""),
                       rog_json_get_string(other, "folder", "")) == 0;
    free(mine);
    free(its);
    return same;
}

/* Removes entries of earlier executions of the same command. */
static void forget_earlier(const struct rog_json *entry)
{
    struct rog_json *sweeps = NULL;
    if (rog_sweeps_load(&sweeps, NULL) < 0)
        return;
    for (size_t i = 0; i < rog_json_size(sweeps); i++) {
        const struct rog_json *other = rog_json_at(sweeps, i);
        const char *state = rog_json_get_string(other, "state", "");
        bool is_over = strcmp(state, "ended") == 0 || strcmp(state, "killed") == 0;
        if (is_over && same_work(entry, other))
            rog_sweep_forget(rog_json_get_string(other, "id", ""), NULL);
    }
    rog_json_free(sweeps);
}

/* Takes the ID made by the process that detached this one, or makes a new one. */
static int take_id(const char *name, char **id, bool *detached, struct rog_error *err)
{
    const char *given = getenv(ROG_SWEEP_VARIABLE);
    *detached = given && given[0] && !strchr(given, '/');
    if (!*detached)
        return rog_sweep_claim(name, id, err);
    *id = rog_strdup(given);
    unsetenv(ROG_SWEEP_VARIABLE); /* not for child processes */
    return *id ? 0 : rog_fail_nomem(err);
}

int rog_sweep_open(struct rog_sweep **out, const char *name, const char *database,
                   struct rog_error *err)
{
    bool detached = false;
    char *here = getcwd(NULL, 0);
    char *path = here ? rog_path_join(here, database) : NULL;
    struct rog_sweep *sweep = calloc(1, sizeof *sweep);
    struct rog_json *entry = rog_json_object(), *command = rog_sweep_command();
    *out = NULL;
    int code = path && sweep && entry && command ? 0 : rog_fail_nomem(err);
    rog_json_put(entry, "command", command);
    rog_json_put_string(entry, "folder", here);
    if (code == 0) {
        forget_earlier(entry);
        code = take_id(name, &sweep->id, &detached, err);
    }
    if (code == 0) {
        rog_presence_put(entry);
        rog_json_put_string(entry, "id", sweep->id);
        rog_json_put_string(entry, "database", path);
        rog_json_put_bool(entry, "detached", detached);
        put_now(entry, "since");
        code = save(sweep->id, entry, err);
    }
    free(path);
    free(here);
    if (code < 0) {
        rog_json_free(entry);
        if (sweep)
            free(sweep->id);
        free(sweep);
        return code;
    }
    sweep->entry = entry;
    *out = sweep;
    return 0;
}

const char *rog_sweep_id(const struct rog_sweep *sweep)
{
    return sweep ? sweep->id : NULL;
}

bool rog_sweep_is_detached(const struct rog_sweep *sweep)
{
    return sweep && rog_json_get_bool(sweep->entry, "detached", false);
}

int rog_sweep_put(struct rog_sweep *sweep, const struct rog_json *facts, struct rog_error *err)
{
    if (!sweep)
        return 0;
    rog_json_put_all(sweep->entry, facts);
    return save(sweep->id, sweep->entry, err);
}

void rog_sweep_close(struct rog_sweep *sweep, int status, const char *message)
{
    if (!sweep)
        return;
    if (status == 0 && !rog_sweep_is_detached(sweep)) {
        rog_sweep_forget(sweep->id, NULL);
    } else {
        put_now(sweep->entry, "ended");
        rog_json_put_integer(sweep->entry, "status", status);
        rog_json_put_string(sweep->entry, "message", message);
        save(sweep->id, sweep->entry, NULL);
    }
    rog_json_free(sweep->entry);
    free(sweep->id);
    free(sweep);
}

/* ---- all sweeps ---- */

/* Returns the age in seconds of the file, or of its folder if the file does not exist. */
static double age_of(const char *folder, const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0 && stat(folder, &info) != 0)
        return 0;
    return difftime(time(NULL), info.st_mtime);
}

/* Returns whether the entry has everything that other functions rely on. */
static bool is_entry(const struct rog_json *entry)
{
    return rog_json_is_integer(rog_json_get(entry, "pid")) &&
           rog_json_size(rog_json_get(entry, "command")) > 0 &&
           rog_json_get_string(entry, "since", NULL) && rog_json_get_string(entry, "boot", NULL);
}

/* Reads an entry. NULL: there is none, or it is something else; opening a pipe would block. */
static struct rog_json *read_entry(const char *path)
{
    struct stat info;
    char *data = NULL;
    size_t size = 0;
    struct rog_json *entry = NULL;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode) ||
        rog_file_read(path, ENTRY_MAX_BYTES, &data, &size, NULL) < 0)
        return NULL;
    if (rog_json_parse(data, size, path, &entry, NULL) < 0)
        entry = NULL;
    if (entry && !is_entry(entry)) {
        rog_json_free(entry);
        entry = NULL;
    }
    free(data);
    return entry;
}

/* Loads an entry. NULL: there is none, or it has expired. */
static struct rog_json *load_one(const char *folder, const char *id)
{
    char *path = rog_path_join(folder, ROG_SWEEP_FILE);
    struct rog_json *entry = path ? read_entry(path) : NULL;
    double age_s = path ? age_of(folder, path) : 0;
    free(path);
    if (!entry && age_s > UNFINISHED_S)
        rog_sweep_forget(id, NULL);
    if (!entry)
        return NULL;
    enum rog_presence presence = rog_presence_of(entry);
    const char *ended = rog_json_get_string(entry, "ended", NULL);
    bool is_killed = !ended && presence == ROG_GONE;
    if (is_killed) { /* it is kept for some time from now on */
        put_now(entry, "ended");
        rog_json_put_bool(entry, "killed", true);
        save(id, entry, NULL);
    } else if (ended && age_s > (rog_json_get_integer(entry, "status", 1) == 0 ? KEEP_DONE_S
                                                                               : KEEP_OTHER_S)) {
        rog_sweep_forget(id, NULL);
        rog_json_free(entry);
        return NULL;
    }
    rog_json_put_string(entry, "id", id);
    rog_json_put_string(entry, "state",
                        rog_json_get_bool(entry, "killed", false) ? "killed"
                        : ended                                   ? "ended"
                        : presence == ROG_PRESENT                 ? "running"
                                                                  : "elsewhere");
    return entry;
}

static int by_beginning(const void *a, const void *b)
{
    const struct rog_json *one = *(struct rog_json *const *)a,
                          *other = *(struct rog_json *const *)b;
    int order =
        strcmp(rog_json_get_string(one, "since", ""), rog_json_get_string(other, "since", ""));
    return order ? order
                 : strcmp(rog_json_get_string(one, "id", ""), rog_json_get_string(other, "id", ""));
}

/* Returns whether a folder's name is one that rog_sweep_claim makes. */
static bool is_id(const char *name)
{
    char *plain = name[0] == '.' ? NULL : rog_quote_file_name(name);
    bool is = plain && strcmp(plain, name) == 0;
    free(plain);
    return is;
}

/* Loads all entries of the folder into `sweeps`, ordered by start. */
static int load_all(DIR *dir, const char *folder, struct rog_json *sweeps, struct rog_error *err)
{
    struct rog_json **entry = NULL;
    size_t count = 0;
    int code = 0;
    for (struct dirent *name; code == 0 && (name = readdir(dir));) {
        char *path = is_id(name->d_name) ? rog_path_join(folder, name->d_name) : NULL;
        struct rog_json *one = path ? load_one(path, name->d_name) : NULL;
        struct rog_json **more = one ? realloc(entry, (count + 1) * sizeof *entry) : NULL;
        free(path);
        if (more) {
            entry = more;
            entry[count++] = one;
        } else if (one) {
            rog_json_free(one);
            code = rog_fail_nomem(err);
        }
    }
    if (count > 1)
        qsort(entry, count, sizeof *entry, by_beginning);
    for (size_t i = 0; i < count; i++)
        rog_json_append(sweeps, entry[i]);
    free(entry);
    return code;
}

int rog_sweeps_load(struct rog_json **sweeps, struct rog_error *err)
{
    char *folder = NULL;
    *sweeps = rog_json_array();
    int code = *sweeps ? sweeps_folder(&folder, err) : rog_fail_nomem(err);
    DIR *dir = code == 0 ? opendir(folder) : NULL;
    if (dir) {
        code = load_all(dir, folder, *sweeps, err);
        closedir(dir);
    } else if (code == 0 && errno != ENOENT) {
        code = rog_fail(err, ROG_EIO, "cannot read %s: %s", folder, strerror(errno));
    }
    free(folder);
    return code;
}

const struct rog_json *rog_sweeps_find(const struct rog_json *sweeps, const char *id)
{
    for (size_t i = 0; i < rog_json_size(sweeps); i++)
        if (strcmp(rog_json_get_string(rog_json_at(sweeps, i), "id", ""), id) == 0)
            return rog_json_at(sweeps, i);
    return NULL;
}

bool rog_sweep_is_running(const struct rog_json *sweep)
{
    return strcmp(rog_json_get_string(sweep, "state", ""), "running") == 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the files of a user's training program and starts it in place of this process. */
#include <trainer/run/program.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>
#include <common/process.h>
#include <common/program_command.h>

#define FOLDER "program"

/* ---- files ---- */

/* Returns whether a name leaves the folder that it is relative to. */
static bool leaves_folder(const char *name)
{
    bool out = !name[0] || name[0] == '/';
    for (const char *at = name; *at && !out; at += at[0] == '/') {
        size_t length = strcspn(at, "/");
        out = length == 2 && strncmp(at, "..", 2) == 0;
        at += length;
    }
    return out;
}

/* Makes the file executable for everyone who may read it. */
static int make_executable(const char *path, struct rog_error *err)
{
    struct stat status;
    if (stat(path, &status) == 0 &&
        chmod(path, (status.st_mode | (status.st_mode & 0444) >> 2) & 07777) == 0)
        return ROG_OK;
    return rog_fail(err, ROG_EIO, "cannot make %s executable: %s", path, strerror(errno));
}

static int lay_file(const char *folder, const char *name, const char *text, bool executable,
                    struct rog_error *err)
{
    if (leaves_folder(name))
        return rog_fail(err, ROG_EINVAL, "files: \"%s\" is not the name of a file in a folder",
                        name);
    char *path = rog_path_join(folder, name);
    char *parent = path ? rog_path_dir(path) : NULL;
    int code = parent ? rog_dir_make(parent, err) : rog_fail_nomem(err);
    if (!code)
        code = rog_file_write(path, text, strlen(text), err);
    if (!code && executable)
        code = make_executable(path, err);
    free(parent);
    free(path);
    return code;
}

static int go_to(const char *folder, struct rog_error *err)
{
    return chdir(folder)
               ? rog_fail(err, ROG_EIO, "cannot change to folder %s: %s", folder, strerror(errno))
               : ROG_OK;
}

static bool is_among(const struct rog_json *names, const char *name)
{
    for (size_t i = 0; i < rog_json_size(names); i++)
        if (strcmp(rog_json_string(rog_json_at(names, i), ""), name) == 0)
            return true;
    return false;
}

/* Writes all files to FOLDER/program. *path is its path: heap memory. */
static int lay_files(const struct rog_run_config *config, const char *folder, char **path,
                     struct rog_error *err)
{
    *path = NULL;
    size_t count = rog_json_size(config->files);
    if (!config->command || count != rog_json_size(config->sources))
        return rog_fail(err, ROG_EINVAL,
                        "workload program needs command, and sources for each of files");
    *path = rog_path_join(folder, FOLDER);
    int code = *path ? rog_dir_make(*path, err) : rog_fail_nomem(err);
    for (size_t i = 0; i < count && !code; i++) {
        const char *name = rog_json_string(rog_json_at(config->files, i), "");
        code = lay_file(*path, name, rog_json_string(rog_json_at(config->sources, i), ""),
                        is_among(config->executables, name), err);
    }
    return code;
}

/* ---- environment ---- */

/* Copies the environment of this process. */
static int copy_environment(struct rog_program_start *start, struct rog_error *err)
{
    size_t count = 0;
    while (environ[count])
        count++;
    start->environment = calloc(count + 1, sizeof *start->environment);
    for (size_t i = 0; start->environment && i < count; i++) {
        start->environment[i] = rog_strdup(environ[i]);
        if (!start->environment[i])
            return rog_fail_nomem(err);
    }
    return start->environment ? ROG_OK : rog_fail_nomem(err);
}

static int set(struct rog_program_start *start, const char *name, const char *value,
               struct rog_error *err)
{
    size_t length = strlen(name), at = 0;
    char **list = start->environment;
    while (list[at] && (strncmp(list[at], name, length) != 0 || list[at][length] != '='))
        at++;
    char *entry = rog_format("%s=%s", name, value);
    if (entry && !list[at]) {
        list = realloc(list, (at + 2) * sizeof *list);
        if (list) {
            start->environment = list;
            list[at] = list[at + 1] = NULL;
        }
    }
    if (!entry || !list) {
        free(entry);
        return rog_fail_nomem(err);
    }
    free(list[at]);
    list[at] = entry;
    return ROG_OK;
}

/* Sets a variable to a path, made absolute so that it is valid in another folder. An inherited
 * descriptor is left as it is. */
static int set_path(struct rog_program_start *start, const char *name, const char *path,
                    struct rog_error *err)
{
    bool descriptor = strncmp(path, "/dev/fd/", 8) == 0;
    char *absolute = descriptor ? rog_strdup(path) : realpath(path, NULL);
    int code = absolute ? set(start, name, absolute, err)
                        : rog_fail(err, ROG_EINVAL, "cannot find %s: %s", path, strerror(errno));
    free(absolute);
    return code;
}

/* Adds a folder installed with this program, if it exists, to a list of folders: before or after
 * the user's. */
static int add_folder(struct rog_program_start *start, const char *name, const char *what,
                      bool in_front, struct rog_error *err)
{
    const char *before = getenv(name);
    bool alone = !before || !before[0];
    char *folder = rog_install_path(what, err), *list = NULL;
    if (!folder)
        return rog_fail_nomem(err);
    if (alone || in_front)
        list = rog_format("%s%s%s", folder, alone ? "" : ":", alone ? "" : before);
    else
        list = rog_format("%s:%s", before, folder);
    int code = !list                     ? rog_fail_nomem(err)
               : rog_file_exists(folder) ? set(start, name, list, err)
                                         : ROG_OK;
    free(list);
    free(folder);
    return code;
}

/* Sets the paths of rog-trainer, and of librog and the Python package installed with it, unless the
 * user has set them: for Python, for compilers, and for programs linked with librog. */
static int set_libraries(struct rog_program_start *start, struct rog_error *err)
{
    char *library = rog_install_library("librog.so.0", err);
    char *trainer = rog_install_path("bin/rog-trainer", err);
    int code = library && trainer ? ROG_OK : rog_fail_nomem(err);
    if (!code && !getenv("ROG_LIBRARY") && rog_file_exists(library))
        code = set(start, "ROG_LIBRARY", library, err);
    if (!code)
        code = set(start, "ROG_TRAINER", trainer, err);
    if (!code)
        code = add_folder(start, "PYTHONPATH", "lib/rog/python", true, err);
    if (!code)
        code = add_folder(start, "PKG_CONFIG_PATH", "lib/pkgconfig", false, err);
    if (!code)
        code = add_folder(start, "LD_LIBRARY_PATH", "lib", false, err);
    free(trainer);
    free(library);
    return code;
}

/* Each threading library has its own variable. A command that sets one itself overrides it. */
static int set_threads(struct rog_program_start *start, uint32_t threads, struct rog_error *err)
{
    static const char *const names[] = {"OMP_NUM_THREADS", "MKL_NUM_THREADS",
                                        "OPENBLAS_NUM_THREADS"};
    char count[16];
    int code = ROG_OK;
    snprintf(count, sizeof count, "%u", threads);
    for (size_t i = 0; threads && !code && i < sizeof names / sizeof *names; i++)
        code = set(start, names[i], count, err);
    return code;
}

/* ---- a worker ---- */

/* Returns the command for the shell. If it is a single program, the shell becomes that program by
 * `exec`: the waiting parent then sees a signal that ends the program, which a shell in between
 * would turn into an exit status. Heap memory, NULL if out of memory. */
static char *shell_command(const char *command)
{
    const char *word = command + strspn(command, " \t");
    char name[256];
    size_t length = strcspn(word, " \t");
    if (strpbrk(command, ";&|()`\n") || length >= sizeof name)
        return rog_strdup(command);
    memcpy(name, word, length);
    name[length] = '\0';
    char *path = strchr(name, '/') ? rog_strdup(name) : rog_program_path(name);
    bool is_program = path && access(path, X_OK) == 0;
    free(path);
    return is_program ? rog_format("exec %s", command) : rog_strdup(command);
}

/* Keeps messages and errors in the order in which they were written, and makes the order of
 * Python's sets, which is random, the same in each process. */
static int set_python(struct rog_program_start *start, struct rog_error *err)
{
    int code = set(start, "PYTHONUNBUFFERED", "1", err);
    return code || getenv("PYTHONHASHSEED") ? code : set(start, "PYTHONHASHSEED", "0", err);
}

static int set_worker(struct rog_program_start *start, const struct rog_program_worker *worker,
                      struct rog_error *err)
{
    char rank[16], timeout[32];
    snprintf(rank, sizeof rank, "%u", worker->rank);
    snprintf(timeout, sizeof timeout, "%.17g", worker->server_timeout_s);
    const struct {
        const char *name, *value;
    } variables[] = {
        {"ROG_SERVER", worker->server},
        {"ROG_RANK", rank},
        {"ROG_SERVER_TIMEOUT", timeout},
        {"ROG_PACE", worker->pace ? "1" : "0"},
        {"ROG_ENERGY", worker->energy ? "1" : "0"},
    };
    int code = set_path(start, "ROG_CONFIG", worker->config_path, err);
    if (!code && worker->virtual_time)
        code = set_python(start, err);
    if (!code)
        code = set_path(start, "ROG_KEY_FILE", worker->key_path, err);
    if (!code)
        code = set_path(start, "ROG_OUT", worker->out_dir, err);
    for (size_t i = 0; i < sizeof variables / sizeof *variables && !code; i++)
        code = set(start, variables[i].name, variables[i].value, err);
    return code;
}

/* Sets the command that the shell runs. */
static int set_command(struct rog_program_start *start, const char *command, uint32_t hosted,
                       struct rog_error *err)
{
    char *whole = NULL;
    int code = hosted > 1 ? rog_program_host_command(command, hosted, &whole, err) : ROG_OK;
    if (!code)
        start->command = shell_command(whole ? whole : command);
    free(whole);
    return code || start->command ? code : rog_fail_nomem(err);
}

int rog_program_prepare(struct rog_program_start *start, const struct rog_run_config *config,
                        const struct rog_program_worker *worker, struct rog_error *err)
{
    *start = (struct rog_program_start){0};
    int code = rog_dir_make(worker->out_dir, err);
    if (!code)
        code = copy_environment(start, err);
    if (!code)
        code = set_libraries(start, err);
    if (!code)
        code = set_threads(start, worker->threads, err);
    if (!code)
        code = set_worker(start, worker, err);
    if (!code)
        code = lay_files(config, worker->out_dir, &start->folder, err);
    if (!code)
        code = set_command(start, config->command, worker->hosted, err);
    if (code)
        rog_program_start_release(start);
    return code;
}

void rog_program_start_release(struct rog_program_start *start)
{
    for (char **entry = start->environment; entry && *entry; entry++)
        free(*entry);
    free(start->environment);
    free(start->folder);
    free(start->command);
    *start = (struct rog_program_start){0};
}

int rog_program_become(const struct rog_run_config *config, const struct rog_program_worker *worker,
                       struct rog_error *err)
{
    struct rog_program_start start;
    int code = rog_program_prepare(&start, config, worker, err);
    if (!code)
        code = go_to(start.folder, err);
    if (!code) {
        execle("/bin/sh", "sh", "-c", start.command, (char *)NULL, start.environment);
        code = rog_fail(err, ROG_EFAILED, "cannot execute /bin/sh: %s", strerror(errno));
    }
    rog_program_start_release(&start);
    return code;
}

/* ---- a test ---- */

/* Sets the prepared environment in this process. */
static int take_environment(const struct rog_program_start *start, struct rog_error *err)
{
    int code = ROG_OK;
    for (char **entry = start->environment; *entry && !code; entry++) {
        size_t length = strcspn(*entry, "=");
        char *name = rog_format("%.*s", (int)length, *entry);
        if (!name || (length && (*entry)[length] && setenv(name, *entry + length + 1, 1)))
            code = rog_fail_nomem(err);
        free(name);
    }
    return code;
}

int rog_program_prepare_test(const struct rog_run_config *config, const char *config_path,
                             char **folder, struct rog_error *err)
{
    struct rog_program_start start = {0};
    *folder = NULL;
    int code = copy_environment(&start, err);
    if (!code)
        code = set_path(&start, "ROG_CONFIG", config_path, err);
    if (!code)
        code = set_libraries(&start, err);
    if (!code)
        code = take_environment(&start, err);
    rog_program_start_release(&start);
    char *parent = code ? NULL : rog_path_dir(config_path);
    if (!code)
        code = parent ? lay_files(config, parent, folder, err) : rog_fail_nomem(err);
    free(parent);
    return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the wrapper of a host, without a run. */
#include <trainer/host/try.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/process.h>
#include <trainer/host/container.h>
#include <trainer/host/folder.h>
#include <trainer/host/role.h>

#define START_S 60.0 /* the first container of an image takes long to start */
#define STAY_S 0.5   /* a wrapper that waits for its command is still running after this */
#define STEP_NS 20000000L
#define STATUS_NOT_FOUND 127

struct result {
    const char *lacks;
    struct rog_error why;
};

static int lack(struct result *result, const char *what)
{
    result->lacks = what;
    return ROG_EFAILED;
}

/* Finds the cause of a wrapper's failure in its output. */
static const char *find_cause(const struct rog_host_role *role, const char *words)
{
    static const struct {
        const char *words, *lacks;
    } signs[] = {
        {"GLIBC_", "library"},
        {"could not select device driver", "gpu"},
        {"nvidia.com/gpu", "gpu"},
        {"annot connect to the", "daemon"},
        {"docker.sock", "permission"},
        {"o such container", "name"},
        {"is not running", "name"},
        {"cannot enter the folder", "folder"},
        {"/sys/fs/cgroup", "cgroup"},
        {"/rog-trainer", "folder"}, /* cannot be found; wrappers report this in many ways */
        {"ermission denied", "user"},
    };
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strstr(words, signs[i].words))
            return signs[i].lacks;
    return role->process.status == STATUS_NOT_FOUND ? "folder" : "start";
}

/* Waits until the process inside has written its user, or the wrapper has ended. */
static int await_start(struct rog_host_role *role, struct result *result)
{
    const struct timespec step = {0, STEP_NS};
    double until_s = rog_clock_s() + START_S;
    double started_s = INFINITY;
    while (rog_clock_s() < started_s + STAY_S) {
        if (started_s == INFINITY && rog_file_exists(ROG_LEASH_OUTCOME))
            started_s = rog_clock_s();
        if (rog_process_ended(&role->process)) {
            rog_host_role_explain(role, &result->why);
            return lack(result, find_cause(role, result->why.message));
        }
        if (started_s == INFINITY && rog_clock_s() > until_s) {
            rog_fail(&result->why, ROG_EFAILED, "it started nothing within %g s", START_S);
            return lack(result, "start");
        }
        nanosleep(&step, NULL);
    }
    return ROG_OK;
}

static int check_user(struct result *result)
{
    struct stat said;
    if (stat(ROG_LEASH_OUTCOME, &said) == 0 && said.st_uid == geteuid())
        return ROG_OK;
    rog_fail(&result->why, ROG_EFAILED, "its files belong to user %u, not to %u",
             (unsigned)said.st_uid, (unsigned)geteuid());
    return lack(result, "user");
}

static void start_and_end(struct rog_host_role *role, const struct rog_host_spec *spec,
                          struct result *result)
{
    struct rog_error why;
    int code = rog_host_role_start_try(role, spec, &result->why);
    if (code)
        lack(result, code == ROG_EINVAL ? "mount" : code == ROG_ENOTFOUND ? "program" : "start");
    else
        code = await_start(role, result);
    if (!code)
        code = check_user(result);
    int ended = rog_host_role_stop(role, spec, &why);
    if (!code && ended) {
        result->why = why;
        code = lack(result, "end");
    }
    if (!code && spec->container &&
        rog_host_container_ends_with_session(spec->container, &result->why))
        lack(result, "session");
}

/* Returns the wrapper's words that matter to people. */
static char *words_of(const struct rog_host_spec *spec)
{
    char *line = rog_strdup("");
    if (spec->container)
        return rog_format("%s, image %s", rog_json_get_string(spec->container, "runtime", "docker"),
                          rog_json_get_string(spec->container, "image", ""));
    for (size_t i = 0; line && i < rog_json_size(spec->wrap); i++) {
        char *longer = rog_format("%s%s%s", line, line[0] ? " " : "",
                                  rog_json_string(rog_json_at(spec->wrap, i), ""));
        free(line);
        line = longer;
    }
    return line;
}

static struct rog_json *report(const struct rog_host_spec *spec, const struct result *result)
{
    struct rog_json *found = rog_json_object();
    char *words = words_of(spec);
    rog_json_put_string(found, "lacks", result->lacks ? result->lacks : "");
    rog_json_put_string(found, "message", result->lacks ? result->why.message : "");
    rog_json_put_string(found, "words", words ? words : "");
    rog_json_put_string(found, "program",
                        spec->container ? rog_json_get_string(spec->container, "runtime", "docker")
                                        : rog_json_string(rog_json_at(spec->wrap, 0), ""));
    free(words);
    return found;
}

int rog_host_try(const char *folder, struct rog_json **found, struct rog_error *err)
{
    struct rog_host_spec spec = {0};
    struct rog_host_role role = ROG_HOST_ROLE_NONE;
    struct result result = {0};
    *found = NULL;
    umask(077);
    int code = chdir(folder) ? rog_fail(err, ROG_EINVAL, "cannot enter the folder %s: %s", folder,
                                        strerror(errno))
                             : rog_host_spec_read(&spec, ROG_HOST_SPEC, err);
    if (!code)
        code = rog_host_role_init(&role, &spec, err);
    if (!code && !role.wrapped)
        code = rog_fail(err, ROG_EINVAL, "%s has no wrapper to test", ROG_HOST_SPEC);
    if (!code) {
        rog_host_role_set_environment(&spec);
        result.lacks =
            spec.container ? rog_host_container_lacks(spec.container, &result.why) : NULL;
        if (!result.lacks)
            start_and_end(&role, &spec, &result);
        *found = report(&spec, &result);
    }
    rog_host_role_release(&role);
    rog_host_spec_release(&spec);
    return code;
}

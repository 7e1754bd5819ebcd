/* SPDX-License-Identifier: Apache-2.0 */
/* Checks whether the wrapper or container of a host starts the trainer, and lets it be stopped. */
#include <orchestrator/doctor/host_probe.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/conf/wrapper.h>

/* For the first container of an image and its end, or a program that does not answer. */
#define TIMEOUT_S 180.0

/* $1: the trainer, $2: a folder to test in, $3: its host.json. */
static const char script[] =
    "umask 077; mkdir -p \"${2%/*}\" && mkdir \"$2\" && : >\"$2/lease\" &&\n"
    "printf %s \"$3\" >\"$2/host.json\" && \"$1\" host --folder \"$2\" --try\n"
    "status=$?; rm -rf \"$2\"; exit $status\n";

static int try_there(struct rog_host_probe *probe, struct rog_json **found, struct rog_error *err)
{
    struct rog_json *spec = rog_json_object();
    bool serves = probe->role == ROG_PROBE_SERVER;
    rog_json_put_string(spec, "role", serves ? "serve" : "work");
    rog_json_put_integer(spec, "rank", serves ? 0 : 1);
    rog_wrapper_put(spec, probe->settings, 0);
    char *text = rog_json_text(spec), *said = NULL;
    char *program = rog_format("%s/" ROG_BUNDLE_PROGRAM, probe->tree);
    char *folder = rog_format("%s/runs/try-%ld-%d", probe->root, (long)getpid(),
                              (int)rog_json_get_integer(probe->settings, "rank", 0));
    const char *const argv[] = {"sh", "-c", script, "sh", program, folder, text, NULL};
    int code = text && program && folder ? ROG_OK : rog_fail_nomem(err);
    if (!code)
        code = rog_connection_command(probe->connection, argv, TIMEOUT_S, &said, err);
    if (!code)
        code = rog_json_parse(said, strlen(said), "the answer of rog-trainer host", found, err);
    free(said);
    free(folder);
    free(program);
    free(text);
    rog_json_free(spec);
    return code;
}

/* Hints. "@i" is replaced by the image, "@r" by the program that runs it or the wrapper, "@p" by
 * its package, "@u" by the user, "@h" by the ssh command to the host, "@d" by rogctl's folder
 * there, "@m" by the machine. Anything not listed is treated like the first row. */
static const struct {
    const char *lacks;
    enum rog_finding_level level;
    const char *hint;
} hints[] = {
    {"start", ROG_FINDING_BAD,
     "correct wrap or container in the cluster file: the message is from @r there"},
    {"runtime", ROG_FINDING_BAD, "install it there: sudo apt-get install @p"},
    {"permission", ROG_FINDING_BAD,
     "sudo usermod -aG docker @u there, which gives @u the rights of root; it takes effect at the "
     "next login"},
    {"daemon", ROG_FINDING_BAD, "start it there: sudo systemctl enable --now @r"},
    {"image", ROG_FINDING_BAD,
     "copy it there: a local image with @r save @i | @h @r load, one from a registry with @r pull "
     "@i there"},
    {"machine", ROG_FINDING_BAD,
     "build it for @m, or pull the one for @m (@r pull --platform ...)"},
    {"mount", ROG_FINDING_BAD, "create the folder there, or correct mounts in the cluster file"},
    {"gpu", ROG_FINDING_BAD, "install nvidia-container-toolkit there (docs/containers.md)"},
    {"library", ROG_FINDING_BAD,
     "the image is older than the trainer: run `sudo cmake/portable-bundle @m` in rogctl's source "
     "folder and set the variable that it prints, or use an image with a newer C library"},
    {"folder", ROG_FINDING_BAD,
     "the container must have @d at the same path: -v @d:@d in the command that created it"},
    {"user", ROG_FINDING_BAD,
     "run it as @u: --user $(id -u):$(id -g) of docker exec, or of docker run"},
    {"cgroup", ROG_FINDING_BAD,
     "it finds no control groups, as on the hosts of a lab: container = { ...; options = "
     "\"--cgroups=disabled\"; } (docs/containers.md)"},
    {"program", ROG_FINDING_BAD, "install it there, or correct wrap in the cluster file"},
    {"name", ROG_FINDING_BAD, "`@r ps -a` there lists containers; start it (docs/containers.md)"},
    {"end", ROG_FINDING_BAD, "it may be paused, or its runtime stuck: restart @r there"},
    {"session", ROG_FINDING_NOTE, "sudo loginctl enable-linger @u there"},
};
#define WAYS_OUT (sizeof hints / sizeof *hints)

/* Returns the text for "@" and a letter; `login`: the ssh command to the host. */
static const char *meaning(const struct rog_host_probe *probe, const struct rog_json *found,
                           const char *login, char letter)
{
    const struct rog_json *container = rog_json_get(probe->settings, "container");
    const char *program = rog_json_get_string(found, "program", "docker");
    switch (letter) {
    case 'd':
        return probe->root;
    case 'h':
        return login;
    case 'i':
        return rog_json_get_string(container, "image", "");
    case 'm':
        return rog_json_get_string(probe->facts, "machine", "its machine");
    case 'p':
        return strcmp(program, "docker") == 0 ? "docker.io" : program;
    case 'r':
        return program;
    default:
        return rog_json_get_string(probe->facts, "user", "the user");
    }
}

static void advise(struct rog_host_probe *probe, const struct rog_json *found, const char *text)
{
    char *whole = rog_strdup(""), *login = rog_host_probe_ssh(probe);
    while (whole && login && *text) {
        size_t plain = strcspn(text, "@");
        const char *value = text[plain] ? meaning(probe, found, login, text[plain + 1]) : "";
        char *longer = rog_format("%s%.*s%s", whole, (int)plain, text, value);
        free(whole);
        whole = longer;
        text += plain + (text[plain] ? 2 : 0);
    }
    if (whole)
        ROG_ADVISE(probe, "%s", whole);
    free(login);
    free(whole);
}

static void judge(struct rog_host_probe *probe, const char *check, const struct rog_json *found)
{
    const char *lacks = rog_json_get_string(found, "lacks", "start");
    const char *words = rog_json_get_string(found, "words", "");
    if (!lacks[0]) {
        ROG_FOUND(probe, check, ROG_FINDING_GOOD, "%s: the trainer starts and exits in it", words);
        return;
    }
    size_t i = WAYS_OUT - 1;
    while (i > 0 && strcmp(hints[i].lacks, lacks) != 0)
        i--;
    ROG_FOUND(probe, check, hints[i].level, "%s: %s", words,
              rog_json_get_string(found, "message", ""));
    advise(probe, found, hints[i].hint);
}

void rog_check_wrapper(struct rog_host_probe *probe)
{
    const char *check = rog_json_get(probe->settings, "container") ? "container" : "wrap";
    struct rog_json *found = NULL;
    struct rog_error why = {0};
    if (!probe->tree || !rog_wrapper_is_there(probe->settings))
        return;
    if (try_there(probe, &found, &why) == ROG_OK)
        judge(probe, check, found);
    else
        ROG_FOUND(probe, check, ROG_FINDING_BAD, "%s", why.message);
    rog_json_free(found);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines of docker and podman. */
#include <trainer/host/container.h>

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <common/container.h>
#include <common/file.h>
#include <common/process.h>

#define ASK_S 20.0
#define END_S 30.0
#define GROUPS_MAX 256
#define NAME_BYTES 200
#define SHARED_MEMORY "1g" /* docker's default, 64 MB, is too little for PyTorch's data loaders */

static const char *runtime_of(const struct rog_json *settings)
{
    return rog_json_get_string(settings, "runtime", "docker");
}

static bool is_podman(const struct rog_json *settings)
{
    return strcmp(runtime_of(settings), "podman") == 0;
}

/* ---- names ---- */

static const char *base_of(const char *folder)
{
    const char *slash = strrchr(folder, '/');
    return slash ? slash + 1 : folder;
}

/* Runtimes allow letters, digits, '_', '.' and '-'. */
static const char *name_of(const char *folder, char name[NAME_BYTES])
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_.-";
    snprintf(name, NAME_BYTES, "rogctl-%s", base_of(folder));
    for (char *at = name; *(at += strspn(at, allowed));)
        *at = '_';
    return name;
}

/* Returns rogctl's folder if `folder` is ROOT/runs/RUN, otherwise the folder. Heap memory. */
static char *root_of(const char *folder)
{
    char *runs = rog_path_dir(folder);
    char *root = runs && strcmp(base_of(runs), "runs") == 0 ? rog_path_dir(runs) : NULL;
    free(runs);
    return root ? root : rog_strdup(folder);
}

/* ---- words ---- */

static void add(struct rog_json *words, const char *word)
{
    rog_json_append(words, rog_json_new_string(word));
}

static void add_option(struct rog_json *words, const char *option, char *value)
{
    add(words, option);
    add(words, value);
    free(value);
}

static void add_split(struct rog_json *words, const char *text)
{
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        size_t length = strcspn(text, " ");
        char *word = rog_format("%.*s", (int)length, text);
        add(words, word);
        free(word);
        text += length;
    }
}

/* Returns whether root in its containers is this user on the host anyway. */
static bool maps_users(const struct rog_json *settings)
{
    const char *const argv[] = {runtime_of(settings), "info", "--format", "{{.SecurityOptions}}",
                                NULL};
    char *said = NULL;
    if (is_podman(settings))
        return true;
    bool maps = rog_process_run(argv, ASK_S, &said, NULL) == ROG_OK && strstr(said, "rootless");
    free(said);
    return maps;
}

/* Files must belong to this user, and devices must be open to the user's groups. */
static void add_user(struct rog_json *words, const struct rog_json *settings)
{
    gid_t groups[GROUPS_MAX];
    if (geteuid() == 0 || maps_users(settings))
        return;
    add_option(words, "--user", rog_format("%u:%u", (unsigned)geteuid(), (unsigned)getegid()));
    int count = getgroups(GROUPS_MAX, groups);
    for (int i = 0; i < count; i++)
        add_option(words, "--group-add", rog_format("%u", (unsigned)groups[i]));
}

/* Programs ask for the name of the user, who is not in the image's list of users. */
static void add_home(struct rog_json *words, const char *root)
{
    const struct passwd *user = getpwuid(geteuid());
    char *home = rog_path_join(root, "home");
    if (home && rog_dir_make(home, NULL) == ROG_OK)
        add_option(words, "--env", rog_format("HOME=%s", home));
    add_option(words, "--env", rog_format("USER=%s", user ? user->pw_name : "user"));
    free(home);
}

static void add_gpus(struct rog_json *words, const struct rog_json *settings)
{
    const char *gpu = rog_json_get_string(settings, "gpu", "");
    if (!gpu[0] || strcmp(gpu, "none") == 0)
        return;
    if (!is_podman(settings)) { /* docker reads the value as CSV: numbers must be quoted */
        bool all = strcmp(gpu, "all") == 0;
        add_option(words, "--gpus", all ? rog_strdup(gpu) : rog_format("\"device=%s\"", gpu));
        return;
    }
    for (; *gpu; gpu += strspn(gpu, ",")) {
        size_t length = strcspn(gpu, ",");
        add_option(words, "--device", rog_format("nvidia.com/gpu=%.*s", (int)length, gpu));
        gpu += length;
    }
}

/* docker would create a missing folder, as root. */
static int check_mount(const char *mount, struct rog_error *err)
{
    char *from = rog_format("%.*s", (int)rog_container_mount_from(mount), mount);
    int code = from ? ROG_OK : rog_fail_nomem(err);
    if (from && from[0] == '/' && !rog_file_exists(from))
        code = rog_fail(err, ROG_EINVAL, "%s does not exist and cannot be mounted", from);
    free(from);
    return code;
}

static int add_mounts(struct rog_json *words, const struct rog_json *settings, const char *root,
                      struct rog_error *err)
{
    const struct rog_json *mounts = rog_json_get(settings, "mounts");
    int code = ROG_OK;
    add_option(words, "--volume", rog_format("%s:%s", root, root));
    for (size_t i = 0; i < rog_json_size(mounts) && !code; i++) {
        const char *mount = rog_json_string(rog_json_at(mounts, i), "");
        bool same = mount[rog_container_mount_from(mount)] == '\0';
        code = check_mount(mount, err);
        add_option(words, "--volume",
                   rog_format("%s%s%s", mount, same ? ":" : "", same ? mount : ""));
    }
    return code;
}

int rog_host_container_words(struct rog_json **words, const struct rog_json *settings,
                             const char *folder, const char *program, struct rog_error *err)
{
    char name[NAME_BYTES], *root = root_of(folder);
    *words = rog_json_array();
    if (!*words || !root) {
        free(root);
        return rog_fail_nomem(err);
    }
    add_split(*words, runtime_of(settings));
    add_split(*words, "run --rm --pull never --name");
    add(*words, name_of(folder, name));
    add_option(*words, "--label", rog_format(ROG_CONTAINER_LABEL "=%s", root));
    add_option(*words, "--network", rog_strdup(rog_json_get_string(settings, "network", "host")));
    add_split(*words, "--shm-size " SHARED_MEMORY);
    add_user(*words, settings);
    add_home(*words, root);
    add_gpus(*words, settings);
    int code = add_mounts(*words, settings, root, err);
    add_split(*words, rog_json_get_string(settings, "options", ""));
    add_option(*words, "--entrypoint", rog_strdup(program));
    add(*words, rog_json_get_string(settings, "image", ""));
    free(root);
    return code;
}

/* ---- ending ---- */

void rog_host_container_remove(const struct rog_json *settings, const char *folder)
{
    char name[NAME_BYTES];
    /* podman rm would first wait for the container to end. */
    const char *const kill[] = {runtime_of(settings), "kill", name_of(folder, name), NULL};
    const char *const remove[] = {runtime_of(settings), "rm", "-f", name, NULL};
    rog_process_run(kill, END_S, NULL, NULL);
    rog_process_run(remove, END_S, NULL, NULL);
}

/* ---- what is missing ---- */

/* Returns the runtimes' name for this machine. */
static const char *machine_here(void)
{
    static const struct {
        const char *ours, *theirs;
    } names[] = {{"x86_64", "amd64"}, {"aarch64", "arm64"}, {"armv7l", "arm"}};
    struct utsname system;
    if (uname(&system) == 0)
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (strcmp(names[i].ours, system.machine) == 0)
                return names[i].theirs;
    return NULL;
}

static const char *image_lacks(const struct rog_json *settings, struct rog_error *why)
{
    const char *image = rog_json_get_string(settings, "image", ""), *here = machine_here();
    const char *const argv[] = {runtime_of(settings), "image", "inspect", "--format",
                                "{{.Architecture}}",  image,   NULL};
    char *machine = NULL;
    const char *lacks = NULL;
    if (rog_process_run(argv, ASK_S, &machine, why) != ROG_OK)
        return "image";
    machine[strcspn(machine, "\n")] = '\0';
    if (here && machine[0] && strcmp(machine, here) != 0) {
        rog_fail(why, ROG_EINVAL, "the image %s is for %s", image, machine);
        lacks = "machine";
    }
    free(machine);
    return lacks;
}

/* systemd ends a user's containers when the user has logged out. */
bool rog_host_container_ends_with_session(const struct rog_json *settings, struct rog_error *why)
{
    const struct passwd *user = getpwuid(geteuid());
    char *path = user ? rog_path_join("/var/lib/systemd/linger", user->pw_name) : NULL;
    bool lacks = is_podman(settings) && geteuid() != 0 && path && !rog_file_exists(path) &&
                 rog_file_exists("/run/systemd/system");
    if (lacks)
        rog_fail(why, ROG_EFAILED, "containers of %s stop when that user logs out", user->pw_name);
    free(path);
    return lacks;
}

/* Names every missing folder, since each has to be fixed by hand. */
static const char *mounts_lack(const struct rog_json *mounts, const char *lacks,
                               struct rog_error *why)
{
    for (size_t i = 0; i < rog_json_size(mounts); i++) {
        struct rog_error cause, before = *why;
        if (check_mount(rog_json_string(rog_json_at(mounts, i), ""), &cause) == ROG_OK)
            continue;
        rog_fail(why, ROG_EINVAL, "%s%s%s", lacks ? before.message : "", lacks ? "; " : "",
                 cause.message);
        lacks = lacks ? lacks : "mount";
    }
    return lacks;
}

const char *rog_host_container_lacks(const struct rog_json *settings, struct rog_error *why)
{
    const char *const argv[] = {runtime_of(settings), "ps", "-q", NULL};
    int code = rog_process_run(argv, ASK_S, NULL, why);
    if (code == ROG_ENOTFOUND)
        return "runtime";
    if (code)
        return strstr(why->message, "ermission denied") ? "permission" : "daemon";
    return mounts_lack(rog_json_get(settings, "mounts"), image_lacks(settings, why), why);
}

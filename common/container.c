/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of the group `container`. */
#include <common/container.h>

#include <string.h>

const struct rog_setting rog_container_settings[] = {
    {.name = "image",
     .type = ROG_SETTING_STRING,
     .help = "image to run the trainer in; it must already be on the host"},
    {.name = "runtime",
     .type = ROG_SETTING_STRING,
     .fallback = "docker",
     .choices = "docker|podman|" ROG_CONTAINER_NO_RUNTIME,
     .help = "container runtime; none: no container on this host"},
    {.name = "network",
     .type = ROG_SETTING_STRING,
     .fallback = "host",
     .help = "network of the container, as the runtime calls it"},
    {.name = "gpu",
     .type = ROG_SETTING_STRING,
     .help = "GPUs visible in it: all, or their numbers, such as 0,1; default: none"},
    {.name = "mounts",
     .type = ROG_SETTING_TEXTS,
     .help = "folders of the host to mount, each FROM, FROM:TO or FROM:TO:ro"},
    {.name = "options",
     .type = ROG_SETTING_STRING,
     .help = "more options for the runtime's run command, separated by spaces"},
    {.name = NULL},
};

size_t rog_container_mount_from(const char *mount)
{
    return strcspn(mount, ":");
}

/* Returns whether this is a folder, or a volume of the runtime, mounted at an absolute path. */
static bool is_mount(const char *mount)
{
    size_t from = rog_container_mount_from(mount);
    const char *to = mount[from] ? mount + from + 1 : mount;
    const char *how = strchr(to, ':');
    return from > 0 && mount[0] != '.' && mount[0] != '~' && mount[0] != '-' && to[0] == '/' &&
           (!how || !mount[from] || (how > to + 1 && how[1]));
}

int rog_container_check(const struct rog_json *container, struct rog_error *err)
{
    const struct rog_json *mounts = rog_json_get(container, "mounts");
    const char *runtime = rog_json_get_string(container, "runtime", "");
    if (strcmp(runtime, ROG_CONTAINER_NO_RUNTIME) != 0 &&
        !rog_json_get_string(container, "image", "")[0])
        return rog_fail(err, ROG_EINVAL, "container: image is missing");
    for (size_t i = 0; i < rog_json_size(mounts); i++) {
        const char *mount = rog_json_string(rog_json_at(mounts, i), "");
        if (!is_mount(mount))
            return rog_fail(err, ROG_EINVAL,
                            "container: mounts must be FROM, FROM:TO or FROM:TO:ro with absolute "
                            "paths (found \"%s\")",
                            mount);
    }
    return ROG_OK;
}

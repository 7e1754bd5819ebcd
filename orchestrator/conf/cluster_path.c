/* SPDX-License-Identifier: Apache-2.0 */
/* Finds cluster files: by path, among the installed ones, or the lab's. */
#include <orchestrator/conf/cluster_path.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <common/file.h>

static bool is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

/* Looks for an installed file; *path stays NULL if none has that name. */
static int find_installed(char **path, const char *name, struct rog_error *err)
{
    char *share = rog_install_path("share/rog", err);
    if (!share)
        return ROG_EFAILED;
    *path = rog_format("%s/clusters/%s.conf", share, name);
    free(share);
    if (!*path)
        return rog_fail_nomem(err);
    if (!is_file(*path)) {
        free(*path);
        *path = NULL;
    }
    return 0;
}

int rog_cluster_find_file(char **path, const char *given, const char *folder, struct rog_error *err)
{
    char *here = folder ? rog_path_join(folder, given) : rog_strdup(given);
    int code = here ? 0 : rog_fail_nomem(err);
    *path = NULL;
    if (code == 0 && !strchr(given, '/') && !is_file(here)) {
        if (strcmp(given, "lab") == 0)
            *path = rog_strdup(ROG_CLUSTER_LAB);
        else
            code = find_installed(path, given, err);
    }
    if (code == 0 && !*path) {
        *path = here;
        here = NULL;
    }
    free(here);
    return code;
}

char *rog_cluster_name_of(const char *given)
{
    const char *slash = strrchr(given, '/');
    const char *base = slash ? slash + 1 : given;
    size_t length = strlen(base);
    if (length > 5 && strcmp(base + length - 5, ".conf") == 0)
        length -= 5;
    return rog_format("%.*s", (int)length, base);
}

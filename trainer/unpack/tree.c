/* SPDX-License-Identifier: Apache-2.0 */
/* Creates a tree of links to objects, atomically. */
#include <trainer/unpack/tree.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/deployed.h>
#include <common/file.h>
#include <trainer/unpack/digest.h>

#define MANIFEST_MAX_BYTES ((size_t)16 << 20)
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_MAX_BYTES 200
#define LINK_ATTEMPTS 100

/* Checks that the text has this hash. */
static int check_hash(const char *text, size_t size, const char *hash, struct rog_error *err)
{
    char hex[ROG_SHA256_HEX_BYTES];
    struct rog_digest *digest = rog_digest_new();
    if (!digest)
        return rog_fail_nomem(err);
    rog_digest_begin(digest);
    rog_digest_add(digest, text, size);
    rog_digest_end(digest, hex);
    rog_digest_free(digest);
    if (strcmp(hex, hash) != 0 || strlen(text) != size)
        return rog_fail(err, ROG_EFORMAT, "manifests/%s is damaged", hash);
    return ROG_OK;
}

/* The kernel reports that an object does not exist if another process is just replacing it by the
 * same one. */
static int link_object(const char *object, const char *path, struct rog_error *err)
{
    for (int i = 0; i < LINK_ATTEMPTS; i++) {
        if (link(object, path) == 0)
            return ROG_OK;
        if (errno != ENOENT)
            break;
    }
    return rog_fail(err, ROG_EIO, "cannot link %s to %s: %s", path, object, strerror(errno));
}

/* Creates the link of a line of the manifest in `tree`. */
static int link_file(const char *root, const char *tree, char *line, struct rog_error *err)
{
    char *mode = strchr(line, ' '), *name = mode ? strchr(mode + 1, ' ') : NULL;
    if (!name)
        return rog_fail(err, ROG_EFORMAT, "\"%.100s\" is not a line of a manifest", line);
    *mode++ = '\0';
    *name++ = '\0';
    char key[ROG_DEPLOYED_KEY_BYTES];
    int length = snprintf(key, sizeof key, "%s-%s", line, mode);
    if (length >= (int)sizeof key || !rog_deployed_key_is_good(key) ||
        !rog_deployed_name_is_good(name))
        return rog_fail(err, ROG_EFORMAT, "\"%.100s\" cannot be a deployed file", name);
    char *object = rog_format("%s/objects/%s", root, key), *path = rog_path_join(tree, name);
    char *folder = path ? rog_path_dir(path) : NULL;
    int code = object && folder ? rog_dir_make(folder, err) : rog_fail_nomem(err);
    if (!code)
        code = link_object(object, path, err);
    free(folder);
    free(path);
    free(object);
    return code;
}

/* Gives the folder its name, unless another tree of the same files already has it. */
static int publish(const char *tree, const char *final, struct rog_error *err)
{
    if (rename(tree, final) == 0 || errno == ENOTEMPTY || errno == EEXIST)
        return ROG_OK;
    return rog_fail(err, ROG_EIO, "cannot create %s: %s", final, strerror(errno));
}

/* Without fsync: half a boot id is not a valid mark, and after a power failure the boot id
 * differs. */
static int write_mark(const char *path, struct rog_error *err)
{
    char *boot = NULL;
    size_t size = 0;
    bool known = rog_file_read(BOOT_ID, BOOT_ID_MAX_BYTES, &boot, &size, NULL) == ROG_OK;
    FILE *file = fopen(path, "wbe");
    bool failed = !file || fputs(known ? boot : "unknown\n", file) < 0;
    if (file && fclose(file) != 0)
        failed = true;
    free(boot);
    return failed ? rog_fail(err, ROG_EIO, "cannot write %s: %s", path, strerror(errno)) : ROG_OK;
}

int rog_unpack_tree(const char *root, const char *part, const char *hash, struct rog_error *err)
{
    char *text = NULL;
    size_t size = 0;
    char *manifest = rog_format("%s/manifests/%s", root, hash);
    char *final = rog_format("%s/trees/%s", root, hash);
    char *mark = rog_format("%s/marks/%s", root, hash);
    char *tree = rog_path_join(part, "tree");
    int code = manifest && final && mark && tree ? ROG_OK : rog_fail_nomem(err);
    if (!code)
        code = rog_file_read(manifest, MANIFEST_MAX_BYTES, &text, &size, err);
    if (!code)
        code = check_hash(text, size, hash, err);
    char *rest = text;
    for (char *line = code ? NULL : strsep(&rest, "\n"); line && !code; line = strsep(&rest, "\n"))
        if (line[0])
            code = link_file(root, tree, line, err);
    if (!code)
        code = publish(tree, final, err);
    if (!code)
        code = write_mark(mark, err);
    free(text);
    free(tree);
    free(mark);
    free(final);
    free(manifest);
    return code;
}

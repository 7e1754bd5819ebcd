/* SPDX-License-Identifier: Apache-2.0 */
/* The file that records which process shapes an interface, and how to restore it. */
#include <trainer/shape/state.h>

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>
#include <common/json.h>
#include <common/process.h>
#include <trainer/shape/options.h>

#define STATE_MAX_BYTES 4096

/* Returns the path of the interface's file; network namespaces may have interfaces with the same
 * name. */
static char *path_of(const char *iface)
{
    struct stat space;
    if (stat("/proc/self/ns/net", &space) != 0)
        space.st_ino = 0;
    unsigned long long number = (unsigned long long)space.st_ino;
    if (geteuid() == 0)
        return rog_format("%s/%llu-%s.json", ROG_SHAPE_STATE_DIR, number, iface);
    return rog_format("%s-%u/%llu-%s.json", ROG_SHAPE_USER_STATE_DIR, (unsigned)geteuid(), number,
                      iface);
}

/* The folder must belong only to this user: a user's folder is in a place where everyone may create
 * one. */
static int make_dir(const char *path, struct rog_error *err)
{
    struct stat info;
    char *dir = rog_path_dir(path);
    if (!dir)
        return rog_fail_nomem(err);
    int code = ROG_OK;
    if (mkdir(dir, 0755) != 0 && errno != EEXIST)
        code = rog_fail(err, ROG_EIO, "cannot create the folder %s: %s", dir, strerror(errno));
    else if (lstat(dir, &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid != geteuid() ||
             (info.st_mode & 022))
        code = rog_fail(err, ROG_EINVAL, "%s is accessible to other users: remove it", dir);
    free(dir);
    return code;
}

/* Reads the file; an empty or damaged one has no information. */
static void read_back(struct rog_shape_state *state)
{
    char text[STATE_MAX_BYTES];
    ssize_t got = pread(state->fd, text, sizeof text, 0);
    struct rog_json *json = NULL;
    struct rog_error ignored;
    if (got <= 0 || rog_json_parse(text, (size_t)got, state->path, &json, &ignored) != ROG_OK)
        return;
    snprintf(state->recreate, sizeof state->recreate, "%s",
             rog_json_get_string(json, "recreate", ""));
    snprintf(state->ifb, sizeof state->ifb, "%s", rog_json_get_string(json, "ifb", ""));
    state->pid = (pid_t)rog_json_get_integer(json, "pid", 0);
    rog_json_free(json);
}

int rog_shape_state_take(struct rog_shape_state *state, const char *iface, struct rog_error *err)
{
    char aside[ROG_PROCESS_ASIDE_BYTES];
    *state = (struct rog_shape_state){.fd = -1};
    snprintf(state->iface, sizeof state->iface, "%s", iface);
    state->path = path_of(iface);
    int code = state->path ? make_dir(state->path, err) : rog_fail_nomem(err);
    while (!code) {
        struct stat held, named;
        state->fd = open(state->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (state->fd < 0) {
            code = rog_fail(err, ROG_EIO, "cannot open %s: %s", state->path, strerror(errno));
            break;
        }
        bool locked = flock(state->fd, LOCK_EX | LOCK_NB) == 0;
        read_back(state);
        if (!locked) {
            code = rog_fail(err, ROG_EBUSY,
                            "%s is being shaped by another process%s; hint: rog-trainer shape "
                            "--restore --iface %s stops it",
                            iface, rog_process_aside(state->pid, aside), iface);
            break;
        }
        /* The lock is held, but the file may have been replaced meanwhile. */
        if (fstat(state->fd, &held) == 0 && stat(state->path, &named) == 0 &&
            held.st_ino == named.st_ino)
            break;
        close(state->fd);
        state->fd = -1;
    }
    if (code && state->fd >= 0) {
        close(state->fd);
        state->fd = -1;
    }
    return code;
}

int rog_shape_state_write(struct rog_shape_state *state, struct rog_error *err)
{
    struct rog_json *json = rog_json_object();
    rog_json_put_string(json, "iface", state->iface);
    rog_json_put_string(json, "ifb", state->ifb);
    rog_json_put_string(json, "recreate", state->recreate);
    rog_json_put_integer(json, "pid", state->pid);
    char *text = rog_json_text(json);
    rog_json_free(json);
    if (!text)
        return rog_fail_nomem(err);
    int code = ROG_OK;
    ssize_t size = (ssize_t)strlen(text);
    if (ftruncate(state->fd, 0) != 0 || pwrite(state->fd, text, (size_t)size, 0) != size ||
        fsync(state->fd) != 0)
        code = rog_fail(err, ROG_EIO, "cannot write %s: %s", state->path, strerror(errno));
    free(text);
    return code;
}

int rog_shape_state_undo(struct rog_shape_state *state, bool *found, struct rog_error *err)
{
    struct rog_shape_qdiscs qdiscs = {0};
    int code = ROG_OK;
    bool any = false;
    unsigned index = if_nametoindex(state->iface);
    if (index) /* otherwise the interface was removed, together with its qdiscs */
        code = rog_shape_look(state->iface, &qdiscs, err);
    if (index && !state->ifb[0])
        rog_shape_ifb_name(index, state->ifb);
    bool has_ifb = state->ifb[0] && if_nametoindex(state->ifb) != 0;
    if (!code && qdiscs.root_is_ours) {
        any = true;
        code = rog_shape_command(err, "tc qdisc del dev %s root", state->iface);
        if (!code && state->recreate[0])
            code = rog_shape_command(err, "tc qdisc add dev %s root %s", state->iface,
                                     state->recreate);
    }
    /* If our ifb device exists, the ingress qdisc is ours, too: both are created together. */
    if (!code && has_ifb && qdiscs.has_ingress)
        code = rog_shape_command(err, "tc qdisc del dev %s ingress", state->iface);
    if (!code && has_ifb) {
        any = true;
        code = rog_shape_command(err, "ip link del dev %s", state->ifb);
    }
    if (!code) {
        unlink(state->path);
        char *dir = rog_path_dir(state->path);
        if (dir)
            rmdir(dir); /* fails if there are other files */
        free(dir);
    }
    if (found)
        *found = any;
    return code;
}

void rog_shape_state_release(struct rog_shape_state *state)
{
    if (state->fd >= 0)
        close(state->fd);
    free(state->path);
    *state = (struct rog_shape_state){.fd = -1};
}

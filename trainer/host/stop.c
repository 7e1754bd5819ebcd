/* SPDX-License-Identifier: Apache-2.0 */
/* Ends a supervisor, or what a dead one has left, and removes its folder. */
#include <trainer/host/host.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/process.h>
#include <trainer/host/folder.h>
#include <trainer/host/journal.h>
#include <trainer/host/lock.h>
#include <trainer/host/remains.h>
#include <trainer/host/spec.h>
#include <trainer/shape/shape.h>

/* Time for a supervisor to end by itself, and for its remains after it was killed. */
#define PATIENCE_S 45.0
#define AFTERLIFE_S 15.0
#define STEP_NS 20000000L

/* Only the folder of a host may be removed. */
static int check(const char *folder, struct rog_error *err)
{
    static const char *const names[] = {ROG_HOST_SPEC, ROG_HOST_KEY, ROG_HOST_LEASE,
                                        ROG_HOST_STATE};
    struct stat info;
    if (stat(folder, &info) != 0 || !S_ISDIR(info.st_mode))
        return rog_fail(err, ROG_EINVAL, "%s is not a folder", folder);
    if (info.st_uid != geteuid())
        return rog_fail(err, ROG_EINVAL, "%s belongs to another user (%u)", folder,
                        (unsigned)info.st_uid);
    bool any = rmdir(folder) == 0; /* an empty folder */
    for (size_t i = 0; i < sizeof names / sizeof *names && !any; i++) {
        char *path = rog_path_join(folder, names[i]);
        if (!path)
            return rog_fail_nomem(err);
        any = rog_file_exists(path);
        free(path);
    }
    return any ? ROG_OK
               : rog_fail(err, ROG_EINVAL, "%s is not a folder of a host: it has no %s", folder,
                          ROG_HOST_SPEC);
}

/* Asks the supervisor to end and waits until the lock is free. */
static int end_supervisor(const char *path, int *lock, struct rog_error *err)
{
    const struct timespec step = {0, STEP_NS};
    double begin_s = rog_clock_s();
    char aside[ROG_PROCESS_ASIDE_BYTES];
    int asked = 0;
    pid_t pid;
    int code = rog_host_lock(path, lock, &pid, err);
    while (code == ROG_EBUSY && rog_clock_s() - begin_s < PATIENCE_S + AFTERLIFE_S) {
        int number = rog_clock_s() - begin_s < PATIENCE_S ? SIGTERM : SIGKILL;
        if (pid > 1 && asked != number)
            kill(pid, number);
        asked = pid > 1 ? number : 0;
        nanosleep(&step, NULL);
        code = rog_host_lock(path, lock, &pid, err);
    }
    return code == ROG_EBUSY ? rog_fail(err, ROG_EFAILED, "the supervisor%s does not exit",
                                        rog_process_aside(pid, aside))
                             : code;
}

/* Ends what has outlived the supervisor and its guard: remains of the role, and of a replay on the
 * interface. */
static int clean(const char *folder, const char *spec_path, struct rog_error *err)
{
    struct rog_host_spec spec;
    bool known = rog_host_spec_read(&spec, spec_path, NULL) == ROG_OK;
    char *real = rog_path_real(folder);
    int code = real ? rog_host_remains_end(real, known ? spec.container : NULL, err)
                    : rog_fail(err, ROG_EIO, "cannot find it: %s", strerror(errno));
    if (!code && known && spec.shape.iface)
        code = rog_shape_clean(spec.shape.iface, err);
    free(real);
    rog_host_spec_release(&spec);
    return code;
}

int rog_host_stop(const char *folder, struct rog_error *err)
{
    struct stat info;
    int lock = -1;
    if (stat(folder, &info) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return ROG_OK;
    int code = check(folder, err);
    if (code || !rog_file_exists(folder))
        return code;
    char *lock_path = rog_path_join(folder, ROG_HOST_LOCK);
    char *spec_path = rog_path_join(folder, ROG_HOST_SPEC);
    code = lock_path && spec_path ? ROG_OK : rog_fail_nomem(err);
    if (!code)
        code = end_supervisor(lock_path, &lock, err);
    if (!code)
        code = clean(folder, spec_path, err);
    if (!code)
        code = rog_dir_remove(folder, err);
    if (lock >= 0)
        close(lock);
    free(lock_path);
    free(spec_path);
    return code ? rog_fail_prefix(err, "%s", folder) : ROG_OK;
}

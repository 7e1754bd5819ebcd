/* SPDX-License-Identifier: Apache-2.0 */
/* Ends what a role may have left behind. */
#include <trainer/host/remains.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <trainer/host/container.h>
#include <trainer/host/leash.h>

#define COMMAND_BYTES 8192
#define KILL_S 5.0
#define REMOVED_S 5.0 /* time for the kernel to end the processes of a container */

void rog_host_remains_kill(const char *folder, const struct rog_family *spared)
{
    char *mark = rog_format(ROG_HOST_MARK "=%s", folder);
    if (mark)
        rog_family_kill(mark, spared, KILL_S);
    free(mark);
}

/* Returns whether the process is the `rog-trainer inside` of the folder. */
static bool is_inside(pid_t pid, const char *folder)
{
    char line[COMMAND_BYTES], path[64];
    snprintf(path, sizeof path, "/proc/%ld/cmdline", (long)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? read(fd, line, sizeof line - 1) : 0;
    if (fd >= 0)
        close(fd);
    size_t used = size > 0 ? (size_t)size : 0, count = 0;
    const char *words[4];
    line[used] = '\0';
    for (size_t at = 0; at < used && count < 4; at += strlen(line + at) + 1)
        words[count++] = line + at;
    return count == 4 && strcmp(words[1], "inside") == 0 && strcmp(words[2], "--folder") == 0 &&
           strcmp(words[3], folder) == 0;
}

/* Kills a `rog-trainer inside` that does not end by itself, for example as it was stopped. */
static void kill_inside(const char *folder)
{
    struct rog_family family;
    rog_family_look(&family);
    for (size_t i = 0; i < family.count; i++)
        if (is_inside(family.members[i].pid, folder))
            kill(family.members[i].pid, SIGKILL);
    rog_family_release(&family);
}

int rog_host_remains_end(const char *folder, const struct rog_json *container,
                         struct rog_error *err)
{
    bool gone = rog_leash_await(folder, ROG_LEASH_END_S);
    if (container)
        rog_host_container_remove(container, folder);
    if (!gone)
        kill_inside(folder);
    rog_host_remains_kill(folder, NULL);
    if (!gone)
        gone = rog_leash_await(folder, REMOVED_S);
    return gone ? ROG_OK
                : rog_fail(err, ROG_EFAILED,
                           "the processes that its wrapper started do not exit; hint: `ps -ef` "
                           "there shows them: `rog-trainer inside` and its descendants");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Ends what a role may have left. */
#include <trainer/host/remains.h>

#include <stdlib.h>

#include <common/file.h>
#include <trainer/host/container.h>
#include <trainer/host/leash.h>

#define KILL_S 5.0
#define REMOVED_S 5.0 /* for the kernel to end what is in a container */

void rog_host_remains_kill(const char *folder, const struct rog_family *spared)
{
    char *mark = rog_format(ROG_HOST_MARK "=%s", folder);
    if (mark)
        rog_family_kill(mark, spared, KILL_S);
    free(mark);
}

int rog_host_remains_end(const char *folder, const struct rog_json *container,
                         struct rog_error *err)
{
    bool gone = rog_leash_await(folder, ROG_LEASH_END_S);
    if (container)
        rog_host_container_remove(container, folder);
    rog_host_remains_kill(folder, NULL);
    if (!gone)
        gone = rog_leash_await(folder, REMOVED_S);
    return gone ? ROG_OK
                : rog_fail(err, ROG_EFAILED,
                           "what its wrapper has started does not end (`ps -ef` there shows it, "
                           "`rog-trainer inside` and what descends from that)");
}

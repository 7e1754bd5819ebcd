/* SPDX-License-Identifier: Apache-2.0 */
/* Checks whether a lease was touched in time. */
#include <trainer/shape/lease.h>

#include <sys/stat.h>

bool rog_lease_is_over(struct rog_lease *lease, double timeout_s, double now_s)
{
    struct stat info;
    if (stat(lease->path, &info) != 0)
        return true;
    bool same = lease->begun && info.st_mtim.tv_sec == lease->touched.tv_sec &&
                info.st_mtim.tv_nsec == lease->touched.tv_nsec;
    if (!same) {
        lease->begun = true;
        lease->touched = info.st_mtim;
        lease->seen_s = now_s;
    }
    return now_s - lease->seen_s > timeout_s;
}

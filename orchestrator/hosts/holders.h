/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOSTS_HOLDERS_H
#define ROG_HOSTS_HOLDERS_H

/* The holder of a host and its queue (common/claims.h), as the host reports them, and the identity
 * of the machine. */

#include <common/claims.h>
#include <rog/error.h>

/* Lines of a shell script, whose output rog_holders_read reads. */
#define ROG_HOLDERS_SCRIPT                                    \
    "sed -n 's/^.* @rogctl\\//@rogctl\\//p' /proc/net/unix\n" \
    "echo \"uptime $(cat /proc/uptime)\"\n"
struct rog_holders {
    struct rog_claims claims;
    double held_at; /* wall time here, independent of the host's; 0: not held */
};
int rog_holders_read(struct rog_holders *holders, const char *output, struct rog_error *err);
void rog_holders_release(struct rog_holders *holders);
/* Writes "since 08:31:02 by alice@desk, sweep threshold-case0, run ...". */
void rog_holders_text(const struct rog_holders *holders, char *text, size_t bytes);
/* Returns the user to ask: "alice@desk". */
const char *rog_holders_name(const struct rog_holders *holders, char name[ROG_CLAIM_TEXT_BYTES]);

/* The same for rog_machine_read. The identity has two parts because several hosts may share a
 * kernel, and several machines may have copies of one disk. */
#define ROG_MACHINE_SCRIPT                                      \
    "cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo\n" \
    "readlink /proc/self/ns/net 2>/dev/null || echo\n"
#define ROG_MACHINE_BYTES 96
/* Reads the identity of the machine until its next boot, "" if unknown. */
void rog_machine_read(char machine[ROG_MACHINE_BYTES], const char *output);

#endif

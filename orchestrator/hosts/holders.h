/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOSTS_HOLDERS_H
#define ROG_HOSTS_HOLDERS_H

/* Who holds a host and who waits for it (common/claims.h), as the host tells, and which machine it
 * is. */

#include <common/claims.h>
#include <rog/error.h>

/* Lines of a shell script, whose output rog_holders_read takes. */
#define ROG_HOLDERS_SCRIPT                                    \
    "sed -n 's/^.* @rogctl\\//@rogctl\\//p' /proc/net/unix\n" \
    "echo \"uptime $(cat /proc/uptime)\"\n"
struct rog_holders {
    struct rog_claims claims;
    double held_at; /* by the wall clock here, whatever the host's says; 0: nobody holds it */
};
int rog_holders_read(struct rog_holders *holders, const char *output, struct rog_error *err);
void rog_holders_release(struct rog_holders *holders);
/* "since 08:31:02 by alice@desk, sweep threshold-case0, run ..." */
void rog_holders_text(const struct rog_holders *holders, char *text, size_t bytes);
/* Whom to ask: "alice@desk". */
const char *rog_holders_name(const struct rog_holders *holders, char name[ROG_CLAIM_TEXT_BYTES]);

/* The same, of a script whose output rog_machine_read takes. Several hosts may be one kernel's, and
 * several machines have copies of one disk. */
#define ROG_MACHINE_SCRIPT                                      \
    "cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo\n" \
    "readlink /proc/self/ns/net 2>/dev/null || echo\n"
#define ROG_MACHINE_BYTES 96
/* What tells the machine from all others until it is booted, "" where it does not say. */
void rog_machine_read(char machine[ROG_MACHINE_BYTES], const char *output);

#endif

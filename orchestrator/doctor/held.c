/* SPDX-License-Identifier: Apache-2.0 */
/* Checks whether a host is in use, and whether a machine is in the cluster twice. */
#include <orchestrator/doctor/host_probe.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/hosts/holders.h>

#define COMMAND_TIMEOUT_S 30.0

static int ask(struct rog_host_probe *probe, const char *script, char **said, struct rog_error *err)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    return rog_connection_command(probe->connection, argv, COMMAND_TIMEOUT_S, said, err);
}

static void found_holders(struct rog_host_probe *probe, const struct rog_holders *holders)
{
    char text[ROG_CLAIM_TEXT_BYTES + 64], name[ROG_CLAIM_TEXT_BYTES];
    size_t all = rog_claims_before(&holders->claims, ""), waiting = all > 0 ? all - 1 : 0;
    probe->held = all > 0;
    if (!probe->held) {
        ROG_FOUND(probe, "held", ROG_FINDING_GOOD, "by nobody");
        return;
    }
    rog_holders_text(holders, text, sizeof text);
    ROG_FOUND(probe, "held", ROG_FINDING_NOTE, "%s%s", text,
              waiting == 0   ? ""
              : waiting == 1 ? "; one more sweep waits"
                             : "; more sweeps wait");
    ROG_ADVISE(probe,
               "ask %s when it will be free; a sweep that needs it waits, or fails with --no-wait; "
               "`rogctl status` lists your own sweeps, `rogctl stop` stops them",
               rog_holders_name(holders, name));
}

void rog_check_held(struct rog_host_probe *probe)
{
    struct rog_holders holders = {0};
    struct rog_error why = {0};
    char *said = NULL, *machine = NULL;
    int code = ask(probe, ROG_HOLDERS_SCRIPT, &said, &why);
    if (!code)
        code = rog_holders_read(&holders, said, &why);
    if (!code)
        code = ask(probe, ROG_MACHINE_SCRIPT, &machine, &why);
    if (code)
        ROG_FOUND(probe, "held", ROG_FINDING_BAD, "%s", why.message);
    else
        found_holders(probe, &holders);
    if (machine)
        rog_machine_read(probe->machine, machine);
    rog_holders_release(&holders);
    free(machine);
    free(said);
}

void rog_check_twin(struct rog_host_probe *probe, const struct rog_host_probe *other)
{
    unsigned roles = (unsigned)probe->role | (unsigned)other->role;
    if (!probe->machine[0] || strcmp(probe->machine, other->machine) != 0 ||
        (roles & ROG_PROBE_TESTER))
        return;
    ROG_FOUND(probe, "machine", ROG_FINDING_BAD, "it is the same machine as %s", other->title);
    ROG_ADVISE(probe, "each host of a cluster must be a different machine; for several workers on "
                      "one machine use kind = \"local\"");
}

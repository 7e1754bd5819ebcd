/* SPDX-License-Identifier: Apache-2.0 */
/* Parses what a host reports about its holder and about the identity of the machine. */
#include <orchestrator/hosts/holders.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HALF_A_DAY_S 43200

/* Returns the seconds since the host's boot. */
static double read_uptime(const char *output)
{
    static const char mark[] = "uptime ";
    double up_s = 0;
    for (const char *line = output; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (strncmp(line, mark, sizeof mark - 1) == 0)
            up_s = strtod(line + sizeof mark - 1, NULL);
    return up_s;
}

int rog_holders_read(struct rog_holders *holders, const char *output, struct rog_error *err)
{
    *holders = (struct rog_holders){0};
    int code = rog_claims_read(&holders->claims, output, err);
    const struct rog_claim_entry *holder = rog_claims_holder(&holders->claims);
    if (holder)
        holders->held_at = (double)time(NULL) - read_uptime(output) + 1e-3 * (double)holder->at_ms;
    return code;
}

void rog_holders_release(struct rog_holders *holders)
{
    rog_claims_release(&holders->claims);
}

void rog_holders_text(const struct rog_holders *holders, char *text, size_t bytes)
{
    char since[40];
    struct tm local;
    time_t then = (time_t)holders->held_at;
    const struct rog_claim_entry *holder = rog_claims_holder(&holders->claims);
    localtime_r(&then, &local);
    strftime(since, sizeof since, time(NULL) - then < HALF_A_DAY_S ? "%H:%M:%S" : "%m-%d %H:%M",
             &local);
    snprintf(text, bytes, "since %s by %s", since, holder ? holder->text : "no longer held");
}

const char *rog_holders_name(const struct rog_holders *holders, char name[ROG_CLAIM_TEXT_BYTES])
{
    const struct rog_claim_entry *holder = rog_claims_holder(&holders->claims);
    const char *text = holder && holder->text[0] ? holder->text : "its holder";
    snprintf(name, ROG_CLAIM_TEXT_BYTES, "%.*s", (int)strcspn(text, ","), text);
    return name;
}

void rog_machine_read(char machine[ROG_MACHINE_BYTES], const char *output)
{
    size_t boot = strcspn(output, "\n");
    const char *rest = output + boot + (output[boot] != '\0');
    size_t space = strcspn(rest, "\n");
    machine[0] = '\0';
    if (boot && space)
        snprintf(machine, ROG_MACHINE_BYTES, "%.*s %.*s", (int)(boot < 40 ? boot : 40), output,
                 (int)(space < 40 ? space : 40), rest);
}

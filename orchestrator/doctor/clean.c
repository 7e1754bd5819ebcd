/* SPDX-License-Identifier: Apache-2.0 */
/* Removes what runs have left behind on a host. */
#include <orchestrator/doctor/clean.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/deploy/deploy.h>
#include <orchestrator/doctor/facts.h>

#define TIMEOUT_S 300.0

/* $1: rogctl's folder, $2: seconds for which a lease counts as fresh, $3: interface or nothing, $4:
 * not empty to ignore leases. The trainer used is one deployed for a run; if there is none, nothing
 * can be running from there. A holder of a place gives it up when its run is no longer wanted.
 * Prints "ended RUN", "kept RUN", "killed WHAT", "stuck RUN: WHY", "restored IFACE", and the
 * holders of places after all that. */
static const char script[] = ROG_FACTS_STRAYS
    "root=$1 grace=$2 iface=$3 force=$4 kept= gone=\n"
    "[ -z \"$force\" ] || grace=0\n"
    "places() { sed -n 's/^.* @rogctl\\//@rogctl\\//p' /proc/net/unix; }\n"
    "await() {\n" /* waits some seconds until no place is held */
    "    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do\n"
    "        [ -n \"$(places)\" ] || return\n"
    "        sleep 0.2\n"
    "    done\n"
    "}\n"
    "trainer=\n"
    "for at in \"$root\"/trees/*/" ROG_BUNDLE_PROGRAM "; do\n"
    "    [ -x \"$at\" ] && \"$at\" --version >/dev/null 2>&1 && trainer=$at\n"
    "done\n"
    "now=$(date +%s)\n"
    "for file in \"$root\"/claims/*; do\n"
    "    renewed=$(stat -c %Y \"$file\" 2>/dev/null) || continue\n"
    "    [ $((now - renewed)) -lt \"$grace\" ] || { rm -f \"$file\"; gone=yes; }\n"
    "done\n"
    "for run in \"$root\"/runs/*; do\n"
    "    [ -d \"$run\" ] || continue\n"
    "    name=${run##*/}\n"
    "    renewed=$(stat -c %Y \"$run/lease\" 2>/dev/null) || renewed=0\n"
    "    if [ $((now - renewed)) -lt \"$grace\" ]; then\n"
    "        echo \"kept $name\"\n"
    "        kept=yes\n"
    "        continue\n"
    "    fi\n"
    "    why='no trainer is left there to stop it'\n"
    "    if [ -n \"$trainer\" ]; then\n"
    "        why=$(\"$trainer\" host --folder \"$run\" --stop 2>&1) && { echo \"ended $name\"; "
    "continue; }\n"
    "    fi\n"
    "    if [ ! -f \"$run/lock\" ] || flock -n \"$run/lock\" true; then\n"
    "        rm -rf \"$run\" && { echo \"ended $name\"; continue; }\n"
    "    fi\n"
    "    echo \"stuck $name: $why\" | tr '\\n' ' '\n"
    "    echo\n"
    "done\n"
    /* of agents: removed by the process that keeps the pool */
    "for pool in \"$root\"/pools/*; do\n"
    "    [ -d \"$pool\" ] || continue\n"
    "    renewed=$(stat -c %Y \"$pool/lease\" 2>/dev/null) || renewed=0\n"
    "    if [ $((now - renewed)) -lt \"$grace\" ]; then\n"
    "        echo \"kept ${pool##*/}\"\n"
    "        kept=yes\n"
    "        continue\n"
    "    fi\n"
    "    : >\"$pool/over\"\n"
    "    keeper=$(cat \"$pool/keeper\" 2>/dev/null) || keeper=none\n"
    "    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do\n"
    "        [ -d \"$pool\" ] && [ -d \"/proc/$keeper\" ] && sleep 0.5 || break\n"
    "    done\n"
    "    rm -rf \"$pool\" && echo \"ended ${pool##*/}\"\n"
    "done\n"
    "strays \"$root\" | while read -r run what name runtime; do\n"
    "    [ ! -d \"$root/runs/$run\" ] || continue\n"
    "    case $what in\n"
    "    process) kill -9 \"$name\" 2>/dev/null ;;\n"
    "    *) $runtime rm -f \"$name\" >/dev/null 2>&1 ;;\n"
    "    esac && echo \"killed $what $name\" || echo \"stuck $what $name: $(id -un) is not "
    "permitted to kill it\"\n"
    "done\n"
    "[ -z \"$gone\" ] || [ -n \"$kept\" ] || await\n"
    "[ -z \"$force\" ] || {\n"
    "    for process in $(places | sed 's/^@rogctl\\/[^/]*\\/[^/]*\\/0*\\([0-9]*\\)\\/.*/\\1/'); "
    "do\n"
    "        kill \"$process\" 2>/dev/null\n"
    "    done\n"
    "    await\n"
    "}\n" ROG_HOLDERS_SCRIPT
    "[ -z \"$iface\" ] || [ -z \"$trainer\" ] || [ -n \"$kept\" ] || [ -n \"$(places)\" ] || {\n"
    "    said=$(\"$trainer\" shape --iface \"$iface\" --restore 2>&1)\n"
    "    case $said in *'is restored'*) echo \"restored $iface\" ;; esac\n"
    "}\n"
    "exit 0\n";

struct outcome {
    struct rog_holders holders;
    size_t ended, kept, killed, stuck;
    char restored[64], why[512];
};

static int read_outcome(char *text, struct outcome *outcome, struct rog_error *err)
{
    int code = rog_holders_read(&outcome->holders, text, err);
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        outcome->ended += strncmp(line, "ended ", 6) == 0;
        outcome->killed += strncmp(line, "killed ", 7) == 0;
        outcome->kept += strncmp(line, "kept ", 5) == 0;
        if (strncmp(line, "stuck ", 6) == 0 && outcome->stuck++ == 0)
            snprintf(outcome->why, sizeof outcome->why, "%.500s", line + 6);
        if (strncmp(line, "restored ", 9) == 0)
            snprintf(outcome->restored, sizeof outcome->restored, "%.60s", line + 9);
    }
    return code;
}

/* Reports holders of the host other than this user's runs that were kept. */
static void tell_holders(struct rog_host_probe *probe, const struct outcome *outcome)
{
    char text[ROG_CLAIM_TEXT_BYTES + 64], name[ROG_CLAIM_TEXT_BYTES], ended[64] = "";
    bool force = probe->options->force;
    rog_holders_text(&outcome->holders, text, sizeof text);
    if (outcome->ended)
        snprintf(ended, sizeof ended, "%zu left-over runs removed; ", outcome->ended);
    ROG_FOUND(probe, "clean", force ? ROG_FINDING_BAD : ROG_FINDING_NOTE,
              "%sthe host is held %s: %s, and so are deployed files", ended, text,
              force ? "not released" : "left alone");
    if (force)
        ROG_ADVISE(probe, "log in as that user or as root, or reboot the host");
    else
        ROG_ADVISE(
            probe,
            "ask %s; if the sweep is yours, run `rogctl stop` on the machine where it was started",
            rog_holders_name(&outcome->holders, name));
}

static void tell(struct rog_host_probe *probe, const struct outcome *outcome, long long freed_kib)
{
    if (!outcome->kept && outcome->holders.claims.count)
        tell_holders(probe, outcome);
    if (outcome->kept) {
        char held[ROG_CLAIM_TEXT_BYTES + 64] = "";
        if (outcome->holders.claims.count)
            rog_holders_text(&outcome->holders, held, sizeof held);
        ROG_FOUND(probe, "clean", ROG_FINDING_NOTE,
                  "%zu runs there are active, or were in the last %.0f s: left alone, and so are "
                  "deployed files%s%s",
                  outcome->kept, rog_host_probe_grace_s(probe), held[0] ? "; held " : "", held);
        ROG_ADVISE(probe,
                   "stop the rogctl that started them; if there is none, wait and try again");
    }
    if (outcome->stuck) {
        ROG_FOUND(probe, "clean", ROG_FINDING_BAD, "%zu left-overs cannot be removed: %s",
                  outcome->stuck, outcome->why);
        ROG_ADVISE(probe, "log in there and find its owner with ps -ef, or reboot the host");
    }
    char killed[64] = "";
    if (outcome->killed)
        snprintf(killed, sizeof killed, ", %zu processes or containers stopped", outcome->killed);
    if (!outcome->kept && !outcome->stuck && !outcome->holders.claims.count)
        ROG_FOUND(probe, "clean", ROG_FINDING_GOOD,
                  "%zu left-over runs removed%s%s%s, %.1f MB of deployed files removed",
                  outcome->ended, killed, outcome->restored[0] ? ", restored " : "",
                  outcome->restored, 1.024e-3 * (double)freed_kib);
}

void rog_host_probe_clean(struct rog_host_probe *probe)
{
    char grace[24], *said = NULL;
    struct rog_error why = {0};
    struct outcome outcome = {0};
    uint64_t freed_kib = 0;
    rog_check_reach(probe);
    if (!probe->connection)
        return;
    snprintf(grace, sizeof grace, "%.0f", rog_host_probe_grace_s(probe));
    const char *const argv[] = {"sh",
                                "-c",
                                script,
                                "sh",
                                probe->root,
                                grace,
                                rog_json_get_string(probe->settings, "iface", ""),
                                probe->options->force ? "force" : "",
                                NULL};
    int code = rog_connection_command(probe->connection, argv, TIMEOUT_S, &said, &why);
    if (!code)
        code = read_outcome(said, &outcome, &why);
    if (!code) {
        if (!outcome.kept && !outcome.stuck && !outcome.holders.claims.count)
            code = rog_deploy_clean(probe->connection, &freed_kib, &why);
    }
    if (code)
        ROG_FOUND(probe, "clean", ROG_FINDING_BAD, "%s", why.message);
    else
        tell(probe, &outcome, (long long)freed_kib);
    rog_holders_release(&outcome.holders);
    free(said);
}

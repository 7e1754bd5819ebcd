/* SPDX-License-Identifier: Apache-2.0 */
/* Collects facts about a host with a script, and parses its output. */
#include <orchestrator/doctor/facts.h>

#include <stdlib.h>
#include <string.h>

#define TIMEOUT_S 60.0

/* Prints a line "NAME VALUE" for each fact. */
static const char script[] = ROG_FACTS_STRAYS
    "export LC_ALL=C\n"
    "PATH=$PATH:/usr/sbin:/sbin\n"
    "case ${XDG_CACHE_HOME:-} in /*) root=$XDG_CACHE_HOME ;; *) root=$HOME/.cache ;; esac\n"
    "root=$root/rogctl\n"
    "echo \"root $root\"\n"
    "echo \"machine $(uname -m)\"\n"
    "echo \"system $(uname -sr)\"\n"
    "echo \"libc $(getconf GNU_LIBC_VERSION 2>/dev/null)\"\n"
    "for at in /lib/ld-musl-*; do [ ! -e \"$at\" ] || echo 'other_libc musl'; done\n"
    "case $(readlink -f \"$(command -v date)\") in *busybox*) echo 'tools busybox' ;; esac\n"
    "echo \"shell ${SHELL:-}\"\n"
    "echo \"user $(id -un)\"\n"
    "echo \"uid $(id -u)\"\n"
    "for tool in sha256sum head dd find sed cut sort mktemp df setsid flock; do\n"
    "    command -v \"$tool\" >/dev/null || echo \"lacks $tool\"\n"
    "done\n"
    "at=$root\n"
    "while [ ! -d \"$at\" ]; do at=${at%/*}; at=${at:-/}; done\n"
    "if [ -w \"$at\" ]; then echo 'writable yes'; else echo \"writable no\"; fi\n"
    "set -- $(df -Pk \"$at\" | tail -n 1)\n"
    "echo \"free_kib $4\"\n"
    "[ ! -d \"$root\" ] || { set -- $(du -sk \"$root\"); echo \"cache_kib $1\"; }\n"
    "governor=$(cat /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor 2>/dev/null | sort -u)\n"
    "[ -z \"$governor\" ] || echo \"governor\" $governor\n"
    "command -v nvpmodel >/dev/null &&\n"
    "    echo \"power_mode $(nvpmodel -q 2>/dev/null | sed -n 's/^NV Power Mode: //p')\"\n"
    "now=$(date +%s)\n"
    "for run in \"$root\"/runs/*; do\n"
    "    [ -d \"$run\" ] || continue\n"
    "    renewed=$(stat -c %Y \"$run/lease\" 2>/dev/null) && age=$((now - renewed)) || age=-1\n"
    "    busy=idle\n"
    "    for lock in \"$run/lock\" \"$run/inside\"; do\n"
    "        [ -f \"$lock\" ] && ! flock -n \"$lock\" true 2>/dev/null && busy=busy\n"
    "    done\n"
    "    echo \"run $busy $age ${run##*/}\"\n"
    "done\n"
    "strays \"$root\" | while read -r run what; do\n"
    "    [ -d \"$root/runs/$run\" ] || echo \"stray $run $what\"\n"
    "done\n";

static void take_run(struct rog_json *runs, char *text)
{
    char *rest = text, *busy = strsep(&rest, " "), *age = strsep(&rest, " ");
    if (!busy || !age || !rest)
        return;
    struct rog_json *run = rog_json_object();
    rog_json_put_string(run, "name", rest);
    rog_json_put_bool(run, "busy", strcmp(busy, "busy") == 0);
    rog_json_put_integer(run, "age_s", strtoll(age, NULL, 10));
    rog_json_append(runs, run);
}

static void take_stray(struct rog_json *strays, char *text)
{
    char *what = text, *name = strsep(&what, " ");
    if (!what)
        return;
    struct rog_json *stray = rog_json_object();
    rog_json_put_string(stray, "run", name);
    rog_json_put_string(stray, "what", what);
    rog_json_append(strays, stray);
}

int rog_facts_ask(struct rog_connection *connection, struct rog_json **facts, struct rog_error *err)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    char *output = NULL;
    *facts = NULL;
    int code = rog_connection_command(connection, argv, TIMEOUT_S, &output, err);
    if (code)
        return code;
    struct rog_json *made = rog_json_object(), *lacks = rog_json_array(), *runs = rog_json_array(),
                    *strays = rog_json_array();
    char *rest = output;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        char *value = strchr(line, ' ');
        if (!value || !value[1])
            continue;
        *value++ = '\0';
        if (strcmp(line, "lacks") == 0)
            rog_json_append(lacks, rog_json_new_string(value));
        else if (strcmp(line, "run") == 0)
            take_run(runs, value);
        else if (strcmp(line, "stray") == 0)
            take_stray(strays, value);
        else
            rog_json_put_string(made, line, value);
    }
    rog_json_put(made, "lacks", lacks);
    rog_json_put(made, "runs", runs);
    rog_json_put(made, "strays", strays);
    free(output);
    *facts = made;
    return made ? ROG_OK : rog_fail_nomem(err);
}

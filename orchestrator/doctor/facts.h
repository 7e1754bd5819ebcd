/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DOCTOR_FACTS_H
#define ROG_DOCTOR_FACTS_H

/* Facts about a host, collected by one script. */

#include <common/json.h>
#include <orchestrator/hosts/connection.h>

/*
 * A shell function: `strays ROOT` prints "RUN process PID" and "RUN container NAME RUNTIME" for
 * everything that belongs to runs of rogctl's folder ROOT. It is recognized by the environment
 * variable that all processes of a role inherit (trainer/host/remains.c), by the command line if
 * environments of other users' processes cannot be read, and by the label of containers
 * (trainer/host/container.h).
 */
#define ROG_FACTS_STRAYS                                                                     \
    "strays() {\n"                                                                           \
    "    for file in $(grep -lsaF \"ROG_HOST_FOLDER=$1/runs/\" /proc/[0-9]*/environ\n"       \
    "            grep -lsaF \"$1/runs/\" /proc/[0-9]*/cmdline); do\n"                        \
    "        at=${file%/*} name=\n"                                                          \
    "        case $file in\n"                                                                \
    "        */cmdline) grep -qsx rog-trainer \"$at/comm\" || continue ;;\n"                 \
    "        esac\n"                                                                         \
    "        name=$(tr '\\0' '\\n' <\"$file\" 2>/dev/null | sed -n "                         \
    "\"s,^\\(ROG_HOST_FOLDER=\\)*$1/runs/\\([^/]*\\).*,\\2,p\" | head -n 1)\n"               \
    "        [ -z \"$name\" ] || echo \"$name process ${at#/proc/}\"\n"                      \
    "    done | sort -u\n"                                                                   \
    "    for runtime in docker podman; do\n"                                                 \
    "        command -v $runtime >/dev/null || continue\n"                                   \
    "        for name in $(timeout 10 $runtime ps -a --filter \"label=rogctl=$1\" --format " \
    "'{{.Names}}' 2>/dev/null); do\n"                                                        \
    "            echo \"${name#rogctl-} container $name $runtime\"\n"                        \
    "        done\n"                                                                         \
    "    done\n"                                                                             \
    "}\n"

/*
 * *facts (owned by the caller) is an object with strings:
 *   machine (uname -m), system, libc, other_libc ("musl"), tools ("busybox"), shell, user, uid,
 *   root (rogctl's folder), writable ("yes" or "no"), free_kib, cache_kib (size of root),
 *   governor, power_mode
 * and arrays:
 *   lacks  names of missing programs
 *   runs   {"name", "busy": some of it is running, "age_s": age of its lease, -1: it has none}
 *   strays {"run", "what"}: processes and containers of runs without a folder; `what` is
 *          "process PID" or "container NAME"
 * Facts that the host cannot provide are missing. ROG_EFAILED, ROG_ENOMEM.
 */
int rog_facts_ask(struct rog_connection *connection, struct rog_json **facts,
                  struct rog_error *err);

#endif

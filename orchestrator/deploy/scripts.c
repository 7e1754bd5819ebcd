/* SPDX-License-Identifier: Apache-2.0 */
/* Contains the shell scripts that a deployment runs on hosts. */
#include <orchestrator/deploy/scripts.h>

/* The beginning of the scripts. */
#define ROOT                                                                                 \
    "set -eu\n"                                                                              \
    "export LC_ALL=C\n"                                                                      \
    "umask 077\n"                                                                            \
    "case ${XDG_CACHE_HOME:-} in /*) root=$XDG_CACHE_HOME ;; *) root=$HOME/.cache ;; esac\n" \
    "root=$root/rogctl\n"

const char rog_deploy_script_root[] = ROOT "printf '%s\\n' \"$root\"\n";

const char rog_deploy_script_clean[] =
    ROOT "[ -d \"$root\" ] || { echo 0; exit 0; }\n"
         "cd \"$root\"\n"
         "du -skc objects trees manifests marks 2>/dev/null | sed -n '$s/[^0-9].*//p'\n"
         "rm -rf objects trees manifests marks part-*\n";

/* A mark contains the boot ID under which the tree was found complete; a changed file or folder is
 * newer than the mark. After a reboot everything is checked again: after a power cut data may be
 * missing, and after a clock that started at zero file times mean nothing. */
const char rog_deploy_script_ask[] = ROOT
    "mkdir -p \"$root\"\n"
    "cd \"$root\"\n"
    "mkdir -p objects trees manifests marks runs\n"
    "boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null) || boot=unknown\n"
    "tree=trees/$1 manifest=manifests/$1 mark=marks/$1\n"
    "unchanged()\n"
    "{\n"
    "    [ \"$(cat \"$mark\" 2>/dev/null)\" = \"$boot\" ] || return 1\n"
    "    [ -z \"$(find \"$tree\" -cnewer \"$mark\" || echo unknown)\" ]\n"
    "}\n"
    "whole()\n"
    "{\n"
    "    sed 's/^\\([0-9a-f]*\\) [0-7]* /\\1  /' \"$manifest\" |\n"
    "        (cd \"$tree\" && sha256sum -c >/dev/null 2>&1) || return 1\n"
    "    echo \"$boot\" >\"$mark\"\n"
    "}\n"
    "if [ -d \"$tree\" ] && [ -f \"$manifest\" ]; then\n"
    "    if unchanged || whole; then\n"
    "        printf 'whole %s\\n' \"$root\"\n"
    "        exit 0\n"
    "    fi\n"
    "    rm -rf \"$tree\"\n"
    "fi\n"
    "new=$(mktemp part-XXXXXX)\n"
    "trap 'rm -f \"$new\"' EXIT\n"
    "trap 'exit 1' HUP INT TERM PIPE\n"
    "cat >\"$new\"\n"
    "[ \"$(sha256sum <\"$new\")\" = \"$1  -\" ] || { echo 'the list of files arrived damaged' >&2; "
    "exit 1; }\n"
    "mv -f \"$new\" \"$manifest\"\n"
    "printf 'part %s\\n' \"$root\"\n"
    "exec 3>&1\n"
    "cut -d ' ' -f 1-2 \"$manifest\" | sort -u | while read -r sum mode; do\n"
    "    if [ -f \"objects/$sum-$mode\" ]; then\n"
    "        echo \"$sum  objects/$sum-$mode\"\n"
    "    else\n"
    "        echo \"$sum-$mode\" >&3\n"
    "    fi\n"
    "done | { sha256sum -c 2>/dev/null || :; } |\n"
    "    sed -n 's,^objects/\\(.*\\): FAILED.*,\\1,p' | while read -r key; do\n"
    "        rm -f \"objects/$key\"\n"
    "        echo \"$key\" >&3\n"
    "    done\n";

/* The unpacker is read byte by byte, because it must itself read the input that follows it.
 * busybox's head would read too much. */
const char rog_deploy_script_take[] =
    "set -eu\n"
    "export LC_ALL=C\n"
    "umask 077\n"
    "cd \"$1\"\n"
    "unpack=objects/$4\n"
    "if [ \"$5\" -gt 0 ]; then\n"
    "    new=$(mktemp part-XXXXXX)\n"
    "    trap 'rm -f \"$new\"' EXIT\n"
    "    trap 'exit 1' HUP INT TERM PIPE\n"
    "    dd ibs=1 obs=65536 count=\"$5\" status=none >\"$new\" || {\n"
    "        set -- $(df -Pk . | tail -n 1)\n"
    "        echo \"$6 has $4 KiB left\" >&2\n"
    "        exit 1\n"
    "    }\n"
    "    [ \"$(sha256sum <\"$new\")\" = \"${4%-*}  -\" ] ||\n"
    "        { echo 'the files arrived damaged' >&2; exit 3; }\n"
    "    chmod \"${4##*-}\" \"$new\"\n"
    "    mv -f \"$new\" \"$unpack\"\n"
    "fi\n"
    "[ -x \"$unpack\" ] || { echo \"$1 is on a file system from which programs cannot be run"
    " (mounted with noexec)\" >&2; exit 1; }\n"
    "exec \"$unpack\" \"$1\" \"$2\" \"$3\"\n";

/* SPDX-License-Identifier: Apache-2.0 */
#include <orchestrator/deploy/scripts.h>

/* What they all begin with. */
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

/* A mark holds the boot in which the tree was found whole; a change of a file or folder is newer
 * than the mark. After a boot everything is read again: a host whose power was cut may have lost
 * what it had in memory, and a clock that began at zero makes times of files worth nothing. */
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
    "        (cd \"$tree\" && sha256sum -c --status 2>/dev/null) || return 1\n"
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

const char rog_deploy_script_take[] =
    "set -eu\n"
    "export LC_ALL=C\n"
    "umask 077\n"
    "cd \"$1\"\n"
    "tree=trees/$2 manifest=manifests/$2 mark=marks/$2\n"
    "find . -maxdepth 1 -name 'part-*' -mmin +1440 -exec rm -rf {} +\n"
    "part=$(mktemp -d \"$PWD/part-XXXXXX\")\n"
    "trap 'rm -rf \"$part\"' EXIT\n"
    "trap 'exit 1' HUP INT TERM PIPE\n"
    "mkdir \"$part/in\" \"$part/tree\"\n"
    "if [ \"$3\" -gt 0 ]; then\n"
    "    tar -xzf - --no-same-owner -C \"$part/in\" || {\n"
    "        set -- $(df -Pk . | tail -n 1)\n"
    "        echo \"$6 has $4 KiB left\" >&2\n"
    "        exit 1\n"
    "    }\n"
    "    (cd \"$part/in\" && ls) | sed 's/^\\([0-9a-f]*\\)-.*/\\1  &/' >\"$part/sums\"\n"
    "    [ \"$(wc -l <\"$part/sums\")\" -eq \"$3\" ] &&\n"
    "        (cd \"$part/in\" && sha256sum -c --status ../sums) ||\n"
    "        { echo 'the files arrived damaged' >&2; exit 3; }\n"
    "    for file in \"$part/in\"/*; do chmod \"${file##*-}\" \"$file\"; done\n"
    "    mv -f \"$part/in\"/* objects/\n"
    "fi\n"
    "while read -r sum mode name; do\n"
    "    case $name in */*) mkdir -p \"$part/tree/${name%/*}\" ;; esac\n"
    "    ln \"objects/$sum-$mode\" \"$part/tree/$name\" 2>/dev/null ||\n"
    "        cp -p \"objects/$sum-$mode\" \"$part/tree/$name\"\n"
    "done <\"$manifest\"\n"
    "mv -T \"$part/tree\" \"$tree\" 2>/dev/null || [ -d \"$tree\" ]\n"
    "cat /proc/sys/kernel/random/boot_id >\"$mark\" 2>/dev/null || echo unknown >\"$mark\"\n";

# SPDX-License-Identifier: Apache-2.0
# Completion of rogctl in fish. Which words there are is said by `rogctl complete`.

function __rogctl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    for line in ($program complete $words "$current" 2>/dev/null)
        switch $line
            case ':files \*.*'
                __fish_complete_suffix (string replace -r '^:files \*' '' -- $line)
            case ':files'
                __fish_complete_path (string replace -r '^--[^=]*=' '' -- $current)
            case ':folders'
                __fish_complete_directories (string replace -r '^--[^=]*=' '' -- $current)
            case ':more'
            case '*'
                printf '%s\n' $line
        end
    end
end

complete -c rogctl -f -a '(__rogctl_complete)'

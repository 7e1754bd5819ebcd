# SPDX-License-Identifier: Apache-2.0
# Completion of rogctl in bash. Which words there are is said by `rogctl complete`.

_rogctl()
{
    # What readline takes for words ends at '=' and ':'; what rogctl does, at blanks.
    local before=${COMP_LINE:0:COMP_POINT} word=${COMP_WORDS[COMP_CWORD]}
    local words=() i part= program=$1
    for ((i = 1; i <= COMP_CWORD; i++)); do
        part=${COMP_WORDS[i]}
        if ((i > 1)) && [[ $part == [=:]* || ${COMP_WORDS[i - 1]} == *[=:] ]] &&
            [[ $before == *"${words[-1]}$part"* ]]; then
            words[-1]+=$part
        else
            words+=("$part")
        fi
    done
    local whole=${words[-1]} lead=
    [[ $word == [=:] ]] && word=
    lead=${whole%"$word"}

    local line value files=
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
        :files* | :folders) files=$line ;;
        :more) compopt -o nospace ;;
        *)
            value=${line%%$'\t'*}
            printf -v value %q "${value#"$lead"}"
            COMPREPLY+=("$value")
            ;;
        esac
    done < <("${program/#\~/$HOME}" complete "${words[@]}" 2>/dev/null)
    [[ $files ]] || return 0

    # readline quotes them, as names of files.
    local pattern=${files#:files}
    compopt -o filenames
    COMPREPLY=("${COMPREPLY[@]//\\/}")
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(
        compgen -d -- "$word"
        case $files in
        ':files '*) compgen -f -X "!${pattern# }" -- "$word" ;;
        :files) compgen -f -- "$word" ;;
        esac | while IFS= read -r line; do [[ -d $line ]] || printf '%s\n' "$line"; done
    )
}
complete -F _rogctl rogctl

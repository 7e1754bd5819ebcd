# SPDX-License-Identifier: Apache-2.0
# The man page names every command and option that --help names, and no others, with the same defaults.
page=$ROG_SOURCE/docs/rogctl.1
sed 's/\\-/-/g; s/\\f.//g' "$page" >plain

rogctl help >help
commands=$(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' help)
[ "$(echo "$commands" | wc -l)" -gt 10 ] || { echo "no commands found in the help"; exit 1; }

# Subcommands with help of their own, such as "data get".
parts=$(for command in $commands; do
    rogctl help "$command" | sed -n '/^Subcommands/,/^$/s/^  \([a-z]* [a-z]*\) .*/\1/p'
done)
[ -n "$parts" ] || { echo "no parts found in the help"; exit 1; }

wrong=0
echo "$commands
$parts" >names
while read -r command; do
    grep -q "^\.SS.*rogctl $command\b" plain || { echo "man page: no section for $command"; wrong=1; }
    # shellcheck disable=SC2086 # the name of a part is two words
    rogctl help $command >"help-$command" || exit 1
    # The options in the command's own section, and those common to all commands.
    sed -n "/^\.SS.*rogctl $command\b/,/^\.S/p" plain >section
    sed -n '/^Options:/,/^$/s/.*\(--[a-z-]*\) .*/\1/p;/^Options:/,/^$/s/.*\(--[a-z-]*\)$/\1/p' "help-$command" |
        sort -u >said
    while read -r option; do
        grep -q -e "$option\b" section ||
            { echo "man page: $command has $option, its section does not"; wrong=1; }
    done <said
    grep -o -e '--[a-z][a-z-]*' section | sort -u >documented
    while read -r option; do
        grep -q -e "$option\b" "help-$command" ||
            { echo "man page: $command is said to have $option, it has not"; wrong=1; }
    done <documented
done <names
# Defaults are the same.
while read -r command; do set -- "$@" "$command"; done <names
python3 "$ROG_TEST_TOOLS/man_defaults.py" "$page" "$@" >defaults || wrong=1
[ ! -s defaults ] || { cat defaults; wrong=1; }
grep '^\.SS' plain | grep -o 'rogctl [a-z]*' | cut -d' ' -f2 | sort -u | while read -r command; do
    echo "$commands" | grep -qx "$command" || { echo "man page: $command is not a command"; exit 1; }
done || wrong=1
cmake --install "$ROG_BUILD" --component manual --prefix "$PWD/usr" >log || { cat log; exit 1; }
cmp "$page" usr/share/man/man1/rogctl.1 || wrong=1
if command -v man >/dev/null; then
    man --warnings -l "$page" >/dev/null 2>warnings
    [ -s warnings ] && { cat warnings; wrong=1; }
fi
exit $wrong

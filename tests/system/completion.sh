# SPDX-License-Identifier: Apache-2.0
# Completion: the output of `rogctl complete`, and completion with it in bash, zsh and fish.
. "$ROG_TEST_TOOLS/lib.sh"
tried=completion

# completes WORD...: checks that the completions are the lines on standard input.
completes() {
    cat >wanted
    rogctl complete "$@" >out 2>err || fail "exit status: complete $*"
    [ ! -s err ] || fail "it says something: complete $*"
    cut -f 1 out | cmp -s wanted - || fail "complete $*: wanted $(cat wanted)"
}

# Without a database, or with another file in its place: no output.
completes show "" </dev/null
completes nonsense "" </dev/null
echo 'no database' >text
completes show --db text "" </dev/null
completes show --db "" <<END
:files
END
completes sw <<END
sweep
END
completes help prof <<END
profile
END
completes help envi <<END
environment
END
completes sweep --d <<END
--dry-run
--detach
--db
END
completes export X --format js <<END
json
END
completes data "" <<END
make
info
get
END
completes profile "" <<END
measure
END
completes lab up "" </dev/null
completes sweep --cluster v <<END
virtual4
:files *.conf
END
completes sweep --cluster h <<END
:files *.conf
END
completes sweep --clus=v <<END
--clus=virtual4
:files *.conf
END
completes sweep threshold. <<END
threshold.conf
:files *.conf
END
completes run server_optimizer=n <<END
server_optimizer=nesterov
END
completes methods dil <<END
diloco
END
completes plugins BS <<END
BSP
:files
END
# Every command has completions of its options, and hidden ones are not offered.
rogctl help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' >commands
rogctl complete "" | cut -f 1 | grep -vx help >offered
cmp commands offered || fail 'commands of the help and of completion differ'
while read -r command; do
    case $command in trace | data | profile) continue ;; esac # options of other programs
    rogctl complete "$command" --pl | grep -q "^--plots" || fail "no options: $command"
done <commands

# Recorded cases and runs.
cat >quick.conf <<END
case = "quick";
$quick
runs = ( { library = "BSP"; }, { library = "ROG"; } );
END
try 0 rogctl sweep -q quick.conf
run=$(query 'SELECT id FROM runs ORDER BY id LIMIT 1')
other=$(query 'SELECT id FROM runs ORDER BY id DESC LIMIT 1')
completes report "" <<END
quick-case0
END
completes show "$run" <<END
$run
END
completes replace quick-case0 "" <<END
$run
$other
END
completes case remove quick-case0 "$other" <<END
$other
END
(cd / && rogctl complete show --db "$OLDPWD/results.db" "") | cut -f 1 | grep -qxF "$run" || fail '--db of the line'

# Recorded names that a shell would execute, or that contain terminal sequences.
query "INSERT INTO cases (name, created_at) VALUES ('x\$(touch harm); touch harm', '2026'), (char(27) || '[2J', '2026')"
[ "$(rogctl complete report "" | wc -l)" = 2 ] || fail 'what no terminal shows is offered'
touch mine.conf 'with blank.conf' other.txt
mkdir folder

typed='rogctl swe\tmi\t
rogctl sweep --clu\tvirt\t
rogctl sweep --cluster=virt\t
rogctl sweep wit\t
rogctl sweep --plots fol\t
rogctl run server_optimizer=nes\t
rogctl show '$run'\t
rogctl report x\t'
cat >wanted <<END
{rogctl}{sweep}{mine.conf}
{rogctl}{sweep}{--cluster}{virtual4}
{rogctl}{sweep}{--cluster=virtual4}
{rogctl}{sweep}{with blank.conf}
{rogctl}{sweep}{--plots}{folder}
{rogctl}{run}{server_optimizer=nesterov}
{rogctl}{show}{$run}
{rogctl}{report}{x\$(touch harm); touch harm}
END
# shell SHELL ARGUMENTS...: types these in the shell and prints the resulting words.
shell() {
    command -v "$1" >where || { echo "not tried: $1, which is not installed"; return; }
    python3 "$ROG_TEST_TOOLS/keys.py" "$typed" "$@" >typed 2>err
    tr -d '\r' <typed | grep -a '^{' | sed 's|{folder/}|{folder}|' >out
    cmp wanted out || fail "$1: $(cat -v typed)"
    [ ! -e harm ] || fail "$1 has executed a name"
}
cat >bashrc <<END
shown() { printf '{%s}' "\$@"; echo; }
PS1='ready> '
. $ROG_SOURCE/packaging/completion/rogctl.bash
END
shell bash --rcfile bashrc -i
cat >.zshrc <<END
fpath=($ROG_SOURCE/packaging/completion \$fpath)
autoload -Uz compinit
compinit -u -d \$PWD/dump
shown() { printf '{%s}' "\$@"; echo }
PS1='ready> '
bindkey -e
END
ZDOTDIR=$PWD shell zsh -i
if command -v fish >where; then
    fish() { command fish --no-config -c "source $ROG_SOURCE/packaging/completion/rogctl.fish; complete -C '$1'" >out 2>err; }
    for pair in 'sw:sweep' 'sweep mi:mine.conf' 'sweep --cluster=v:--cluster=virtual4' "show $run:$run" 'sweep --plots fol:folder/' \
        'run server_optimizer=nes:server_optimizer=nesterov' 'help prof:profile'; do
        fish "rogctl ${pair%%:*}" || fail "fish: $pair"
        cut -f 1 out | grep -qxF -e "${pair#*:}" || fail "fish: rogctl $pair"
    done
else
    echo 'not tried: fish, which is not installed'
fi

# The files are installed where shells look for them.
cmake --install "$ROG_BUILD" --component completion --prefix "$PWD/usr" >log || fail "$(cat log)"
(cd usr && find . -type f | sort) >out
cat >wanted <<END
./share/bash-completion/completions/rogctl
./share/fish/vendor_completions.d/rogctl.fish
./share/zsh/site-functions/_rogctl
END
cmp wanted out || fail 'installed files'

# SPDX-License-Identifier: Apache-2.0
# Login shells and start-up files of users, with a real sshd: commands are executed unchanged under all
# of these shells; what prevents that is named, with a hint, and following the hint works.
. "$ROG_TEST_TOOLS/lib.sh"

[ "$(id -u)" = 0 ] || skip "other users' logins need root"
sshd=$(PATH=$PATH:/usr/sbin:/sbin command -v sshd) || skip "sshd is not installed"
if [ -z "${ROG_SHELLS_INSIDE:-}" ]; then # in a namespace whose users no other process sees
    unshare -m true 2>/dev/null || skip "no mount namespaces here"
    ROG_SHELLS_INSIDE=1 exec unshare -m sh "$0"
fi
login=$ROG_BUILD/tests/ssh-login
umask 022
mkdir -p /run/sshd
unset SSH_AUTH_SOCK SSH_ASKPASS
top=$(mktemp -d /tmp/rog-shells-XXXXXX)
chmod 755 "$top"
trap '[ ! -s $top/pid ] || kill $(cat $top/pid); umount /etc/passwd; rm -rf "$top"' EXIT

cp /etc/passwd "$top/passwd"
ssh-keygen -q -t ed25519 -N "" -f host && ssh-keygen -q -t ed25519 -N "" -f id || fail "no key"
cp id.pub "$top/authorized"
number=61000
# person NAME SHELL: makes a user, if that shell is installed.
person() {
    number=$((number + 1))
    echo "rog-$1:x:$number:$number::$top/$1:$2" >>"$top/passwd"
    mkdir "$top/$1"
    chown $number "$top/$1"
}
for shell in bash dash zsh tcsh fish; do
    program=$(command -v $shell) && person $shell "$program" || echo "not tried: $shell, which is not installed"
done
[ ! -x /bin/busybox ] || person busybox /bin/busybox
person nologin /usr/sbin/nologin
person false /bin/false
mount --bind "$top/passwd" /etc/passwd || skip "/etc/passwd cannot be another one here"
has() { [ -d "$top/$1" ]; }

for attempt in 1 2 3 4 5 6 7 8; do
    port=$(free_ports 1)
    printf '%s\n' "Port $port" "ListenAddress 127.0.0.1" "PidFile $top/pid" "HostKey $PWD/host" "UsePAM no" \
        "StrictModes no" "AuthorizedKeysFile $top/authorized" "PrintMotd no" "PrintLastLog no" \
        "Subsystem sftp /usr/lib/openssh/sftp-server" >sshd_config
    $sshd -f "$PWD/sshd_config" -E "$PWD/log" || continue
    for wait in $(seq 50); do
        [ -s "$top/pid" ] && break 2
        sleep 0.1
    done
done
[ -s "$top/pid" ] || fail "no sshd: $(cat log)"
echo "[127.0.0.1]:$port $(cat host.pub)" >known
printf '%s\n' "Host *" "HostName 127.0.0.1" "Port $port" "IdentityFile $PWD/id" "IdentitiesOnly yes" \
    "UserKnownHostsFile $PWD/known" "User rog-%n" >config
for name in bash dash zsh tcsh fish busybox nologin false; do
    printf '%s\n' "Host $name" "User rog-$name"
done >users
{ cat users; grep -v "User rog" config; } >both && mv both config

# log_in STATUS NAME [COMMAND...]
log_in() {
    status=$1
    name=$2
    shift 2
    try "$status" "$login" config "$name" "$@"
}
# start_up NAME FILE TEXT: writes the user's only start-up file.
start_up() {
    find "$top/$1" -mindepth 1 -delete
    mkdir -p "$(dirname "$top/$1/$2")"
    printf '%s\n' "$3" >"$top/$1/$2"
    chown -R "rog-$1" "$top/$1"
}
# first_line NAME FILE: puts the line that the message advises there.
first_line() {
    line=$(sed -n "s,.*first line of [^:]*: ,,p" err)
    [ -n "$line" ] || fail "no line is advised: $(cat err)"
    { echo "$line"; cat "$top/$1/$2"; } >new
    cat new >"$top/$1/$2"
    log_in 0 "$1" echo well
    same "output" well "$(cat out)"
}

# --- any command under any shell ---
nasty='it'\''s "$HOME" `id` \ \\ \n * ; & | > {a,b} ~ !x ! # %s %
	second line $(id)\'
for shell in bash dash zsh tcsh fish; do
    has $shell || continue
    log_in 0 $shell printf %s "$nasty"
    same "$shell" "$nasty" "$(cat out)"
    log_in 0 $shell sh -c 'echo $#
        for word; do echo "[$word]"; done' sh "it's" '' '!'
    same "$shell" "3 [it's] [] [!]" "$(echo $(cat out))"
    log_in 1 $shell sh -c 'echo "that was it!" >&2; exit 9'
    says "sh exited with status 9"
    says "that was it!"
done

# --- start-up files that print ---
for case in 'bash .bashrc' 'zsh .zshenv' 'tcsh .tcshrc' 'tcsh .cshrc'; do
    set -- $case
    has $1 || continue
    start_up $1 $2 'echo "Welcome to robot 7"'
    log_in 1 $1
    says "rog-$1@$1: a start-up file there ($1 reads ~/"
    says 'prints "Welcome to robot 7" into the output of every command'
    first_line $1 $2
done
if has fish; then
    start_up fish .config/fish/config.fish 'echo Welcome'
    log_in 1 fish
    says 'prints "Welcome" into the output of every command'
    says 'wrap its contents in: if status is-interactive ... end'
    start_up fish .config/fish/config.fish 'if status is-interactive
        echo Welcome
    end'
    log_in 0 fish
fi
start_up bash .bashrc yes
log_in 1 bash
says 'prints endlessly'
start_up dash .ssh/rc 'echo rc'
log_in 1 dash
says 'a start-up file there (~/.ssh/rc or /etc/ssh/sshrc) prints "rc"'

# --- start-up files that start something else, exit, read, wait ---
if has fish; then
    start_up bash .bashrc 'exec fish'
    log_in 1 bash
    says "(bash reads ~/.bashrc) starts $(readlink -f "$(command -v fish)") instead of every command"
    first_line bash .bashrc
fi
start_up bash .bashrc 'echo hello; exec dash'
log_in 1 bash
says 'dash instead of every command'
start_up bash .bashrc 'exit 3'
log_in 1 bash
says 'runs no commands: one exited with status 3 and without output'
says '~/.bashrc'
start_up bash .bashrc 'exec tmux-or-the-like'
log_in 1 bash
says 'tmux-or-the-like: not found"'
start_up bash .bashrc 'read -r line'
log_in 1 bash
says 'reads the input of commands'
first_line bash .bashrc
start_up bash .bashrc 'sleep 20'
ROG_TEST_TIMEOUT=2 log_in 1 bash
says 'no command finishes within 2 s. If a start-up file there'
start_up bash .bashrc 'sleep 1'
log_in 0 bash

# --- shells that execute no commands ---
log_in 1 nologin
says 'runs no commands: its login shell is nologin. Give it another one there: sudo chsh -s /bin/bash rog-nologin'
log_in 1 false
says 'exited with status 1 and without output'
says 'as /bin/false (getent passwd rog-false)'
if has busybox; then
    log_in 1 busybox
    says 'its login shell is busybox without the name of an applet'
fi
sed 's,/usr/sbin/nologin$,/bin/bash,; s,/bin/busybox$,/bin/bash,' "$top/passwd" >passwd # as chsh does
cat passwd >/etc/passwd
log_in 0 nologin
! has busybox || log_in 0 busybox

# SPDX-License-Identifier: Apache-2.0
# Logins that need the user: a key with a passphrase that three hosts share, a password, an answer to a
# question of the host. The user is asked at a terminal, once for all hosts, without echo, again if the
# answer was wrong, three times at most; never without a terminal, and not if an agent has the key. No
# answer appears in what rogctl prints or writes.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/lab.sh"

command -v python3 >/dev/null || skip "python3 is not installed"
lab_up 2
host_states >idle-states
unset SSH_AUTH_SOCK SSH_ASKPASS
secret="open sesame"

cp $lab/id_ed25519 id_lab
ssh-keygen -q -p -P "" -N "$secret" -f id_lab >out || fail "no passphrase"
sed "s,$lab/id_ed25519,$PWD/id_lab," $lab/ssh_config >ssh_config
grep -q "IdentityFile $PWD/id_lab" ssh_config || fail "$(cat ssh_config)"
sed "s,$lab/ssh_config,$PWD/ssh_config," $lab/cluster.conf >cluster.conf

# at_terminal STATUS ANSWER... -- COMMAND...
at_terminal() {
    wanted=$1
    shift
    : >answers
    while [ "$1" != -- ]; do
        echo "$1" >>answers
        shift
    done
    shift
    tried="$*, at a terminal"
    setsid -w python3 "$ROG_TEST_TOOLS/terminal.py" shown answers "$@" >out 2>err
    status=$?
    rm answers
    [ $status = "$wanted" ] || fail "exit status $status instead of $wanted: $(cat shown)"
    grep -qa '\[echo on\]$' shown || fail "the terminal was left without echo"
}
# asked TIMES QUESTION: checks that it was asked at the terminal, and that nothing typed was visible.
asked() {
    same "asked: $2" "$1" "$(grep -aoF "$2: [echo off]" shown | wc -l)"
    same "asked: $2" "$1" "$(grep -aoF "$2: " shown | wc -l)"
    ! grep -qaF -e "$secret" -e barley shown || fail "it was shown: $(cat shown)"
}
shows() {
    tr -s ' \r\n' ' ' <shown | grep -qaF -- "$1" || fail "does not show: $1; it shows: $(cat shown)"
}

# --- a key with a passphrase ---
at_terminal 0 "open barley" "$secret" -- rogctl doctor --cluster cluster.conf
asked 2 "Passphrase of the key $PWD/id_lab"
asked 1 "Wrong answer. Passphrase of the key $PWD/id_lab"
at_terminal 1 barley1 barley2 barley3 -- rogctl doctor --cluster cluster.conf
asked 3 "Passphrase of the key $PWD/id_lab"
shows "that was not the passphrase of the key $PWD/id_lab"
at_terminal 1 "" -- rogctl doctor --cluster cluster.conf
asked 1 "Passphrase of the key $PWD/id_lab"
shows "add the key to the agent with: ssh-add $PWD/id_lab"
at_terminal 254 ^C -- rogctl doctor --cluster cluster.conf

# Without a terminal there is no question.
setsid -w rogctl doctor --cluster cluster.conf >out 2>err </dev/null
same "exit status" 1 $?
tr -s ' \n' ' ' <out >words
grep -qF "add the key to the agent with: ssh-add $PWD/id_lab" words || fail "it says: $(cat out)"

# The agent has the key.
eval "$(ssh-agent -s)" >/dev/null
trap 'kill $SSH_AGENT_PID; rogctl lab down >/dev/null 2>&1' EXIT
printf '#!/bin/sh\necho "%s"\n' "$secret" >askpass
chmod 700 askpass
SSH_ASKPASS=$PWD/askpass SSH_ASKPASS_REQUIRE=force setsid -w ssh-add -q id_lab 2>err </dev/null || fail "no key in the agent"
rm askpass
at_terminal 0 -- rogctl doctor --cluster cluster.conf
asked 0 "Passphrase of the key $PWD/id_lab"
kill "$SSH_AGENT_PID"
unset SSH_AUTH_SOCK
trap 'rogctl lab down >/dev/null 2>&1' EXIT

# --- a whole run ---
echo 'case = "f"; seconds = 5.0; trace = "constant:20"; workload = "none"; wire_model = "convmlp-nano";
    epochs = 100000; runs = ( { library = "SSP"; threshold = 4; } );' >f.conf
at_terminal 0 "$secret" -- rogctl sweep f.conf --cluster cluster.conf
asked 1 "Passphrase of the key $PWD/id_lab"
same "the run" done "$(query 'SELECT status FROM runs')"
grep -raqF "$secret" results* $caches $lab && fail "the passphrase was written: $(grep -ralF "$secret" results* $caches $lab)"
nothing_is_left
# An unanswered question is no reason to retry: the cluster cannot be used.
at_terminal 2 barley1 barley2 barley3 -- rogctl sweep f.conf --cluster cluster.conf --fresh
asked 3 "Passphrase of the key $PWD/id_lab"
shows "that was not the passphrase of the key $PWD/id_lab"
setsid -w rogctl sweep f.conf --cluster cluster.conf >out 2>err </dev/null
same "exit status" 2 $?
says "add the key to the agent with: ssh-add $PWD/id_lab"
# Ctrl-C at the question ends the command as elsewhere.
at_terminal 130 ^C -- rogctl sweep f.conf --cluster cluster.conf
same "the run" "done planned" "$(query 'SELECT status FROM runs ORDER BY id' | paste -sd' ')"

# --- a password, and a question of the host ---
# log_in_by SSHD-OPTION...: starts the hosts' sshd with these options, with an account that has a
# password.
salted=$(perl -e 'print crypt($ARGV[0], q($6$labtestsalt$))' "$secret")
sed "s,^root:[^:]*:,root:$salted:," /etc/shadow >shadow
chmod 600 shadow
log_in_by() {
    for host in $hosts; do
        kill $(programs "$host" sshd)
        ip netns exec "roglab$host" sh -c 'mount --bind shadow /etc/shadow && exec /usr/sbin/sshd "$@"' sh \
            -f "$lab/host$host/sshd_config" -E "$lab/host$host/sshd.log" -o PermitRootLogin=yes "$@" || return 1
    done
}
names=$(sed -n 's/.* host = "\([0-9.]*\)".*/\1/p' $lab/cluster.conf)

log_in_by -o AuthenticationMethods=password -o PasswordAuthentication=yes -o UsePAM=no ||
    fail "no sshd that takes passwords"
setsid -w rogctl doctor --cluster cluster.conf >out 2>err </dev/null
same "exit status" 1 $?
set --
for name in $names; do set -- "$@" "$secret"; done
at_terminal 0 barley "$@" -- rogctl doctor --cluster cluster.conf
for name in $names; do
    grep -qaF "Password of root@$name: " shown || fail "no password of $name was asked for"
done
same "questions" 4 "$(grep -aoF ': [echo off]' shown | wc -l)"
! grep -qaF -e "$secret" -e barley shown || fail "it was shown: $(cat shown)"

# PAM uses keyboard-interactive.
if log_in_by -o AuthenticationMethods=keyboard-interactive -o KbdInteractiveAuthentication=yes -o UsePAM=yes; then
    at_terminal 0 barley "$@" -- rogctl doctor --cluster cluster.conf
    for name in $names; do
        grep -qaF "root@$name asks: Password: " shown || fail "$name did not ask: $(cat shown)"
    done
    same "questions" 4 "$(grep -aoF ': [echo off]' shown | wc -l)"
    ! grep -qaF -e "$secret" -e barley shown || fail "it was shown: $(cat shown)"
else
    echo "not tried: questions of the host, as its sshd does not use PAM here"
fi

# SPDX-License-Identifier: Apache-2.0
# Configurations of ssh and files of known hosts, each tried with ssh and with rogctl at a real sshd:
# they agree, or rogctl names what it does not support. The third column is rogctl on a machine without
# ssh, where it reads the configuration itself. Then the advice of messages is followed.
# sshd: they agree, or rogctl names what it does not support. The third column is rogctl where no ssh
# is installed, which reads the configuration itself. Then what messages advise is done.
. "$ROG_TEST_TOOLS/lib.sh"

for program in ssh ssh-keygen ssh-agent ssh-add; do
    command -v $program >/dev/null || skip "$program is not installed"
done
sshd=$(PATH=$PATH:/usr/sbin:/sbin command -v sshd) || skip "sshd is not installed"
login=$ROG_BUILD/tests/ssh-login
user=$(id -un)
home=$(getent passwd "$user" | cut -d: -f6)
is_root() { [ "$(id -u)" = 0 ]; }
! is_root || mkdir -p /run/sshd
unset SSH_AUTH_SOCK SSH_ASKPASS
umask 077

# --- sshd and keys ---
for key in host host_rsa other id other_id locked ca 1 2 3 4 5 6 7; do
    type=ed25519 secret=
    [ $key != host_rsa ] || type=rsa
    [ $key != locked ] || secret="open sesame"
    ssh-keygen -q -t $type -N "$secret" -C "$key" -f $key || fail "no key"
done
cat id.pub locked.pub >authorized
ssh-keygen -q -s ca -I it -h -V -1d:+1d host.pub 2>err || fail "no certificate of the host"
cp other_id certified
cp other_id.pub certified.pub
ssh-keygen -q -s ca -I it -n "$user" -V -1d:+1d certified.pub 2>err || fail "no certificate"
cp certified-cert.pub certificate.pub # the same certificate without its key beside it
words() { cut -d' ' -f1,2 "$1.pub"; }

trap 'for file in *.pid; do [ ! -s $file ] || kill "$(cat $file)" 2>/dev/null; done' EXIT
# serve NAME LINES [PROGRAM]: starts an sshd on a free port, which is in $port_NAME; the program is put
# in front of the command.
serve() {
    for attempt in 1 2 3 4 5 6 7 8; do
        port=$(free_ports 1)
        printf '%s\n' "$2" "Port $port" "ListenAddress 127.0.0.1" "PidFile $PWD/$1.pid" "StrictModes no" \
            "PermitRootLogin yes" "UsePAM no" "MaxStartups 100" "AuthorizedKeysFile $PWD/authorized" >$1.sshd
        : >$1.log
        ${3:-} $sshd -f $PWD/$1.sshd -E $PWD/$1.log || continue
        for wait in $(seq 100); do
            [ -s $1.pid ] && break 2
            ! grep -q "Cannot bind" $1.log || break
            sleep 0.1
        done
    done
    [ -s $1.pid ] || fail "no sshd: $(cat $1.log)"
    eval "port_$1=$port"
}
serve plain "HostKey $PWD/host"
serve both "HostKey $PWD/host
HostKey $PWD/host_rsa"
serve certified "HostKey $PWD/host
HostCertificate $PWD/host-cert.pub"
serve trusting "HostKey $PWD/host
TrustedUserCAKeys $PWD/ca.pub"
serve keyless "HostKey $PWD/host
PubkeyAuthentication no
PasswordAuthentication no
KbdInteractiveAuthentication yes"
# Servers that accept a password use a home folder and a password made for the test. Only root can set
# these up.
secret="open barley"
by_password="HostKey $PWD/host
PasswordAuthentication yes
AuthorizedKeysFile .ssh/authorized_keys"
if is_root && command -v perl >/dev/null && unshare -m true 2>/dev/null; then
    mkdir their_home
    salted=$(perl -e 'print crypt($ARGV[0], q($6$configtestsalt$))' "$secret")
    sed "s,^$user:[^:]*:,$user:$salted:," /etc/shadow >shadow
    cat >apart <<EOF
#!/bin/sh
exec unshare -m sh -c 'mount --bind $PWD/shadow /etc/shadow && mount --bind $PWD/their_home $home && exec "\$@"' sh "\$@"
EOF
    chmod 700 apart
    serve password "$by_password" $PWD/apart
    serve no_keys "$by_password
PubkeyAuthentication no" $PWD/apart
    serve twofold "HostKey $PWD/host
PasswordAuthentication yes
AuthenticationMethods publickey,password" $PWD/apart
    serve password_first "HostKey $PWD/host
PasswordAuthentication yes
AuthenticationMethods password,publickey" $PWD/apart
fi

eval "$(ssh-agent -a $PWD/agent -s)" >/dev/null
trap 'kill $SSH_AGENT_PID $(cat ./*.pid) 2>/dev/null' EXIT
socket=$SSH_AUTH_SOCK
unset SSH_AUTH_SOCK
agent_has() {
    SSH_AUTH_SOCK=$socket ssh-add -q -D 2>err
    for loaded in "$@"; do
        SSH_AUTH_SOCK=$socket ssh-add -q $loaded 2>err || fail "no key in the agent"
    done
}

# --- the table ---
rows=0
# start: begins a row. The words of `cfg` precede the common settings, and therefore have priority.
start() {
    port=$port_plain host=srv key="IdentityFile $PWD/id" known="UserKnownHostsFile $PWD/kh"
    agent="IdentityAgent none" lines= global=/dev/null
    unset ROG_TEST_ANSWER SSH_ASKPASS SSH_ASKPASS_REQUIRE
    printf '[127.0.0.1]:%s %s\n' "$port" "$(words host)" >kh
}
cfg() { lines=$lines$1'
'; }
# answer TEXT: answers any question with it.
answer() {
    printf '#!/bin/sh\necho "%s"\n' "$1" >askpass
    chmod 700 askpass
    export ROG_TEST_ANSWER="$1" SSH_ASKPASS=$PWD/askpass SSH_ASKPASS_REQUIRE=force
    cfg "BatchMode no"
}
write_cfg() {
    printf '%s\n' "$lines" "Host srv wrk" "HostName 127.0.0.1" "Port $port" "User $user" "$key" "$agent" "$known" \
        "GlobalKnownHostsFile $global" "StrictHostKeyChecking yes" "BatchMode yes" >cfg
}
state() { [ "$(cat "$1")" = 0 ] && echo in || echo out; }
# row NAME WANTED [WORDS [WORDS-ALONE]]: checks that ssh can log in or not; that rogctl can too, or
# prints WORDS; and that rogctl without ssh can too, or prints WORDS-ALONE.
row() {
    write_cfg
    rows=$((rows + 1))
    tried="row $rows, $1"
    (PATH=/nowhere $login cfg $host >/dev/null 2>err.alone </dev/null; echo $? >status.alone) &
    alone=$!
    ($login cfg $host >/dev/null 2>err.us </dev/null; echo $? >status.us) &
    us=$!
    (ssh -F cfg $host true >out 2>err </dev/null; echo $? >status.ssh) &
    wait $alone $us $!
    by_ssh=$(state status.ssh) by_us=$(state status.us) alone=$(state status.alone)
    same "ssh: $1" "$2" "$by_ssh"
    cp err.us err
    if [ -n "${3:-}" ]; then
        same "$1" out "$by_us"
        says "$3"
    else
        same "$1" "$by_ssh" "$by_us"
    fi
    cp err.alone err
    if [ -n "${4:-}" ]; then
        same "alone: $1" out "$alone"
        says "$4"
    elif [ -z "${3:-}" ]; then
        same "alone: $1" "$by_ssh" "$alone"
    fi
    printf '%-52s ssh %-4s rogctl %-4s alone %-4s %s\n' "$1" $by_ssh $by_us $alone "${3:-${4:-}}"
    start
}
start

# Known hosts.
row "a plain line" in
ssh-keygen -q -H -f kh 2>/dev/null >&2
row "a hashed name" in
printf '@revoked * %s\n[127.0.0.1]:%s %s\n' "$(words host)" $port "$(words host)" >kh
row "revoked, then known" out "is revoked by $PWD/kh:1 (@revoked)"
printf '[127.0.0.1]:%s %s\n@revoked [127.0.0.1]:* %s\n' $port "$(words host)" "$(words host)" >kh
row "known, then revoked" out "is revoked by $PWD/kh:2 (@revoked)"
printf '@revoked elsewhere %s\n' "$(words host)" >>kh
row "revoked for another name" in
printf '@revoked * %s\n' "$(words other)" >>kh
row "another key is revoked" in
printf '@revoked * %s\r\n' "$(words host)" >revoked
known="UserKnownHostsFile $PWD/kh $PWD/revoked"
row "revoked in a second file with CRLF" out "is revoked by $PWD/revoked:1"
global=$PWD/revoked
row "revoked in the system's file" out "is revoked by $PWD/revoked:1"
: >kh
row "an empty file" out "is not known"
printf '[127.0.0.1]:%s %s\n' $port "$(words other)" >kh
row "another key" out "is not the one in"
printf '[127.0.0.1]:%s %s\n' $port "$(words other)" >other_first
printf '[127.0.0.1]:%s %s\n' $port "$(words host)" >>other_first
known="UserKnownHostsFile $PWD/other_first"
row "another key, and the right one" in
printf '[127.0.0.1]:%s %s\n' $port "$(words host_rsa)" >kh
row "a key of another type" out "is not the one in"
printf '[127.0.*]:* %s\n' "$(words host)" >kh
row "a pattern" in
printf '* %s\n' "$(words host)" >kh
row "any name" in
printf '*,!*127.0.0.1* %s\n' "$(words host)" >kh
row "a negated pattern" out "is not known"
printf '![127.0.0.1]:1,[127.0.0.?]:* %s\n' "$(words host)" >kh
row "a negated pattern of another port" in
: >empty
known="UserKnownHostsFile $PWD/empty $PWD/kh"
row "in the second file" in
known="UserKnownHostsFile $PWD/missing" global=$PWD/kh
row "in the system's file" in
cp kh "known hosts"
known="UserKnownHostsFile \"$PWD/known hosts\" $PWD/empty"
row "a file with a blank in its name" in
known="UserKnownHostsFile %d/${home:+$(echo "$home" | sed 's,/[^/]*,../,g')}$PWD/kh"
row "a file by %d" in
cfg "HostKeyAlias Robots"
printf 'robots %s\n' "$(words host)" >kh
row "HostKeyAlias" in
cfg "HostKeyAlias robots"
printf 'robots %s\n' "$(words other)" >kh
row "a changed key behind HostKeyAlias" out "-R robots"
cfg "HostKeyAlias robots"
row "HostKeyAlias that is not known" out "is not known"
printf '127.0.0.1 %s\n' "$(words host)" >kh
row "the name without its port" in
printf '127.0.0.1 %s\n' "$(words other)" >kh
row "another key of the name without its port" out "is not known"
sed -i 's/$/\r/' kh
row "CRLF" in
printf '# %s\n\n \t[127.0.0.1]:%s\t%s\tcomment\n' "of ours" $port "$(words host | tr ' ' '\t')" >kh
row "blanks, tabs, comments" in
cfg "AddressFamily inet"
row "AddressFamily inet" in
cfg "AddressFamily inet6"
row "AddressFamily inet6, an address of IPv4" out "is not a host known to this machine" \
    "is not a host known to this machine"
cfg "BindInterface lo"
row "BindInterface" in
cfg "BindInterface rog-nowhere"
row "BindInterface that is not there" out "BindInterface: rog-nowhere" "BindInterface: rog-nowhere"
cp kh elsewhere
known="UserKnownHostsFile none
KnownHostsCommand /bin/cat $PWD/elsewhere"
row "KnownHostsCommand" in
cfg "KnownHostsCommand /bin/cat $PWD/revoked"
row "KnownHostsCommand says revoked" out "is revoked by the output of KnownHostsCommand"
printf '* %s\n' "$(words other)" >changed
cfg "KnownHostsCommand /bin/cat $PWD/changed"
: >kh
row "KnownHostsCommand says another key" out "is not the one in the output of KnownHostsCommand"
cfg "KnownHostsCommand /bin/false"
row "KnownHostsCommand that fails" out "KnownHostsCommand"
cp host.pub revoked_keys
cfg "RevokedHostKeys $PWD/revoked_keys"
row "RevokedHostKeys" out "is revoked by $PWD/revoked_keys"
cp other.pub revoked_keys
cfg "RevokedHostKeys $PWD/revoked_keys"
row "RevokedHostKeys of others" in
cfg "RevokedHostKeys $PWD/missing"
row "RevokedHostKeys, a missing file" out "RevokedHostKeys"
ssh-keygen -q -k -f krl other.pub >out 2>err || fail "no list"
cfg "RevokedHostKeys $PWD/krl"
row "RevokedHostKeys, a binary list" in "does not support binary key revocation lists"
known="UserKnownHostsFile none"
row "UserKnownHostsFile none" out "is not known"
port=$port_certified
printf '@cert-authority * %s\n' "$(words ca)" >kh
row "@cert-authority" in "$PWD/kh:1 trusts a certificate authority (@cert-authority), but rogctl does not support"
port=$port_certified
printf '@cert-authority * %s\n[127.0.0.1]:%s %s\n' "$(words ca)" $port "$(words host)" >kh
row "@cert-authority, and the key" in
port=$port_both
printf '[127.0.0.1]:%s %s\n' $port "$(words host_rsa)" >kh
row "two host keys, the second is known" in
port=$port_both
cfg "HostKeyAlgorithms rsa-sha2-512"
printf '[127.0.0.1]:%s %s\n' $port "$(words host_rsa)" >kh
row "HostKeyAlgorithms" in

# The configuration.
cfg "Match originalhost srv,wrk
Port $port
Match all"
port=1
row "Match originalhost" in
cfg "Match host 127.* exec \"test %h = 127.0.0.1\"
IdentityFile $PWD/id
Match all
HostName 127.0.0.1
Match host 127.* exec \"test %h = 127.0.0.1\"
IdentityFile $PWD/id
Match all"
key="Port $port"
row "Match exec" in "" "Not supported by rogctl, and ignored, in the ssh configuration: Match exec"
cfg "Match final host 127.0.0.1
IdentityFile $PWD/id
Match all"
key="Port $port"
row "Match final" in "" "Match final"
key="IdentityFile %d/$(echo "$home" | sed 's,/[^/]*,../,g')$PWD/id"
row "%d" in
cp id id-srv-$port-$user
key="IdentityFile $PWD/id-%n-%p-%r"
row "%n %p %r" in
hash=$(printf '%s127.0.0.1%s%s' "$(hostname)" $port "$user" | sha1sum | cut -c1-40)
cp id id-$hash
key="IdentityFile $PWD/id-%C"
row "%C" in
export ROG_TEST_FOLDER=$PWD
key="IdentityFile \${ROG_TEST_FOLDER}/id"
row "\${VARIABLE}" in
key="IdentityFile \${ROG_TEST_NO_SUCH}/id"
row "\${VARIABLE} that is not set" out "ROG_TEST_NO_SUCH"
mkdir included
printf 'Host srv\nIdentityFile "%s/id"\n' "$PWD" >included/1.conf
cfg "Include $PWD/included/*.conf"
key="Port=$port"
row "Include, quotes, =" in
key="IdentityFile $PWD/other_id
IdentityFile $PWD/missing
IdentityFile $PWD/id"
row "the second IdentityFile" in
key="IdentityFile none"
row "IdentityFile none" out "authentication failed"
cp id.pub lonely.pub
key="IdentityFile $PWD/lonely"
row "a public key alone" out "has no free name for a new one (IdentityFile)"
key="IdentityFile $PWD/lonely
IdentityFile $PWD/free_id"
row "a public key alone, and a free name" out "create one with: ssh-keygen -t ed25519 -f $PWD/free_id && ssh-copy-id"
key="IdentityFile $PWD/locked"
row "a key with a passphrase" out "add the key to the agent with: ssh-add $PWD/locked"
cp id loose
chmod 644 loose
key="IdentityFile $PWD/loose"
row "a key that others may read" out "chmod 600 $PWD/loose"
cfg "PubkeyAuthentication no"
row "PubkeyAuthentication no" out "PubkeyAuthentication no"
cfg "PreferredAuthentications password"
row "PreferredAuthentications" out "PreferredAuthentications of the ssh configuration leaves out publickey"
port=$port_keyless
printf '* %s\n' "$(words host)" >kh
row "a host that takes no keys" out "no key was offered, as the host accepts none"
cfg "PKCS11Provider $PWD/missing.so"
key="IdentityFile none"
row "PKCS11Provider" out "Not supported by rogctl, and ignored, in the ssh configuration: pkcs11provider"
cfg "PKCS11Provider $PWD/missing.so"
row "PKCS11Provider that is not needed" in
cfg "NoSuchWord yes"
key="IdentityFile $PWD/other_id"
row "a word that nobody knows" out "nosuchword" "NoSuchWord"

# Certificates of users.
for how in certified "certified
CertificateFile $PWD/certificate.pub" "other_id
CertificateFile $PWD/certificate.pub"; do
    port=$port_trusting key="IdentityFile $PWD/$how"
    printf '* %s\n' "$(words host)" >kh
    row "a certificate: $(echo "${how#*
}" | sed "s,$PWD/,,")" in
done
port=$port_trusting key="IdentityFile $PWD/other_id"
printf '* %s\n' "$(words host)" >kh
row "the same key without it" out "authentication failed"

# Passwords. at NAME: uses the sshd of that name.
at() {
    eval "port=\$port_$1"
    printf '* %s\n' "$(words host)" >kh
}
if [ -n "${port_password_first:-}" ]; then
    at password
    answer "$secret"
    key="IdentityFile $PWD/id"
    row "a password" in
    at password
    answer wrong
    row "a wrong password" out "the password or answer was wrong"
    at password
    row "no password" out "install it there with: ssh-copy-id -F cfg -i $PWD/id $user@srv"
    at password
    answer "$secret"
    cfg "PubkeyAuthentication no"
    row "PubkeyAuthentication no, a password" in
    at password
    cfg "PubkeyAuthentication no"
    row "PubkeyAuthentication no, no password" out "PubkeyAuthentication no, and no password was given"
    at password
    answer "$secret"
    cfg "PreferredAuthentications password"
    row "PreferredAuthentications, a password" in
    at password
    answer "$secret"
    cfg "PasswordAuthentication no"
    row "PasswordAuthentication no" out "authentication failed"
    at no_keys
    answer "$secret"
    row "a host that takes no keys, a password" in
    at no_keys
    row "a host that takes no keys, no password" out "as the host accepts none, and no password was given"
    at twofold
    answer "$secret"
    row "a host that wants both" in
    at twofold
    row "a host that wants both, no password" out "it accepts the key, but requires more, and no answer was given"
    at twofold
    answer wrong
    row "a host that wants both, a wrong password" out "the password or answer was wrong"
    at password_first
    answer "$secret"
    row "a host that wants a password, then a key" in
    at password_first
    answer "$secret"
    key="IdentityFile $PWD/other_id"
    row "a host that wants a password, then another key" out "it accepts the password or answer, but requires more, and no key"
else
    echo "not tried: passwords, for which this test has to be root"
fi

# Agents.
agent_has 1 2 3 4 5 6 7
cfg "IdentitiesOnly yes"
agent="IdentityAgent $socket"
row "7 keys in the agent, IdentitiesOnly" in
agent="IdentityAgent $socket"
row "7 keys in the agent" out "IdentitiesOnly yes"
agent_has 1 2 3 4 5 6 7 id
agent="IdentityAgent $socket"
row "the eighth of the agent, which IdentityFile names" in
cp id.pub only.pub
cfg "IdentitiesOnly yes"
agent="IdentityAgent $socket" key="IdentityFile $PWD/only.pub"
row "IdentityFile names a public key" in
agent="IdentityAgent $socket" key="IdentityFile $PWD/other_id"
agent_has id
row "a key of the agent alone" in
cfg "IdentitiesOnly yes"
agent="IdentityAgent $socket" key="IdentityFile $PWD/other_id"
row "a key of the agent alone, IdentitiesOnly" out "authentication failed"
export SSH_AUTH_SOCK=$socket
agent="IdentityAgent SSH_AUTH_SOCK" key="IdentityFile none"
row "SSH_AUTH_SOCK" in
key="IdentityFile none"
row "IdentityAgent none" out "authentication failed"
unset SSH_AUTH_SOCK
export ROG_TEST_AGENT=$socket
agent="IdentityAgent \$ROG_TEST_AGENT" key="IdentityFile none"
row "IdentityAgent \$VARIABLE" in
agent="IdentityAgent $PWD/no-agent"
row "an agent that is not there" in
agent="IdentityAgent $PWD/no-agent" key="IdentityFile $PWD/other_id"
row "an agent that is not there, a wrong key" out "no agent answers at $PWD/no-agent"
agent_has certified
agent="IdentityAgent $socket" key="IdentityFile none" port=$port_trusting
printf '* %s\n' "$(words host)" >kh
row "a certificate in the agent" in
agent_has other_id
agent="IdentityAgent $socket" port=$port_trusting key="CertificateFile $PWD/certificate.pub"
printf '* %s\n' "$(words host)" >kh
row "a certificate whose key the agent has" in
agent_has

# Other ways to the host.
hops="Host hop1 hop2
HostName 127.0.0.1
Port $port_both
User $user
Host *"
printf '* %s\n' "$(words host)" >any
for way in "ProxyJump hop1" "ProxyJump hop1,hop2" "ProxyJump ssh://$user@127.0.0.1:$port_both" \
    "ProxyJump hop1,ssh://127.0.0.1:$port_both/"; do
    cfg "Host srv
$way
$hops
IdentityFile $PWD/id
UserKnownHostsFile $PWD/any"
    row "$(echo "$way" | sed "s/[0-9]\{5\}/PORT/")" in "" "ProxyJump"
done
cfg "Host srv
ProxyCommand $(command -v ssh) -F $PWD/cfg -W [%h]:%p hop1
$hops
IdentityFile $PWD/id
UserKnownHostsFile $PWD/any"
row "ProxyCommand" in
cfg "ProxyJump no-such-host.invalid"
row "ProxyJump over a host that is not there" out "cannot connect"
cfg "ProxyJump none
ProxyCommand none"
row "ProxyCommand none" in
cfg "Host"
row "a line that is not whole" out
# --- what messages advise ---
printf '#!/bin/sh\necho yes\n' >yes
chmod 700 yes
# follow WORDS: checks that the message contains them, and runs the command after them, with yes as
# answer.
follow() {
    write_cfg
    $login cfg srv >out 2>err && fail "let in"
    says "$1"
    command=$(sed "s/.*$1//" err)
    tried=$command
    SSH_ASKPASS=${SSH_ASKPASS:-$PWD/yes} SSH_ASKPASS_REQUIRE=force setsid -w sh -c "$command" >out 2>err </dev/null ||
        fail "cannot be followed"
}
logs_in() {
    $login cfg srv >out 2>err || fail "cannot log in after following the advice"
}
write_cfg() {
    printf '%s\n' "$lines" "Host srv" "HostName 127.0.0.1" "Port $port" "User $user" "$key" "$agent" "$known" \
        "GlobalKnownHostsFile $global" >cfg
}
: >kh
follow "accept it with: "
logs_in
start
printf '[127.0.0.1]:%s %s\n' $port "$(words other)" >kh
ssh-keygen -q -H -f kh 2>/dev/null >&2
follow "remove the old one with: "
follow "accept it with: "
logs_in
start
cfg "HostKeyAlias robots"
printf 'robots %s\n' "$(words other)" >"a file"
known="UserKnownHostsFile \"$PWD/a file\""
follow "remove the old one with: "
follow "accept it with: "
logs_in
start
printf '[127.0.0.*]:* %s\n' "$(words other)" >kh
follow "remove the old one with: "
follow "accept it with: "
logs_in
start
port=$port_both
printf '[127.0.0.1]:%s %s\n' $port "$(words host_rsa)" >kh
cfg "HostKeyAlgorithms ssh-ed25519"
follow "remove the old one with: "
follow "accept it with: "
logs_in
start
port=$port_certified
printf '@cert-authority * %s\n' "$(words ca)" >kh
follow "accept it with: "
logs_in
start
key="IdentityFile $PWD/loose"
follow "change that with: "
logs_in
start

if [ -n "${port_password_first:-}" ]; then
    # advise_copy WORDS: installs a key where only a password was accepted.
    advise_copy() {
        export SSH_ASKPASS=$PWD/askpass
        rm -rf their_home/.ssh
        at password
        follow "$1"
        logs_in
        start
    }
    printf '#!/bin/sh\necho "%s"\n' "$secret" >askpass
    chmod 700 askpass
    mkdir -p "$HOME/.ssh" # ssh-copy-id puts its own files there
    key="IdentityFile $PWD/other_id"
    advise_copy "install it there with: "
    cp other_id "a key"
    key="IdentityFile \"$PWD/a key\""
    advise_copy "create its public key with: "
    key="IdentityFile $PWD/new_id"
    printf '#!/bin/sh\ncase $1 in *assphrase*) ;; *) echo "%s" ;; esac\n' "$secret" >askpass
    advise_copy "there is no key: create one with: "
    agent_has other_id
    agent="IdentityAgent $socket" key="IdentityFile none"
    advise_copy "install it there with: "
    agent_has
fi

[ $rows -ge 40 ] || fail "only $rows rows"
echo "$rows rows"

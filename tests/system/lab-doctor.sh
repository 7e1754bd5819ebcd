#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# rogctl doctor on the hosts of a lab: hosts without problems, one that is down, one with an unknown
# key, one without permission to shape, a firewall on the training port, remains of an earlier run; and
# --clean. Needs root, sshd and jq.
set -eu

fail()
{
    echo "$*" >&2
    [ ! -f report ] || jq -r '.[] | [.host, .check, .level, .finding, .hint] | @tsv' report >&2
    exit 1
}
skip()
{
    echo "skipped: $*"
    exit 77
}

[ "$(id -u)" = 0 ] || skip "the lab needs root"
command -v jq >/dev/null || skip "jq is not installed"
[ -x /usr/sbin/sshd ] || skip "openssh-server is not installed"
rogctl lab status >/dev/null 2>&1 && skip "a lab is up on this machine already"
rogctl lab up --workers 3 >/dev/null 2>why || skip "$(cat why)"
trap 'rogctl lab down >/dev/null' EXIT

lab=/run/rogctl-lab
cache=/var/cache/rogctl-lab

cluster=lab

# doctor STATUS OPTIONS...: writes its findings to the file report
doctor()
{
    expected=$1
    shift
    status=0
    rogctl doctor --cluster "$cluster" --json "$@" >report 2>said || status=$?
    [ "$status" = "$expected" ] || fail "status $status instead of $expected: $(cat said)"
}

# finding HOST CHECK LEVEL WORDS: checks that there is such a finding
finding()
{
    jq -e --arg host "$1" --arg check "$2" --arg level "$3" --arg words "$4" \
        'any(.[]; (.host // "this machine" | startswith($host)) and .check == $check and
            .level == $level and ((.finding + " " + (.hint // "")) | contains($words)))' \
        report >/dev/null || fail "no finding \"$2\" of $1 that is $3 and says \"$4\""
}

# --- no problems ---
doctor 0
for host in server 'worker 1' 'worker 2' 'worker 3'; do
    finding "$host" reach good 'logged in'
    finding "$host" machine good "$(uname -m)"
    finding "$host" trainer good 'deployed in'
    finding "$host" disk good 'GiB free'
    finding "$host" clock good ' s'
    finding "$host" left-overs good none
    finding "$host" held good 'by nobody'
done
for host in 'worker 1' 'worker 2' 'worker 3'; do
    finding "$host" port good ':7700 reached in'
done
[ -x "$(echo $cache/host1/rogctl/trees/*/bin/rog-trainer)" ] || fail "no trainer was deployed"
ls $cache/host0/rogctl/doctor-* 2>/dev/null && fail "the listener's log was left"
ip netns pids roglab0 | xargs -r ps -o args= -p | grep reach && fail "the listener was left"

# --- one problem per host ---
# No permission: an sshd without the capability, and therefore its children too.
kill "$(cat $lab/host1/sshd.pid)"
while [ -e $lab/host1/sshd.pid ]; do sleep 0.1; done
ip netns exec roglab1 setpriv --bounding-set -net_admin --inh-caps -net_admin \
    /usr/sbin/sshd -f $lab/host1/sshd_config -E $lab/host1/sshd.log
# An unknown key.
address=$(sed -n 's/^ListenAddress \(.*\):22$/\1/p' $lab/host2/sshd_config)
cp $lab/known_hosts known_hosts
grep -v "^$address " known_hosts >$lab/known_hosts
# A host that is off.
ip -n roglab3 link set dev eth0 down
# Remains of an earlier run, and an active run.
mkdir -p $cache/host0/rogctl/runs/old-1-0 $cache/host1/rogctl/runs/new-1-1
touch -d '1 hour ago' $cache/host0/rogctl/runs/old-1-0/lease
touch $cache/host1/rogctl/runs/new-1-1/lease
# A damaged file of the trainer.
echo >>"$(echo $cache/host0/rogctl/trees/*/lib/rog/plugins/rog.so)"

doctor 1
finding server trainer good '1 files'
finding server left-overs note 'old-1-0'
finding 'worker 1' trainer good 'already deployed'
finding 'worker 1' shaping note 'not permitted to use tc'
finding 'worker 1' left-overs good 'a run is active'
finding 'worker 1' port good ':7700 reached in'
finding 'worker 2' reach bad 'accept it with: ssh'
finding 'worker 3' reach bad 'cannot connect'

cp known_hosts $lab/known_hosts
ip -n roglab3 link set dev eth0 up
ip -n roglab3 route replace default via "${address%.*}.254"

# --- the training port: in use, then behind a firewall ---

ip netns exec roglab0 rog-trainer reach --listen :7700 --seconds 60 >listening &
listener=$!
while ! grep -q listening listening; do sleep 0.1; done
rm -r $cache/host0/rogctl/runs/old-1-0
# At the same time: an interface and a host that do not exist, a start-up file that prints.
names=$(sed -n 's/^ *{ host = "\([^"]*\)".*/\1/p' $lab/cluster.conf)
sed "/$(echo "$names" | sed -n 1p)\"/s/eth0/wlan9/; s/$(echo "$names" | sed -n 3p)\"/no-such-robot\"/" \
    $lab/cluster.conf >wrong.conf
echo 'echo Welcome' >$cache/host2/.bashrc
echo 'echo oops >&2' >$cache/host0/.bashrc
cluster=wrong.conf
doctor 1
! grep oops report >&2 || fail "a start-up file's words are taken for the trainer's"
finding server port bad 'in use'
finding 'worker 1' shell good 'a command takes'
finding 'worker 1' files good 'can be fetched'
finding 'worker 1' shaping bad 'there is no interface wlan9'
case $(getent passwd root) in
*/bash) finding 'worker 2' reach bad 'prints "Welcome" into the output of every command' ;;
esac
finding 'worker 3' reach bad 'no-such-robot is not a host known to this machine'
finding 'worker 3' reach bad 'correct host in the cluster file'
rm $cache/host0/.bashrc $cache/host2/.bashrc
mkdir lab # a folder of that name is not the lab
cluster=lab
kill $listener
wait $listener || true

# For the worker, dropping the server's answers from that port is like a firewall.
if ip -n roglab0 rule add ipproto tcp sport 7700 blackhole 2>/dev/null; then
    doctor 1
    finding 'worker 1' port bad 'no answer from'
    finding 'worker 3' port bad 'firewall'
    ip -n roglab0 rule del ipproto tcp sport 7700 blackhole
else
    echo "not tried: a firewall, as this kernel has no routing rules"
fi

# --- a host whose C library is too old: to the linker there, one without the versions asked for ---
old=bundles/$(uname -m)
mkdir bundles
cp -r $cache/host1/rogctl/trees/* "$old"
chmod -R u+w bundles
export ROG_BUNDLE_PATH=$PWD/bundles
sed 's/iface = [^;]*;//' $lab/cluster.conf >no-iface.conf
cat >old.conf <<'CONF'
case = "old"; figure = "1"; library = "BSP"; workload = "none"; seconds = 5.0; runs = ( { note = "BSP"; } );
CONF
for program in rog-trainer rog-unpack; do # the first does not start, the second stops deployment
    sed -i 's/GLIBC_2\.3/GLIBC_9.3/g' "$old/bin/$program"
    grep -q 'GLIBC_9\.3' "$old/bin/$program" || {
        echo "not tried: an old C library for $program, as this one is old itself"
        continue
    }
    doctor 1
    finding 'worker 1' trainer bad 'the C library there is too old: this trainer needs GLIBC_9.3'
    finding 'worker 1' trainer bad "sudo cmake/portable-bundle $(uname -m)"
    hosts=no-iface.conf
    [ $program = rog-trainer ] || hosts=lab
    rogctl sweep old.conf --cluster $hosts >said 2>&1 && fail "a run with such a trainer is done"
    grep -q 'needs GLIBC_9.3[0-9]* or later; rogctl doctor' said || fail "$(cat said)"
done
unset ROG_BUNDLE_PATH
rm -r bundles

# A run does not retry hosts with unknown names.
sed "s/$(echo "$names" | sed -n 3p)\"/no-such-robot\"/" $lab/cluster.conf >unknown.conf
rogctl run library=BSP workload=none seconds=2 --cluster unknown.conf --db other.db >out 2>said &&
    fail "a run began without a host"
grep -q 'no-such-robot is not a host known to this machine .*correct host in the cluster file' said || fail "$(cat said)"
grep -q 'is retried' said && fail "a name is looked up anew: $(cat said)"

# --- clean ---
touch -d '1 hour ago' $cache/host1/rogctl/runs/new-1-1/lease
mkdir -p $cache/host2/rogctl/runs/busy-1-2
touch $cache/host2/rogctl/runs/busy-1-2/lease
doctor 0 --clean
finding 'worker 1' clean good '1 left-over runs removed'
finding 'worker 2' clean note '1 runs there are active'
[ -e $cache/host2/rogctl/runs/busy-1-2/lease ] || fail "a run that goes on was removed"
[ -d $cache/host2/rogctl/trees ] || fail "the trainer of a run that goes on was removed"
[ ! -e $cache/host1/rogctl/runs/new-1-1 ] || fail "a run was left"
[ ! -e $cache/host1/rogctl/trees ] || fail "the deployed files were left"
touch -d '1 hour ago' $cache/host2/rogctl/runs/busy-1-2/lease
doctor 0 --clean
[ ! -e $cache/host2/rogctl/trees ] || fail "the deployed files were left"

# --- a run whose rogctl was killed ---
cluster=short.conf
net=${address%.*}
cat >short.conf <<CONF
kind = "ssh"; ssh_config = "$lab/ssh_config"; lease = 20.0;
worker_defaults = { user = "root"; iface = "eth0"; };
server = { host = "$net.1"; user = "root"; iface = "eth0"; };
workers = ( { host = "$net.{2..4}"; } );
CONF
cat >run.conf <<'CONF'
case = "run"; figure = "1"; library = "ROG"; threshold = 4; workload = "none"; seconds = 60.0;
epochs = 1000; control = "outdoors"; runs = ( { note = "ROG 4"; } );
CONF
rogctl sweep run.conf --cluster short.conf >sweep.log 2>&1 &
sweep=$!
for i in $(seq 1200); do
    grep -qs '"running"' $cache/host1/rogctl/runs/*/state.json && break
    sleep 0.1
done
grep -qs '"running"' $cache/host1/rogctl/runs/*/state.json || fail "no run: $(cat sweep.log)"
doctor 0
finding 'worker 1' left-overs good 'a run is active'
finding server port note 'a run is active'
finding 'worker 1' held note "@$(hostname), sweep run-case0, run "
finding 'worker 1' held note "@$(hostname) when it will be free"
# With --no-wait the command fails, and names who holds the hosts.
rogctl run library=BSP workload=none seconds=2 --cluster short.conf --db other.db --no-wait 2>said &&
    fail "two sweeps have the same hosts"
grep -q "is held since .* by .*@$(hostname), sweep run-case0, run .*; without --no-wait" said || fail "$(cat said)"
doctor 0 --clean
finding 'worker 1' clean note "; held since "
# A waiting command names who holds the hosts, and continues when they are free.
rogctl run library=BSP workload=none seconds=2 epochs=1000 --cluster short.conf --db other.db >out 2>second &
second=$!
for i in $(seq 1200); do
    grep -q "waiting for .*, held since .* by .*@$(hostname), sweep run-case0, run " second && break
    sleep 0.1
done
[ "$i" -lt 1200 ] || fail "it does not say that it waits: $(cat second)"
rogctl status --json | jq -e 'any(.[] | select(.command[1] == "run") | .runs[]; .state == "waiting" and .waiting)' \
    >said || fail "its state is another: $(rogctl status)"
kill -9 $sweep
wait $sweep 2>/dev/null || true
sleep 6 # by then the lease has not been renewed for more than a quarter of its time
doctor 0
finding 'worker 1' left-overs note '(still running)'
doctor 0 --clean
finding 'worker 1' clean note '1 left-over runs removed; the host is held '
wait $second || fail "the second sweep: $(cat second)"
doctor 0 --clean
finding 'worker 1' clean good '0 left-over runs removed'
for k in 0 1 2 3; do
    ip netns pids roglab$k | xargs -r ps -o args= -p | grep -v sshd && fail "roglab$k: a process was left"
    ip netns exec roglab$k grep -o '@rogctl/.*' /proc/net/unix && fail "roglab$k: the host is held"
    ip netns exec roglab$k tc qdisc show dev eth0 | grep 'tbf\|htb\|ingress' &&
        fail "roglab$k: shaping was left"
    [ -z "$(ls $cache/host$k/rogctl/runs)" ] || fail "roglab$k: a run's folder was left"
done

# --- usage ---
rogctl doctor --clean 2>said && fail "--clean went on without a cluster"
grep -q 'needs --cluster' said || fail "$(cat said)"
rogctl doctor --clean --cluster virtual4 2>said && fail "--clean went on without hosts"
grep -q 'no hosts to clean up' said || fail "$(cat said)"

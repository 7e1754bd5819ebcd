# SPDX-License-Identifier: Apache-2.0
# A sweep on Slurm whose agents run in containers of podman: its results are those of a sweep here, to the
# byte, also if a job reaches its time limit and a container is killed. A cancelled job and `stop` leave no
# container behind. If the image lacks rogctl, the sweep quotes the runtime's message.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/slurm.sh"

command -v podman >cause || skip "podman is not installed"
# Slurm looks up addresses as for a machine that has one beside its loopback.
ip link add name rogslurm type bridge 2>cause && ip addr add 192.0.2.1/24 dev rogslurm 2>cause ||
    skip "no network namespace here: $(cat cause)"
slurm_up 2
# crun wants all or none of the control groups in the second version. Limits that a root without all
# rights may not raise stay.
mount -t cgroup2 none /sys/fs/cgroup 2>cause || skip "no control groups here: $(cat cause)"
printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n' >containers.conf
export CONTAINERS_CONF="$PWD/containers.conf"

# The image: rogctl at a place of its own, the libraries that it needs, and another user. Whatever else is
# used has to come from outside.
image=localhost/rogctl-test-$$
installed=/opt/rog
mkdir -p root/proc root/sys root/dev root/etc root/tmp root/$installed/bin
cp -L "$ROG_BUILD/bin/rogctl" "$ROG_BUILD/bin/rog-trainer" root/$installed/bin
cp -RL "$ROG_BUILD/lib" "$ROG_BUILD/share" root/$installed
ldd "$ROG_BUILD/bin/rogctl" "$ROG_BUILD/bin/rog-trainer" |
    sed -n 's,.*[ \t]\(/[^ ]*\) (0x.*,\1,p' | sort -u >libraries
tar -chf - -T libraries 2>cause | tar -xf - -C root || fail "$(cat cause)"
tar -cf - -C root . | podman import -q -c "ENV PATH=$installed/bin" -c "USER 1000" - "$image" >out 2>cause ||
    skip "podman does not work here: $(cat cause)"
podman run --rm --cgroups=disabled --network=host --entrypoint rogctl "$image" --version >out 2>cause ||
    skip "no container runs here: $(cat cause)"
containers() { podman ps -aq --no-trunc; }

cat >x.conf <<END
case = "c"; workload = "none"; snapshot_period = 0.2; epochs = 100;
runs = ( { threshold = 4; seconds = 5000.0; }, { threshold = 20; seconds = 600.0; },
         { library = "BSP"; seconds = 600.0; }, { library = "SSP"; threshold = 4; seconds = 600.0; } );
END
cat >s.conf <<END
kind = "slurm"; partition = "all"; signal_before = 10; agents = 2;
workers = ( { profile = "jetson-nx"; count = 4; } );
image = "$image"; runtime = "podman";
END
# outcome FILE: what a case has come to, to the byte.
outcome() {
    query "SELECT id FROM runs WHERE status = 'done' ORDER BY library, threshold" "$1" |
        while read -r id; do sha256sum <"${1%.db}.runs/$id/events.jsonl"; done
    query "SELECT library, threshold, status, attempt FROM runs ORDER BY library, threshold" "$1"
}
# until_true COMMAND: it succeeds.
until_true() {
    for i in $(seq ${TRIES:-1200}); do "$1" && return; sleep 0.2; done
    fail "never true: $1; $(squeue -r; containers; tail -n 5 ./*.pool/*/slurm/*.out)"
}
# works: the long run has something to go on from, and stands still.
works() {
    ls $pool/c-case0/runs/*-ROG-4-*/*/snapshot >snapshots 2>&1 &&
        trainer=$(pgrep -f "simulate .*$PWD/$pool/.*-ROG-4-") && kill -STOP "$trainer"
}
# job: of the trainer, as ARRAY_TASK.
job() {
    tr '\0' '\n' <"/proc/$trainer/environ" | awk -F = '{ all[$1] = $2 }
        END { print all["SLURM_ARRAY_JOB_ID"] "_" all["SLURM_ARRAY_TASK_ID"] }'
}
gone() { ! kill -0 "$trainer" 2>/dev/null; }

pool=results.pool
try 0 rogctl sweep x.conf --on slurm:s.conf --lease 5
id=$(cut -d' ' -f1 out | head -n 1)

# ---- a container is killed: the other job goes on ----
until_true works
[ "$(readlink "/proc/$trainer/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ] || fail "that is no container"
kill -KILL "$(ps -o ppid= -p "$trainer")"
until_true gone

# ---- a job's time is over: the signal reaches the agent, which hands back, and the job is put back ----
until_true works
first=$(job)
scancel --batch --signal=USR1 "$first"
went_back() { scontrol -o show job "$first" | grep -q 'Restarts=[1-9]'; }
until_true went_back
until_true gone
try 0 rogctl attach "$id"
try 0 rogctl sweep x.conf --db here.db --jobs 2 --plots here
outcome here.db >wanted
outcome results.db >found
cmp wanted found || fail "other results: $(diff wanted found)"
[ "$(query "SELECT count(*) FROM events WHERE kind = 'resume'")" -gt 0 ] || fail "nothing went on from a snapshot"
same "the host of runs" "$(hostname)" "$(query "SELECT DISTINCT json_extract(data, '$.host') FROM events
    WHERE kind = 'executed'")"

# ---- a job is cancelled, and then the sweep: Slurm signals all processes of a job, podman's too ----
pool=stop.pool
sed 's/seconds = [0-9.]*/seconds = 400000.0/' x.conf >long.conf
try 0 rogctl sweep long.conf --on slurm:s.conf --db stop.db
id=$(cut -d' ' -f1 out | head -n 1)
until_true works
scancel "$(job)"
until_true gone
try 0 rogctl stop "$id"
no_containers() { [ -z "$(squeue -h)$(containers)" ]; }
until_true no_containers

# ---- an image that lacks rogctl ----
sed "s,^image.*,image = \"$image\"; runtime = \"podman\"; rogctl = \"none\";," s.conf >lacking.conf
rogctl sweep x.conf --on slurm:lacking.conf --db lacking.db --attach >out 2>err &
sweep=$!
tried="a sweep whose image lacks rogctl"
said() { grep -q 'has ended: FAILED: .*none.*not found' err; }
until_true said
kill $sweep
wait $sweep
podman rmi -f "$image" >out 2>cause
exit 0

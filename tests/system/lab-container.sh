# SPDX-License-Identifier: Apache-2.0
# Hosts whose trainer runs in podman containers: a run during which the client of a container and the
# supervisor are killed, errors of containers that doctor reports, and remaining containers that it
# finds.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/lab.sh"

command -v podman >/dev/null || skip "podman is not installed"
lab_up 2
host_states >idle-states
# In a network namespace /sys is mounted again, without control groups.
for host in $hosts; do
    nsenter -t "$(cat "$lab/host$host/sshd.pid")" -m mount -t cgroup2 none /sys/fs/cgroup ||
        skip "no control groups here"
done

# The trainer needs only the C library of an image.
image=localhost/rogctl-test-$$
mkdir -p root/tmp root/proc root/sys root/dev root/etc
ldd "$(command -v rog-trainer)" |
    sed -n 's,.*[ \t]\(/[^ ]*/\(ld-linux\|libc\|libm\|libdl\|librt\|libpthread\|libresolv\)[^/ ]*\) .*,\1,p' |
    sort -u >libraries
tar -chf - -T libraries 2>cause | tar -xf - -C root || fail "$(cat cause)"
tar -cf root.tar -C root . && podman import -q root.tar "$image" >out 2>cause ||
    skip "podman does not work here: $(cat cause)"
trap 'podman rmi -f "$image" >/dev/null 2>&1; rogctl lab down >/dev/null 2>&1' EXIT
ip netns exec roglab0 sh -c "mount -t cgroup2 none /sys/fs/cgroup &&
    podman run --rm --cgroups=disabled --network host --entrypoint /nothing $image" 2>cause
grep -q 'nothing.*not found\|nothing.*no such file' cause || skip "no container runs here: $(cat cause)"

containers() { podman ps -a --format '{{.Names}}' 2>err; }
# cluster SERVER WORKER1 WORKER2: with these settings
cluster() {
    awk -v a="$1" -v b="$2" -v c="$3" 'BEGIN { split(a "|" b "|" c, more, "|") }
        /host = / { sub(/ }/, " " more[++n] " }") } { print }' $lab/cluster.conf
    echo "stall_limit = 60.0; worker_timeout = 4.0; retries = 1; lease = 60.0;
        worker_defaults = { step_s = 0.3; compress_s = 0.0; decompress_s = 0.0; };"
    echo "container = { image = \"$image\"; runtime = \"podman\"; options = \"--cgroups=disabled\"; };"
}

# Errors, by name.
mkdir there
cluster 'container = { image = "localhost/none-such"; };' \
    "container = { mounts = ( \"$PWD/there\", \"/none/such:/data:ro\" ); };" \
    'wrap = "setsid -f";' >bad.conf
try 1 rogctl doctor --cluster bad.conf
prints 'podman pull localhost/none-such'
prints '/none/such does not exist and cannot be mounted'
prints 'it must start the command at the end of its command line and'

# The sweep fails immediately, because another attempt would have the same result.
cluster 'container = { image = "localhost/none-such"; };' '' '' >lacking.conf
try 2 rogctl run library=BSP workload=none wire_model=convmlp-nano seconds=5 --cluster lacking.conf --db no.db
says 'none-such'
grep -q 'is retried' err && fail "an image that is not there is tried for twice"
cluster '' 'container = { mounts = ( "/none/such:/data:ro" ); };' '' >lacking.conf
try 2 rogctl run library=SSP workload=none wire_model=convmlp-nano seconds=5 --cluster lacking.conf --db no.db
says '/none/such does not exist and cannot be mounted'
grep -q 'is retried' err && fail "a folder that is not there is tried for twice"
same "containers" "" "$(containers)"

# A run in the containers' environment, with the hosts' interfaces; everything is stopped, whatever is
# killed.
cluster '' "container = { mounts = ( \"$PWD/there:/data\" ); }; environment = \"A=1\";" '' >cluster.conf
echo 'case = "f"; seconds = 12.0; checkpoint_period = 1.0; trace = "constant:20";
    workload = "none"; wire_model = "convmlp-nano"; epochs = 100000;
    runs = ( { library = "SSP"; threshold = 4; } );' >f.conf
begin container
worker=$(role 1 work)
tr '\0' '\n' <"/proc/$worker/environ" >environment
grep -qx A=1 environment || fail "the environment is not in the container"
[ -e "/proc/$worker/root/data" ] || fail "the mount is not in the container"
[ "$(readlink "/proc/$worker/ns/pid")" != "$(readlink /proc/self/ns/pid)" ] || fail "that is no container"
ended() { # PROCESS WHAT
    for i in $(seq 1200); do
        [ -e "/proc/$1" ] || return 0
        sleep 0.1
    done
    fail "the container has outlived its $2"
}
kill -9 "$(role 1 host)"
ended "$worker" supervisor
worker=$(role 2 work)
kill -9 "$(pgrep -f "podman run .*--folder $caches/host2/")"
ended "$worker" client
finish 0 1 done
heard "being restored"
same "restarts" 1 "$(query "SELECT count(*) FROM events WHERE kind = 'restart'" "$db")"
same "containers" "" "$(containers)"

# Containers that were left running are found and stopped.
root=$caches/host1/rogctl
env ROG_HOST_FOLDER="$root/runs/gone-1-1" sleep 1234 &
stray=$!
ip netns exec roglab1 sh -c "mount -t cgroup2 none /sys/fs/cgroup && podman create --name rogctl-gone-1-1 \
    --label rogctl=$root --entrypoint /nothing $image" >out || fail "no container"
try 0 rogctl doctor --cluster cluster.conf
prints "process $stray"
prints 'container rogctl-gone-1-1'
prints 'podman, image localhost/rogctl-test'
try 0 rogctl doctor --cluster cluster.conf --clean
prints '2 processes or containers stopped'
wait $stray
same "containers" "" "$(containers)"

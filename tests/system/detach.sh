# SPDX-License-Identifier: Apache-2.0
# A sweep continues when its terminal is closed; status, attach and stop work from another one. If it is
# killed, as by a reboot, status reports that, and the same command resumes it. Hooks run at each run's
# end.
. "$ROG_TEST_TOOLS/lib.sh"
trap 'kill -KILL $(cat pids 2>/dev/null) 2>/dev/null' EXIT

cat >x.conf <<END
case = "c"; $quick
on_done = "cat >>done.json"; on_failed = "cat >>failed.json; echo no mail >&2; exit 3";
runs = ( { threshold = 4; note = "four"; }, { threshold = 20; }, { threshold = 30; } );
END
# A trainer that does not finish as long as a file `slow` exists, and fails if `bad` exists.
cat >trainer <<END
#!/bin/sh
[ -e $PWD/bad ] && { echo "rog-trainer: nothing works" >&2; exit 1; }
[ "\$1" = simulate ] && [ -e $PWD/slow ] || exec $ROG_BUILD/bin/rog-trainer "\$@"
while [ \$# -gt 1 ]; do [ "\$1" = --out ] && folder=\$2; shift; done
echo '{"event":"start","t":0}' >"\$folder/events.jsonl"
echo '{"event":"iteration","t":60,"rank":1,"iteration":1,"compute_s":1,"push_s":1,"pull_s":1,"stall_s":1}' \
    >>"\$folder/events.jsonl"
echo \$\$ >>$PWD/pids
exec sleep 600
END
chmod +x trainer
ROG_TRAINER=$PWD/trainer
export ROG_TRAINER

# at_terminal COMMAND...: runs it on a terminal that is closed as soon as the command has ended.
at_terminal() {
    python3 -c '
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
shown = b""
while os.waitpid(pid, os.WNOHANG)[0] == 0:
    try:
        shown += os.read(fd, 65536)
    except OSError:
        pass
os.close(fd)
print(shown.decode())' "$@"
}
# until_true COMMAND...: waits until it succeeds.
until_true() {
    for i in $(seq 1200); do "$@" && return; sleep 0.1; done
    fail "never true: $*"
}
is_gone() { case $(ps -o stat= -p "$1") in '' | Z*) ;; *) false ;; esac; }
works() { [ "$(query 'SELECT count(*) FROM progress WHERE iteration = 1')" = "$1" ]; }
state_of() { rogctl status "$1" --json >status && jq -r '.[0].state' status; }
is() { [ "$(state_of "$1")" = "$2" ]; }
has() { [ "$(query "SELECT count(*) FROM runs WHERE status = 'done'" "$1")" = "$2" ]; }

# Other files among the entries are ignored, and do not block.
entries=$HOME/.local/state/rogctl/sweeps
mkdir -p "$entries/a-1" "$entries/a-2" "$entries/a b"
mkfifo "$entries/a-1/sweep.json"
echo '{"pid": 1, "start": 1}' | tee "$entries/a-2/sweep.json" >"$entries/a b/sweep.json"
try 0 timeout 100 rogctl status
prints "no sweep of yours is running"
try 3 rogctl attach
try 3 rogctl stop
try 3 rogctl attach nothing

# ---- without its terminal ----
touch slow
at_terminal rogctl sweep x.conf --detach --jobs 1 >shown
grep -q 'c-1 continues in the background' shown || fail "it says: $(cat shown)"
until_true works 1
same "state" running "$(state_of c-1)"
pid=$(jq '.[0].pid' status)
same "terminal and session" "? $pid" "$(ps -o tty=,sid= -p "$pid" | xargs)"
same "runs" "running waiting waiting" "$(jq -r '.[0].runs[].state' status | paste -sd' ')"
same "done" 0.2 "$(jq -r '.[0].runs[0].done' status)"
try 0 rogctl status
prints "3 runs: 1 running, 2 to do"
prints "rogctl sweep x.conf --detach --jobs 1  (in $PWD)"
grep -q 'four .*running .*60 s' out || fail "no line of progress"

# A second sweep at the same time; IDs distinguish them.
rogctl sweep x.conf --db other.db --jobs 1 >out2 2>err2 &
other=$!
until_true is c-2 running
try 2 rogctl attach
says "c-1, c-2"

# `stop` without a name stops the sweep of the database that it names, and nothing else.
mkdir elsewhere
cd elsewhere || fail "no folder"
try 2 rogctl stop
says "c-1 is running: rogctl sweep x.conf --detach --jobs 1  (in ${PWD%/elsewhere}); \`rogctl stop c-1\` stops it"
says "\`rogctl stop c-2\` stops it"
says "no running sweep writes results.db; name the sweep to stop"
cd ..
same "states" "running running" "$(state_of c-1) $(state_of c-2)"
sed 's/case = "c"/case = "d"/' x.conf >d.conf
rogctl sweep d.conf --db other.db --jobs 1 >out3 2>err3 &
third=$!
until_true is d-1 running
try 2 rogctl stop --db other.db
says "2 running sweeps write other.db; name the one to stop"
try 0 rogctl stop d-1
wait $third
same "states" "running running" "$(state_of c-1) $(state_of c-2)"
sed 's/case = "c"/case = "e"/' x.conf >e.conf
rogctl sweep e.conf --db third.db --jobs 1 >out3 2>err3 &
third=$!
until_true is e-1 running
try 0 rogctl stop --db third.db
says "e-1 has ended"
wait $third
same "states" "running running" "$(state_of c-1) $(state_of c-2)"
kill -KILL $other
wait $other
same "state" killed "$(state_of c-2)"
try 3 rogctl stop c-2
(cd elsewhere && try 2 rogctl stop) || exit 1
same "state" running "$(state_of c-1)"

# ---- watched and stopped ----
rogctl attach c-1 >attached 2>&1 &
looks=$!
first=$(query "SELECT id FROM runs WHERE threshold = 4")
try 0 rogctl stop "$first"
says "$first has ended"
until_true works 1
same "the first" planned "$(query "SELECT status FROM runs WHERE id = '$first'")"
(cd elsewhere && try 0 rogctl stop --db ../results.db && says "c-1 has ended") || exit 1
wait $looks
same "attach" 1 $?
grep -q '^four *stopped' attached || fail "attach shows: $(cat attached)"
same "state" ended "$(state_of c-1)"
for child in $(cat pids); do until_true is_gone "$child"; done

# ---- killed and resumed by the same command ----
try 0 rogctl sweep x.conf --detach --jobs 1 --json
id=$(json .id)
until_true works 1
rogctl status "$id" --json >status
kill -KILL "$(jq '.[0].pid' status)"
until_true is "$id" killed
interrupted() { rogctl status "$id" | grep -q "1 interrupted, 2 to do"; }
until_true interrupted
rm slow
try 0 rogctl sweep x.conf --detach --jobs 1 --json
id=$(json .id)
try 0 rogctl attach "$id"
says "$id is done"
until_true has results.db 3
same "told of" 3 "$(jq -r 'select(.status == "done") | .id' done.json | sort -u | wc -l)"
same "state" ended "$(state_of "$id")"
same "entries of this command" 1 \
    "$(rogctl status --json | jq '[.[] | select(.command | contains(["--json"]))] | length')"

# ---- a signal while a hook is running ends it with everything it has started ----
sed 's/^on_done = .*/on_done = "sleep 600 \& echo $! >child; wait";/; s/case = "c"/case = "hook"/' x.conf >hook.conf
rogctl sweep hook.conf --db hook.db >out 2>err &
sweep=$!
until_true has hook.db 3
until_true [ -s child ]
sleep 1
kill -TERM $sweep
wait $sweep
same "exit status" 130 $?
says "interrupted while waiting for on_done and on_failed commands"
until_true is_gone "$(cat child)"
try 0 rogctl status hook --json
json '.[0].state + " " + .[0].message' >told
grep -q '^ended interrupted while' told || fail "it is told as: $(cat told)"

# ---- one entry for several attempts ----
try 0 rogctl status
same "entries, of two databases" 2 "$(grep -c '^c-' out)"
prints "before it c-1, which ended"
grep -Eq 'c-1, which ended [0-9]+ (s|min) ago: ' out || fail "no age with a unit"
rm hook.db
try 0 rogctl status
says "not shown: 1 ended sweep whose database is gone"
grep -q hook err out && fail "a sweep without its database is shown"
try 0 rogctl status hook
says "hook.db: no such database"

# ---- hooks that fail, and sweeps that cannot start ----
touch bad
try 1 rogctl sweep x.conf --db bad.db --jobs 3
says "on_failed of"
says "exited with status 3: no mail"
same "told of" "failed failed failed" "$(jq -r .status failed.json | paste -sd' ')"
rm bad
sed 's/threshold = 4/threshold = -4/' x.conf >wrong.conf
before=$(rogctl status --json | jq length)
try 2 rogctl sweep wrong.conf --detach
try 2 rogctl sweep x.conf --detach --dry-run
for option in --detach --attach; do
    try 1 env PATH=/nowhere "$(command -v rogctl)" sweep x.conf --on slurm $option --db none.db
    says "sbatch is not installed here"
done
[ ! -e none.db ] || fail "a sweep without Slurm has begun"
try 0 env PATH=/nowhere "$(command -v rogctl)" sweep x.conf --on slurm --dry-run
same "entries" "$before" "$(rogctl status --json | jq length)"

# ---- a service manager that outlives logins ----
mkdir units
cat >units/systemd-run <<END
#!/bin/sh
echo "\$*" >>$PWD/called
[ ! -e $PWD/no-manager ] || { echo "Failed to connect to bus" >&2; exit 1; }
while [ "\$1" != -- ]; do shift; done
shift
exec "\$@"
END
printf '#!/bin/sh\necho yes\n' >units/loginctl
chmod +x units/*
PATH=$PWD/units:$PATH
try 0 rogctl sweep x.conf --db unit.db --detach --json
same "a unit" true "$(json .unit)"
grep -q -- "--user --scope .*--unit=rogctl-$(json .id) -- " called || fail "called with: $(cat called)"
touch no-manager
try 0 rogctl sweep x.conf --db session.db --detach --json
same "a unit" false "$(json .unit)"
until_true has unit.db 3
until_true has session.db 3

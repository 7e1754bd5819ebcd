# SPDX-License-Identifier: Apache-2.0
# Strategies in Python with errors: one sentence names strategy, hook and cause; and no process remains,
# however the run ended.
. "$ROG_TEST_TOOLS/lib.sh"

command -v python3 >/dev/null || skip "no python3"
mkdir own

# strategy NAME LINES: writes own/NAME.py, with these lines as its hooks.
strategy() {
    printf 'import os, sys, time\nimport rog\n\n\nclass Mine(rog.Strategy):\n    limit_s = 60\n%s\n' "$2" >"own/$1.py"
}
# Checks the message when it is executed.
wrong() { # NAME LINES -- MESSAGE
    strategy "$1" "$2"
    try "${4:-1}" rogctl run --library "own/$1.py" workload=none seconds=120
    says "$3"
}
admit='    def admit(self, view, admission):
        self.wait_beyond(view, 0, admission.needed)'
push="$admit
    def plan_push(self, view, plan):"
weigh="$admit
    def weigh(self, view):"

# Hooks.
wrong raises "$push
        raise KeyError('x')" "strategy RAISES: plan_push: KeyError: 'x' (raises.py, line 10, in plan_push)"
wrong ordered "$push
        raise KeyError(os.environ['PYTHONHASHSEED'])" "KeyError: '0'" # fixes the order of sets
wrong leaves "$weigh
        sys.exit('enough')" "strategy LEAVES: weigh: SystemExit: enough (leaves.py"
wrong ends "$weigh
        os._exit(7)" "strategy ENDS: weigh: its Python process exited with status 7"
wrong dies "$weigh
        os.kill(os.getpid(), 9)" "strategy DIES: weigh: its Python process was killed by signal 9, Killed"
wrong hangs "$weigh
        while view.iteration > 1: pass
        return 1
    limit_s = 2" "strategy HANGS: weigh: no answer within 2 s; it was killed"
grep -q 'hangs.py", line 10 in weigh' results.runs/*HANGS*/trainer.log || fail "the log does not say where it hung"
wrong creates "$admit
    def create(self): raise RuntimeError('no')" "CREATES cannot start: create: RuntimeError: no (creates.py" 2
wrong grants "$admit
    def grant(self, view): return [][0]" "strategy GRANTS: grant: IndexError: list index out of range (grants.py"
wrong promises "$push
        pass
    def least_share(self): return 'all'" "strategy PROMISES could not start: promises: TypeError: least_share must be a number"

# Answers.
wrong negative "$push
        plan.send([-1])" "strategy NEGATIVE: plan_push: "
wrong floats "$push
        plan.send([0.5])" "strategy FLOATS: plan_push: TypeError: "
wrong many "$push
        plan.send(range(10**7))" "10000000 rows to send, but the model has "
wrong huge "$push
        plan.count = 10**30" "plan.count must be from 0 to 4294967295, not 1000000000000000000000000000000"
wrong more "$push
        plan.count = 10**9" "strategy MORE planned to send 1000000000 rows, 0 of them mandatory; the model has "
wrong twice "$push
        plan.send([1, 1])" "strategy TWICE planned row 1 twice"
wrong nan "$push
        plan.send([1], budget_s=float('nan'))" "strategy NAN planned a budget of nan s"
wrong typo "$push
        plan.budget = 3" "has no attribute 'budget' (typo.py"
wrong keeps "$push
        self.last = 3" "Mine has no create, so self.last is not saved"
wrong word "$weigh
        return 'much'" "strategy WORD: weigh: TypeError: a weight must be a number, not 'much'"
wrong quorum '    def admit(self, view, admission):
        admission.quorum = None' "strategy QUORUM: admit: TypeError: admission.quorum must be a whole number, not None"

# Files.
wrong syntax '    def admit(self, view, admission) pass' "SyntaxError: " 2
wrong lacks '    pass' "lacks the required hook admit of a strategy" 2
wrong two "$admit
class Other(rog.Strategy): pass" "it has the strategies Mine, Other, and must have one" 2
wrong limit "$admit
    limit_s = float('inf')" "limit_s must be greater than 0 and at most 86400, not inf" 2
wrong default "$admit
    parameters = {'x': rog.Number(9, 0, 5, help='x')}" "the default of parameter x must be a number from 0 to 5 (found 9)" 2
wrong imports "$admit
import no_such_module" "ModuleNotFoundError: No module named 'no_such_module' (imports.py, line 9" 2
mkdir bin
for program in rogctl rog-trainer env; do ln -s "$(command -v $program)" bin/$program; done
strategy fine "$admit"
try 2 env PATH="$PWD/bin" rogctl run --library own/fine.py workload=none seconds=10
says "/own/fine.py: the program python3 is not installed"

# Its output is in the log and nowhere else.
strategy prints "$push
        print('as many words as there are ' * 1000)
        plan.send(range(self.config.rows))"
try 0 rogctl run --library own/prints.py workload=none seconds=120
grep -q 'as many words' results.runs/*PRINTS*/trainer.log || fail "what it prints is lost"
if grep -q 'as many words' out err results.runs/*PRINTS*/events.jsonl; then fail "what it prints is elsewhere"; fi

# No process remains: neither what it has forked, nor a strategy that hangs when the simulation is
# killed.
of() { grep -l "[o]wn/$1.py" /proc/[0-9]*/cmdline 2>/dev/null | grep -v "/$$/" | xargs -r -n 1 dirname; }
strategy forks "$weigh
        if os.fork() == 0: time.sleep(1000)
        return 1"
try 0 rogctl run --library own/forks.py workload=none seconds=60
for i in $(seq 1200); do [ -n "$(of forks)" ] || break; sleep 0.1; done
[ -z "$(of forks)" ] || fail "left of what it forked: $(of forks)"
strategy stays "$weigh
        open('hung', 'w').close()
        while True: pass"
rogctl run --library own/stays.py workload=none seconds=60 >out 2>err &
pid=$!
for i in $(seq 1200); do [ -n "$(find . -name hung)" ] && break; sleep 0.1; done
[ -n "$(find . -name hung)" ] || fail "it does not come so far"
kill -9 $pid # and with it its trainer
wait $pid 2>/dev/null
for i in $(seq 1200); do [ -n "$(of stays)" ] || break; sleep 0.1; done
[ -z "$(of stays)" ] || fail "left after a kill: $(of stays)"

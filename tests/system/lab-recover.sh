# SPDX-License-Identifier: Apache-2.0
# Hosts that are rebooted before a failed run is retried (`recover`): the command ends the connection,
# or returns before the host goes down; every process there ends, including sshd, and some time later
# only an sshd is running. The run is done at the second attempt. A command that never ends, or a host
# that never comes back, fails the run with the host and the reason.
. "$ROG_TEST_TOOLS/lib.sh"
. "$ROG_TEST_TOOLS/lab.sh"

lab_up 3
host_states >idle-states

# Simulates a reboot of a host of the lab: reboot HOST WAIT_S DOWN_S kills its processes after WAIT_S
# and starts its sshd DOWN_S later, or never. If WAIT_S is 0 it does not return before that.
cat >reboot <<END
#!/bin/sh
setsid -f sh -c '
    sleep "\$2"
    for process in \$(ip netns pids "roglab\$1"); do
        [ "\$process" = \$\$ ] || kill -9 "\$process"
    done
    [ "\$3" != never ] || exit 0
    sleep "\$3"
    exec /usr/sbin/sshd -f "$lab/host\$1/sshd_config" -E "$lab/host\$1/sshd.log"
' sh "\$@" >/dev/null 2>&1 </dev/null
[ "\$2" != 0 ] || exec sleep 1000
END
chmod +x reboot

# recovers RANK COMMAND [RANK COMMAND]: writes cluster.conf with that `recover` for these hosts.
recovers() {
    cp $lab/cluster.conf cluster.conf
    while [ $# -gt 0 ]; do
        sed -i "s|{ host = \"\\([0-9.]*\\.$(($1 + 1))\\)\";|{ host = \"\\1\"; recover = \"$2\";|" cluster.conf
        shift 2
    done
    echo "stall_limit = $limit_s.0; worker_timeout = 4.0; retries = 1; lease = 60.0;" >>cluster.conf
}

# lose DATABASE: executes a run whose server's supervisor is killed.
lose() {
    echo 'case = "f"; seconds = 10.0; checkpoint_period = 1.0; trace = "constant:20";
        workload = "none"; wire_model = "convmlp-nano"; epochs = 100000;
        runs = ( { library = "SSP"; threshold = 4; } );' >f.conf
    begin "$1"
    kill -9 "$(role 0 host)" || fail "nothing to kill"
}

# failed REASON: checks that the second attempt was not started.
failed() {
    wait $sweep
    same "exit status" 1 $?
    same "the run" "failed 2" "$(query 'SELECT status || " " || attempt FROM runs' "$db")"
    nothing_is_left
    reason=$(query 'SELECT error FROM runs' "$db")
    case $reason in *"$1"*) echo "$tried: $reason" ;; *) fail "the reason is: $reason" ;; esac
}

limit_s=60
recovers 0 "$PWD/reboot 0 2 3" 3 "$PWD/reboot 3 0 5"
lose reboot
finish 0 2 done
heard "it resumes from the state saved"
for host in "the server" "worker 3"; do
    grep -q "$host .* went down" said || fail "$host did not go down: $(grep -v running said)"
    grep -q "$host .* is back after [3-9] s" said || fail "$host is not back: $(grep -v running said)"
done

limit_s=12
recovers 2 "exec sleep 1000"
lose hangs
failed "its recover command did not end within 12 s"
case $reason in "worker 2 ("*) ;; *) fail "which host is it? $reason" ;; esac
same "commands that hang" "" "$(programs 2 sleep)"

recovers 2 "$PWD/reboot 2 0 never"
lose never
failed "did not come back within 12 s (stall_limit) after its recover command"
case $reason in "worker 2 ("*) ;; *) fail "which host is it? $reason" ;; esac

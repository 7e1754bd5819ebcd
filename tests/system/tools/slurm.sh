# SPDX-License-Identifier: Apache-2.0
# For tests on Slurm: . "$ROG_TEST_TOOLS/slurm.sh" after lib.sh, then slurm_up [CPUS [NODES]]. It starts
# a Slurm of one node, or of the named ones, with its own munged, in the current folder and on its own
# ports, without systemd or cgroups. It is stopped when the script ends, in any way, and so are its
# jobs.

slurm=$PWD/slurm

# slurm_up [CPUS [NODES]]: starts it, or skips the test if that is not possible.
slurm_up() {
    [ "$(id -u)" = 0 ] || skip "a Slurm needs root"
    PATH=$PATH:/usr/sbin
    for program in munged slurmctld slurmd sbatch squeue scontrol scancel; do
        command -v $program >cause || skip "$program is not installed"
    done
    mkdir -p "$slurm/state" "$slurm/spool"
    chmod 700 "$slurm"
    slurm_nodes=${2:-one}
    slurm_configure "${1:-2}"
    trap slurm_down EXIT
    head -c 1024 /dev/urandom >"$slurm/munge.key"
    chmod 400 "$slurm/munge.key"
    slurm_munged || skip "munged does not start here: $(tail -n 1 "$slurm/out")"
    slurm_slurmctld
    slurm_slurmd
    for i in $(seq 100); do
        [ "$(sinfo -h -N -t idle 2>cause | wc -l)" = "$(echo $slurm_nodes | wc -w)" ] && return
        sleep 0.2
    done
    skip "Slurm's node does not become idle here: $(cat cause)" \
        "$(tail -qn 3 "$slurm/slurmctld.log" "$slurm"/slurmd-*.log)"
}

slurm_configure() {
    set -- "$1" $(free_ports "$(echo 1 $slurm_nodes | wc -w)")
    cat >"$slurm/slurm.conf" <<END
ClusterName=test
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$2
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$slurm/munge.socket,cred_expire=5
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/spool/%n
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmdPidFile=$slurm/slurmd-%n.pid
SlurmctldLogFile=$slurm/slurmctld.log
SlurmdLogFile=$slurm/slurmd-%n.log
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
MinJobAge=10
KillWait=5
MaxArraySize=${slurm_max_array:-1001}
PartitionName=all Nodes=$(echo $slurm_nodes | tr ' ' ,) Default=YES MaxTime=INFINITE State=UP
END
    cpus=$1
    for node in $slurm_nodes; do
        echo "NodeName=$node NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=$3 CPUs=$cpus State=UNKNOWN"
        shift
    done >>"$slurm/slurm.conf"
    SLURM_CONF=$slurm/slurm.conf
    export SLURM_CONF
}

slurm_munged() {
    munged --force --key-file="$slurm/munge.key" --socket="$slurm/munge.socket" \
        --pid-file="$slurm/munged.pid" --log-file="$slurm/munged.log" \
        --seed-file="$slurm/munge.seed" >>"$slurm/out" 2>&1
}
slurm_slurmctld() {
    slurmctld -D >>"$slurm/out" 2>&1 </dev/null &
    slurmctld=$!
}
# slurm_slurmd [NODE]: starts slurmd for this node, or for all.
slurm_slurmd() {
    for node in ${1:-$slurm_nodes}; do
        mkdir -p "$slurm/spool/$node"
        slurmd -D -N "$node" >>"$slurm/out" 2>&1 </dev/null &
        echo $! >"$slurm/slurmd-$node.process"
    done
}

# Lists all processes of this Slurm, including those of jobs, which are in sessions of their own.
slurm_processes() {
    for file in $(grep -lxzF "SLURM_CONF=$slurm/slurm.conf" /proc/[0-9]*/environ 2>/dev/null); do
        process=${file#/proc/}
        [ "${process%/environ}" = $$ ] || echo "${process%/environ}"
    done
}
slurm_down() {
    for round in 1 2 3; do
        kill -KILL $(slurm_processes) $(cat "$slurm/munged.pid" 2>/dev/null) 2>/dev/null
    done
}

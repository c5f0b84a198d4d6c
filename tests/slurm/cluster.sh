# cluster.sh - a private Slurm on this machine, for tests; sourced.
#
# munged, slurmctld and two slurmd, all below one directory and on ports that
# are free.  Each slurmd has a host name of its own (a UTS namespace), so that
# Open MPI takes n1 and n2 for two hosts.

cluster_nodes="n1 n2"
PATH=$PATH:/usr/sbin:/sbin

# cluster_missing: the reason why there can be none here; nothing if it can.
cluster_missing() {
    local program
    for program in munged slurmctld slurmd sbatch srun unshare; do
        command -v $program >/dev/null || {
            echo "$program is not installed (setup.sh --tests)"
            return
        }
    done
    if [ "$(id -u)" -ne 0 ]; then
        echo "a private Slurm needs root"
    elif ! unshare --uts true 2>/dev/null; then
        echo "no host names of its own for a node (unshare --uts fails)"
    fi
}

# is_running PIDFILE: and not only waiting to be reaped.
is_running() {
    local pid
    pid=$(cat "$1" 2>/dev/null) && [ -n "$pid" ] &&
        grep -q '^State:[[:space:]]*[^Z]' "/proc/$pid/status" 2>/dev/null
}

cluster_configure() {
    local ports port node
    ports=$(/usr/bin/python3 -c '
import socket
s = [socket.socket() for _ in range(3)]
for x in s: x.bind(("127.0.0.1", 0))
print(*[x.getsockname()[1] for x in s])')
    read -r port ports <<<"$ports"
    cat >"$cluster/slurm.conf" <<CONF
ClusterName=codelen
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
AuthType=auth/munge
CredType=cred/munge
# cred_expire is also how long a requeued job waits; at least 5 s
AuthInfo=socket=$cluster/munge/socket,cred_expire=5
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/spool/%n
# for each node: the PMIx plugins of two would meet in one directory
TmpFS=$cluster/tmp/%n
SlurmctldPidFile=$cluster/run/slurmctld.pid
SlurmdPidFile=$cluster/run/slurmd-%n.pid
SlurmctldLogFile=$cluster/log/slurmctld.log
SlurmdLogFile=$cluster/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=pmix
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
# a node that does not answer is down after this
SlurmdTimeout=6
ReturnToService=2
JobRequeue=1
KillWait=3
MessageTimeout=5
AccountingStorageType=accounting_storage/none
CONF
    for node in $cluster_nodes; do
        read -r port ports <<<"$ports"
        echo "NodeName=$node NodeAddr=127.0.0.1 Port=$port CPUs=2 State=UNKNOWN" \
            >>"$cluster/slurm.conf"
    done
    echo "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP" \
        >>"$cluster/slurm.conf"
    # Never used, but slurmd wants it where cgroups are not mounted.
    echo 'CgroupPlugin=cgroup/v1' >"$cluster/cgroup.conf"
}

# cluster_start_node NODE
cluster_start_node() {
    mkdir -p "$cluster/spool/$1" "$cluster/tmp/$1"
    rm -f "$cluster/run/slurmd-$1.pid"
    unshare --uts sh -c 'hostname "$1" && exec slurmd -N "$1"' sh "$1"
}

# cluster_up DIR: start it below DIR (a short path: sockets) and use it.
cluster_up() {
    local node
    cluster=$1
    umask 022
    mkdir -p "$cluster"/{run,log,state,munge}
    chmod 755 "$cluster" "$cluster/munge"
    (umask 077 && head -c 1024 /dev/urandom >"$cluster/munge/key")
    export SLURM_CONF=$cluster/slurm.conf
    cluster_configure
    munged --key-file="$cluster/munge/key" --socket="$cluster/munge/socket" \
        --seed-file="$cluster/munge/seed" --pid-file="$cluster/run/munged.pid" \
        --log-file="$cluster/log/munged.log"
    slurmctld
    for node in $cluster_nodes; do
        cluster_start_node "$node"
    done
    cluster_wait_for_nodes
}

# cluster_processes NODE [NAME]: what runs there, by its host name's namespace.
cluster_processes() {
    pgrep --ns "$(cat "$cluster/run/slurmd-$1.pid" 2>/dev/null)" --nslist uts \
        ${2:+-x} "${2:-.}" 2>/dev/null || true
}

# Wait until all nodes take jobs.
cluster_wait_for_nodes() {
    local i
    for i in $(seq 150); do
        [ "$(sinfo -h -N -o %T 2>/dev/null | grep -cE 'idle|mixed|allocated')" -ne 2 ] ||
            return 0
        scontrol update nodename=n1,n2 state=resume 2>/dev/null || true
        sleep 0.2
    done
    sinfo -N -l >&2 || true
    tail -n 20 "$cluster"/log/*.log >&2
    return 1
}

# cluster_stop PIDFILE: the process in it.
cluster_stop() {
    local i
    is_running "$1" || return 0
    kill "$(cat "$1")" 2>/dev/null || true
    for i in $(seq 100); do
        is_running "$1" || return 0
        sleep 0.1
    done
    kill -9 "$(cat "$1")" 2>/dev/null || true
}

# cluster_down: jobs first, so that none outlives its node.
cluster_down() {
    local i file
    [ -n "${cluster:-}" ] || return 0
    if is_running "$cluster/run/slurmctld.pid"; then
        scancel --user=root 2>/dev/null || true
        for i in $(seq 50); do
            [ -n "$(timeout 5 squeue -h -t R,CG 2>/dev/null)" ] || break
            sleep 0.2
        done
    fi
    for file in "$cluster"/run/slurmd-*.pid "$cluster/run/slurmctld.pid" \
        "$cluster/run/munged.pid"; do
        cluster_stop "$file"
    done
}

# common.sh - what the jobs share: site, threads, signals, going on.
#
# Sourced by *.sbatch in the directory of sbatch, which is that of the
# checkout unless CODELEN_ROOT names it.

root=${CODELEN_ROOT:-$SLURM_SUBMIT_DIR}
codelen=build/release/codelen
[ ! -f "$root/slurm/site" ] || . "$root/slurm/site"
case $codelen in /*) ;; *) codelen=$root/$codelen ;; esac
codelen=${CODELEN:-$codelen}

# Restarts after which a job that stops with work left is left alone: one that
# comes no further would come back for ever.
restarts_max=${restarts_max:-1000}

# srun does not take this over from sbatch; threads are chosen by it.
export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}

if [ -z "${launcher:-}" ]; then
    if srun --mpi=list 2>&1 | grep -qw pmix; then
        launcher="srun --mpi=pmix"
    else
        launcher="mpirun --bind-to none"
    fi
fi

# run ARGUMENT...: codelen on all ranks of the job.  SIGUSR1 (from
# --signal=B:USR1@60, a minute before the end of the time) is passed on; what
# then stops with status 75, or is asked to by SIGTERM, is queued again.
run() {
    local status=0 pid=

    echo "$(date +%FT%T) $SLURMD_NODENAME: job $SLURM_JOB_ID," \
        "restart ${SLURM_RESTART_COUNT:-0}, ${SLURM_NTASKS:-1} ranks on" \
        "$SLURM_JOB_NODELIST: codelen $*"
    trap 'kill -USR1 "$pid" 2>/dev/null' USR1
    # shellcheck disable=SC2086
    $launcher "$codelen" "$@" &
    pid=$!
    # A signal ends wait, not the program.
    while kill -0 "$pid" 2>/dev/null; do
        status=0
        wait "$pid" || status=$?
    done
    echo "$(date +%FT%T) exit status $status"
    [ "$status" -eq 75 ] || return "$status"
    if [ "${SLURM_RESTART_COUNT:-0}" -ge "$restarts_max" ]; then
        echo "stopped with work left after $SLURM_RESTART_COUNT restarts:" \
            "submit it again to go on"
        return 75
    fi
    # Slurm ends this script then.
    scontrol requeue "$SLURM_JOB_ID" && sleep 60
    return 75
}

"""Slurm's commands for one machine: ``sbatch`` runs the very script that it is given, at once and in the background."""

from __future__ import annotations

from pathlib import Path

SBATCH = """
for script; do :; done
cp "$script" "$state/$$.sh"
export SLURM_JOB_ID=$$ SLURM_JOBID=$$ SLURM_JOB_NUM_NODES=1 SLURM_JOB_NODELIST=localhost SLURM_NTASKS=1 SLURM_NODEID=0
(
    setsid bash "$state/$$.sh" >"$state/$$.log" 2>&1 </dev/null &
    echo $! >"$state/$$.pid"
    wait $!
    echo $? >"$state/$$.exit"
) >/dev/null 2>&1 &
echo "Submitted batch job $$"
"""
SRUN = """
while :; do
    case "$1" in
        --output | --error) shift 2 ;;
        --*) shift ;;
        *) break ;;
    esac
done
export SLURM_PROCID=0 SLURM_LOCALID=0
exec "$@"
"""
SACCT = """
echo "JobID|State|NodeList"
for script in "$state"/*.sh; do
    job=$(basename "$script" .sh)
    case "$(cat "$state/$job.exit" 2>/dev/null)" in
        "") word=RUNNING ;;
        0) word=COMPLETED ;;
        *) word=FAILED ;;
    esac
    echo "$job|$word|localhost"
done
"""
SCANCEL = """
for job; do
    if [ -s "$state/$job.pid" ] && [ ! -e "$state/$job.exit" ]; then
        kill -TERM -- "-$(cat "$state/$job.pid")"
    fi
done
exit 0
"""
COMMANDS = {"sbatch": SBATCH, "srun": SRUN, "sacct": SACCT, "scancel": SCANCEL, "squeue": "", "scontrol": ""}


class FakeSlurm:
    """The commands in a folder of their own.

    Args:
        folder: Where to put them and what they remember.

    Fields:
        commands: Folder to put first into ``PATH``.
    """

    def __init__(self, folder: Path) -> None:
        self.commands, self._state = folder / "bin", folder / "state"
        for made in (self.commands, self._state):
            made.mkdir(parents=True)
        for name, body in COMMANDS.items():
            file = self.commands / name
            file.write_text(f"#!/bin/bash\nstate={self._state}\n{body}")
            file.chmod(0o755)

    def scripts(self) -> list[str]:
        """The scripts that were submitted."""
        return [file.read_text() for file in sorted(self._state.glob("*.sh"))]

    def logs(self) -> str:
        """What they printed."""
        return "\n".join(file.read_text() for file in sorted(self._state.glob("*.log")))

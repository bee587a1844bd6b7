"""A Slurm of three nodes on this machine, as root, without systemd, cgroups or accounting."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e")]

from mill_tools import Mill, wait_until  # noqa: E402

CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=6917
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock,cred_expire=5
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
MinJobAge=300
JobRequeue=1
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=0,bf_interval=1
SlurmctldTimeout=10
SlurmdTimeout=10
InactiveLimit=0
JobCompType=jobcomp/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
NodeName=n[1-3] NodeHostname={host} NodeAddr=127.0.0.1 Port=[17001-17003] CPUs=2 RealMemory=2000
PartitionName=p Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class Slurm:
    def __init__(self, folder):
        self.folder = folder
        self.host = socket.gethostname().split(".")[0]
        os.environ["SLURM_CONF"] = str(folder / "slurm.conf")

    def run(self, *command, check=True):
        done = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, timeout=60
        )
        assert not check or done.returncode == 0, f"{command}: {done.stderr}{done.stdout}"
        return done.stdout

    def start(self):
        for name in ("state", "log", "spool/n1", "spool/n2", "spool/n3"):
            (self.folder / name).mkdir(parents=True)
        self.folder.chmod(0o700)
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        hosts = pathlib.Path("/etc/hosts")
        if self.host not in hosts.read_text().split():
            hosts.write_text(f"{hosts.read_text()}127.0.0.1 {self.host}\n")
        text = CONFIGURATION.format(host=self.host, folder=self.folder)
        (self.folder / "slurm.conf").write_text(text)
        files = {
            "key-file": "munge.key", "socket": "munge.sock", "pid-file": "munged.pid",
            "log-file": "log/munged.log", "seed-file": "munge.seed",
        }
        files = [f"--{option}={self.folder / name}" for option, name in files.items()]
        self.run("munged", "--force", "--num-threads=1", *files)
        self.run("slurmctld", "-c")
        for node in ("n1", "n2", "n3"):
            self.run("slurmd", "-N", node)
        wait_until(lambda: self.run("sinfo", "-hN", "-o", "%t").split() == ["idle"] * 3, 20)

    def stop(self):
        self.run("scancel", "--user=root", check=False)
        time.sleep(0.5)
        for pid in self.folder.glob("*.pid"):
            try:
                os.kill(int(pid.read_text()), signal.SIGTERM)
            except (ValueError, ProcessLookupError):
                pass

    def states(self, job):
        """The state of every element of a job."""
        lines = self.run("squeue", "-hr", "-t", "all", "-j", job, "-o", "%i %T", check=False)
        return dict(line.split() for line in lines.splitlines())

    def wait_for(self, job, patience=90):
        """Waits until a job has ended; the states of its elements."""
        running = {"PENDING", "RUNNING", "COMPLETING", "REQUEUED", "CONFIGURING"}
        wait_until(lambda: not running & set(self.states(job).values()), patience)
        return self.states(job)


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    for program in ("munged", "slurmctld", "slurmd", "sbatch"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed: make test-cluster installs it")
    if os.geteuid() != 0:
        pytest.skip("a cluster of one's own needs root")
    cluster = Slurm(tmp_path_factory.mktemp("slurm"))
    try:
        cluster.start()
    except (AssertionError, OSError) as reason:
        cluster.stop()
        pytest.skip(f"no cluster can be started here: {reason}")
    yield cluster
    cluster.stop()


@pytest.fixture
def mill(tmp_path, slurm):
    return Mill(tmp_path)

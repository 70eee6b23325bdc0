"""Starts the programs that are compared, each in an environment of its own making, and reads what memory they use."""

import os
import subprocess

# A user's settings for these libraries would reach some contestants and not others.
THREADING_VARIABLES = ("OMP_", "GOMP_", "KMP_", "OPENBLAS_", "GOTO_", "MKL_", "DNNL_", "ONEDNN_")


class Failure(Exception):
    """The comparison cannot go on; the message says what failed and what mends it."""


def environment(threads, **more):
    """This process's environment with `threads` for OpenMP and OpenBLAS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(THREADING_VARIABLES)}
    return {**kept, "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads), **more}


def run(command, threads, **more):
    """The standard output of a command, whose failure is ours."""
    command = [str(word) for word in command]
    try:
        done = subprocess.run(command, env=environment(threads, **more), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    except OSError as error:
        raise Failure(f"cannot start {command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        raise Failure(f"exit {done.returncode} of {' '.join(command)}\n{done.stderr.strip()}")
    return done.stdout


def resident_bytes(field, process="self"):
    """`VmRSS`, what a process has in memory now, or `VmHWM`, the most it had."""
    with open(f"/proc/{process}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    raise Failure(f"/proc/{process}/status has no {field}")


def reset_peak_resident():
    """From here on VmHWM is the peak of what follows: importing may have needed more than it kept."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")

"""The `sinter` program as the comparisons use it."""

import fcntl
import json
import pathlib
import subprocess

from processes import Failure, environment, resident_bytes, run

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEFAULT_PROGRAM = ROOT / "build/release/bin/sinter"
PAGE_BYTES = 4096
BENCH_NUMBERS = ("min_ms", "median_ms", "peak_rss_bytes")


class Sinter:
    """One built program."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        if not self.path.is_file():
            raise Failure(f"there is no program {path}: build it with `cmake --preset release && "
                          "cmake --build --preset release`, or name it with --sinter")

    def run(self, *arguments, backend, threads):
        """What a command prints, with that backend and number of threads."""
        return run([self.path, *arguments, "--backend", backend, "--threads", threads], threads)

    def version(self):
        return run([self.path, "--version"], 1).strip()

    def bench(self, model, mode, batch_size, steps, *, weights, backend, threads):
        """The statistics of `sinter bench --json`."""
        text = self.run("bench", *model, "--mode", mode, "--batch-size", batch_size, "--repeat", steps,
                        *weights, "--json", backend=backend, threads=threads)
        try:
            line = json.loads(text)
            return {"backend": line["backend"], **{key: float(line[key]) for key in BENCH_NUMBERS}}
        except (ValueError, KeyError, TypeError) as error:
            raise Failure(f"{self.path} bench --json printed {text!r}, expected one object with backend "
                          f"and numbers for {', '.join(BENCH_NUMBERS)}") from error

    def resident_at_start(self):
        """The most memory the program has used when it has started and waits for its first input.

        `opt -` reads a graph from a pipe. It has started when more is written than a pipe holds, which takes a
        reader. The kernel's account of an ended process would not do: it counts the memory of the process that
        started it."""
        with subprocess.Popen([str(self.path), "opt", "-"], env=environment(1), stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, bufsize=0,
                              pipesize=PAGE_BYTES) as process:
            try:
                process.stdin.write(b"\n" * (fcntl.fcntl(process.stdin, fcntl.F_GETPIPE_SZ) + 1))
                return resident_bytes("VmHWM", process.pid)
            except BrokenPipeError as error:
                raise Failure(f"{self.path} opt - ended before it read its input") from error
            finally:
                process.kill()

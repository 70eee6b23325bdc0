"""What is compared: each contestant runs its steps of a case once, in a fresh process, and says how long they took."""

import dataclasses
import json
import os
import pathlib
import shutil
import sys

import numpy
from processes import Failure, run
from sinter_program import ROOT

HERE = pathlib.Path(__file__).resolve().parent
NODE_MODULES = ROOT / "build/peers/node_modules"


@dataclasses.dataclass(frozen=True)
class Case:
    """A network, `train` or `infer`, a batch size, and the folder with the files of `write_case`."""

    network: object
    mode: str
    batch_size: int
    folder: pathlib.Path

    def __str__(self):
        return f"{self.network.name} {self.mode} batch {self.batch_size}"


@dataclasses.dataclass(frozen=True)
class Round:
    """Statistics over the steps of one process; memory is beyond what the program uses before the model exists.
    What a call costs whatever the model is counted apart, and not against the contestant."""

    min_ms: float
    median_ms: float
    memory_bytes: int
    call_min_ms: float = 0.0
    call_median_ms: float = 0.0


class PyTorch:
    name = "PyTorch"
    modes = ("train", "infer")

    def __init__(self, threads):
        self.threads = threads

    def run(self, case, steps, output=()):
        """One round; `output`, a file, is for the check of numbers."""
        command = [sys.executable, HERE / "pytorch_steps.py", case.network.name, case.mode, case.batch_size,
                   self.threads, steps, *output]
        line = json.loads(run(command, self.threads))
        blas = line.pop("blas")
        if not any("openblas" in library for library in blas):
            raise Failure(f"PyTorch runs on {', '.join(blas)}, which is slow, instead of OpenBLAS: bench/peers/setup "
                          "installs it; `update-alternatives --config libblas.so.3-x86_64-linux-gnu` chooses it")
        return Round(**line)

    def outputs(self, case):
        path = case.folder / "pytorch.npy"
        self.run(case, 1, (path,))
        return numpy.load(path)


class OnnxRuntime:
    name = "ONNX Runtime"
    modes = ("infer",)

    def __init__(self, threads):
        self.threads = threads
        self.node = shutil.which("node") or shutil.which("nodejs")
        if not self.node:
            raise Failure("there is no `node` to run ONNX Runtime: bench/peers/setup installs it")
        if not (NODE_MODULES / "onnxruntime-node").is_dir():
            raise Failure(f"ONNX Runtime is not in {NODE_MODULES}: bench/peers/setup installs it")

    def run(self, case, steps, **output):
        """One round, with what a call through Node costs; `output` is as for PyTorch."""
        request = {"identity": "identity.onnx", "input": "image.raw", **output}
        request = {name: str(case.folder / file) for name, file in request.items()}
        request |= {"model": str(case.network.onnx_file(case.folder)), "threads": self.threads, "steps": steps,
                    "shape": [case.batch_size, *case.network.image_shape]}
        return Round(**self.ask(request))

    def ask(self, request):
        return json.loads(run([self.node, HERE / "onnxruntime.js", json.dumps(request)], self.threads,
                              NODE_PATH=str(NODE_MODULES)))

    def outputs(self, case):
        return self.result(case, 0).reshape(case.batch_size, -1)

    def result(self, case, index):
        """One result of the model, flat."""
        self.run(case, 1, output="onnxruntime")
        return numpy.fromfile(case.folder / f"onnxruntime.{index}.raw", numpy.float32)


class SinterBackend:
    modes = ("train", "infer")

    def __init__(self, program, backend, threads):
        self.program, self.backend, self.threads = program, backend, threads
        self.ran = backend
        self.resident_at_start = program.resident_at_start()

    @property
    def name(self):
        """With what `auto` came to in the rounds that have run."""
        return f"Sinter {self.backend}" + (f" ({self.ran})" if self.ran != self.backend else "")

    def run(self, case, steps):
        line = self.program.bench(case.network.sinter_model, case.mode, case.batch_size, steps,
                                  weights=case.network.weights(case.folder), backend=self.backend,
                                  threads=self.threads)
        self.ran = line["backend"]
        return Round(line["min_ms"], line["median_ms"], line["peak_rss_bytes"] - self.resident_at_start)

    def outputs(self, case):
        (file,) = self.results(case).iterdir()
        return numpy.load(file)

    def results(self, case):
        """A folder with a file NAME.npy for each result of the model."""
        folder = case.folder / f"sinter_{self.backend}_{self.threads}"
        self.program.run("run", *case.network.sinter_model, *case.network.weights(case.folder), "--input",
                         f"{case.network.input}={case.folder / 'image.npy'}", "--output", folder,
                         backend=self.backend, threads=self.threads)
        return folder


def default_thread_counts():
    return sorted({1, len(os.sched_getaffinity(0))})

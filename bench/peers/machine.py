"""What the figures were measured on."""

import json
import os
import platform

import torch
from contestants import NODE_MODULES
from processes import run


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        fields = dict(line.split(":", 1) for line in file.read().split("\n\n")[0].splitlines() if ":" in line)
    fields = {name.strip(): value.strip() for name, value in fields.items()}
    return f"{fields['model name']} (family {fields['cpu family']}, model {fields['model']})"


def describe(sinter, contestants):
    """Names and versions; `load` is how many programs ran, over the last minute, before the comparison."""
    found = {"cpu": cpu_model(), "cores": len(os.sched_getaffinity(0)), "kernel": platform.release(),
             "load": os.getloadavg()[0], "sinter": sinter.version().splitlines()}
    names = {contestant.name for contestant in contestants}
    if "PyTorch" in names:
        found["pytorch"] = torch.__version__
    if "ONNX Runtime" in names:
        package = json.loads((NODE_MODULES / "onnxruntime-node/package.json").read_text())
        node = next(one.node for one in contestants if one.name == "ONNX Runtime")
        found["onnxruntime"] = f"{package['version']}, Node {run([node, '--version'], 1).strip()}"
    return found


def machine_text(found):
    lines = [f"CPU           {found['cpu']}, {found['cores']} cores, Linux {found['kernel']}, "
             f"load {found['load']:.2f} before the start"]
    lines += [f"Sinter        {'; '.join(found['sinter'])}"]
    lines += [f"PyTorch       {found['pytorch']}, OpenBLAS"] if "pytorch" in found else []
    lines += [f"ONNX Runtime  {found['onnxruntime']}"] if "onnxruntime" in found else []
    return "\n".join(lines)

"""Times PyTorch in a process of its own, in standard eager mode, on one constant batch:
pytorch_steps.py MODEL train|infer BATCH_SIZE THREADS STEPS [OUTPUT.npy]. Prints one JSON object. Inference also
writes its output, where asked."""

import json
import statistics
import sys
import time

import numpy
import torch
from networks import NETWORKS
from processes import reset_peak_resident, resident_bytes
from torch import nn


def training_step(network, model, batch_size):
    images, labels = network.images(batch_size), network.labels(batch_size)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loss_of = nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad()
        loss = loss_of(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss

    return step


def inference_step(network, model, batch_size):
    model.eval()
    images = network.images(batch_size)

    def step():
        with torch.inference_mode():
            return model(images)

    return step


def timed(step, count):
    """Milliseconds of each of `count` steps, after a tenth as many, or 3 where they are few, that are not counted."""
    for _ in range(max(min(3, count), count // 10)):
        step()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - start))
    return times


def blas_libraries():
    with open("/proc/self/maps", encoding="utf-8") as file:
        files = {line.split("/")[-1].strip() for line in file if "blas" in line}
    return sorted(files)


def main():
    name, mode, batch_size, threads, steps, *output = sys.argv[1:]
    torch.set_num_threads(int(threads))
    reset_peak_resident()
    before = resident_bytes("VmRSS")
    network = NETWORKS[name]
    make_step = training_step if mode == "train" else inference_step
    step = make_step(network, network.build(), int(batch_size))
    times = timed(step, int(steps))
    memory = resident_bytes("VmHWM") - before
    if output:
        numpy.save(output[0], step().numpy())
    print(json.dumps({"min_ms": min(times), "median_ms": statistics.median(times), "memory_bytes": memory,
                      "blas": blas_libraries()}))


if __name__ == "__main__":
    main()

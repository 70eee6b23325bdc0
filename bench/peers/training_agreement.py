"""Trains the same network in PyTorch and in Sinter, from identical weights and in the same order of data, and
compares the losses step by step."""

import copy
import dataclasses
import gzip
import json
import os
import pathlib
import tempfile

import numpy
import torch
from networks import NETWORKS, write_safetensors
from processes import Failure
from sinter_program import ROOT
from torch import nn

MEAN, STD = 0.1307, 0.3081
DEFAULT_DATA = pathlib.Path(os.environ.get("SINTER_DATA", ROOT.parent / "shared/data")) / "fashion-mnist"
STEPS = 20
TOLERANCE = 1e-4  # relative


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is trained."""

    model: str
    lr: float
    momentum: float = 0.0
    weight_decay: float = 0.0
    nesterov: bool = False
    reduction: str = "mean"


# At a rate where training is unstable (0.1 for lenet_relu from these weights) rounding grows by a factor of ten every
# few steps, in PyTorch as here, and no two programs agree. These rates are stable ones.
RECIPES = (
    Recipe("lenet", 0.0005, reduction="sum"),
    Recipe("lenet", 0.02, 0.9, 1e-3, True),
    Recipe("lenet_relu", 0.02),
    Recipe("lenet_relu", 0.005, 0.9, 5e-4),
)


@dataclasses.dataclass(frozen=True)
class Agreement:
    """`difference` is between Sinter and PyTorch, `rounding` between PyTorch's f32 and its f64: the largest of any
    step, relative."""

    recipe: Recipe
    backend: str
    batch_size: int
    first_loss: float
    last_loss: float
    difference: float
    rounding: float

    def holds(self, tolerance=TOLERANCE):
        return self.difference <= tolerance


def read_idx(path, header):
    zipped = path.with_name(path.name + ".gz")
    if not path.exists() and not zipped.exists():
        raise Failure(f"there is neither {path} nor {zipped.name}: --data names the folder with Fashion-MNIST's files")
    with (gzip.open(zipped) if zipped.exists() else open(path, "rb")) as file:
        return numpy.frombuffer(file.read(), numpy.uint8, offset=header)


def read_training_images(folder, count):
    folder = pathlib.Path(folder)
    pixels = read_idx(folder / "train-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28)[:count]
    labels = read_idx(folder / "train-labels-idx1-ubyte", 8)[:count]
    if len(pixels) < count:
        raise Failure(f"{folder} has {len(pixels)} training images, the comparison takes {count}")
    return (torch.from_numpy(pixels.astype("float32")) / 255 - MEAN) / STD, torch.from_numpy(labels.astype("int64"))


def pytorch_losses(network, images, labels, batch_size, recipe):
    optimizer = torch.optim.SGD(network.parameters(), recipe.lr, recipe.momentum, weight_decay=recipe.weight_decay,
                                nesterov=recipe.nesterov)
    loss_of = nn.CrossEntropyLoss(reduction=recipe.reduction)
    losses = []
    for batch, batch_labels in zip(images.split(batch_size), labels.split(batch_size)):
        optimizer.zero_grad()
        loss = loss_of(network(batch), batch_labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item() / (batch_size if recipe.reduction == "sum" else 1))
    return losses


def sinter_losses(sinter, network, data, count, batch_size, recipe, backend, threads):
    with tempfile.TemporaryDirectory() as folder:
        weights, metrics = pathlib.Path(folder, "first.safetensors"), pathlib.Path(folder, "steps.jsonl")
        write_safetensors(weights, network.state_dict())
        sinter.run("train", recipe.model, "--data", f"fashion-mnist:{data}", "--weights", weights, "--no-shuffle",
                   "--limit", count, "--batch-size", batch_size, "--epochs", 1, "--lr", repr(recipe.lr),
                   "--momentum", repr(recipe.momentum), "--weight-decay", repr(recipe.weight_decay),
                   "--loss-reduction", recipe.reduction, "--normalize", f"{MEAN},{STD}", "--step-metrics", metrics,
                   *(["--nesterov"] if recipe.nesterov else []), backend=backend, threads=threads)
        return [json.loads(line)["loss"] for line in metrics.read_text().splitlines()]


def largest_difference(losses, reference):
    if len(losses) != len(reference):
        raise Failure(f"{len(losses)} steps where {len(reference)} were expected")
    # NaN counts as the largest there is; max() would pass over it.
    differences = [abs(a - b) / abs(b) for a, b in zip(losses, reference)]
    return max(difference if difference == difference else float("inf") for difference in differences)


def compare_losses(sinter, recipe, data=DEFAULT_DATA, *, backend, threads, batch_size=256, steps=STEPS):
    """Trains for `steps` in Sinter and twice in PyTorch, in f32 and in f64."""
    count = steps * batch_size
    images, labels = read_training_images(data, count)
    network = NETWORKS[recipe.model].build()
    ours = sinter_losses(sinter, network, data, count, batch_size, recipe, backend, threads)
    exact = pytorch_losses(copy.deepcopy(network).double(), images.double(), labels, batch_size, recipe)
    theirs = pytorch_losses(network, images, labels, batch_size, recipe)
    return Agreement(recipe, backend, batch_size, theirs[0], theirs[-1], largest_difference(ours, theirs),
                     largest_difference(theirs, exact))

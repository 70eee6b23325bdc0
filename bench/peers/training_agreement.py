"""Trains the same network in PyTorch and in Sinter, from identical weights and in the same order of data, and
compares the losses step by step."""

import copy
import dataclasses
import json
import pathlib
import tempfile

import torch
from networks import NETWORKS, write_safetensors
from processes import Failure
from torch import nn
from training_data import DEFAULT_FOLDER

STEPS = 20


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is trained, and how far apart, relative, losses may be in 20 steps."""

    network: str
    lr: float
    momentum: float = 0.0
    weight_decay: float = 0.0
    nesterov: bool = False
    reduction: str = "mean"
    tolerance: float = 1e-4


# At a rate where training is unstable (0.1 for lenet_relu from these weights) rounding grows by a factor of ten every
# few steps, in PyTorch as here, and no two programs agree. These rates are stable ones. ResNet-18 at batch 16 is
# unstable at most: PyTorch with one thread and with two is 4e-2 apart after six steps at 0.001, 8e-4 after twenty at
# 0.0001.
RECIPES = (
    Recipe("lenet", 0.0005, reduction="sum"),
    Recipe("lenet", 0.02, 0.9, 1e-3, True),
    Recipe("lenet_relu", 0.02),
    Recipe("lenet_relu", 0.005, 0.9, 5e-4),
    Recipe("cifar_cnn", 0.01),
    Recipe("cifar_cnn_avg", 0.005, 0.9, 5e-4),
    Recipe("resnet18", 3e-5, tolerance=1e-3),
    Recipe("vgg11_quarter", 0.02, tolerance=1e-3),
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

    def holds(self):
        return self.difference <= self.recipe.tolerance


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
        of = NETWORKS[recipe.network]
        sinter.run("train", *of.sinter_model, "--data", of.data.spec(data), "--weights", weights, "--no-shuffle",
                   "--limit", count, "--batch-size", batch_size, "--epochs", 1, "--lr", repr(recipe.lr),
                   "--momentum", repr(recipe.momentum), "--weight-decay", repr(recipe.weight_decay),
                   "--loss-reduction", recipe.reduction, "--normalize", of.data.normalize, "--step-metrics", metrics,
                   *(["--resize", "{}x{}".format(*of.resized)] if of.resized else []),
                   *(["--nesterov"] if recipe.nesterov else []), backend=backend, threads=threads)
        return [json.loads(line)["loss"] for line in metrics.read_text().splitlines()]


def largest_difference(losses, reference):
    if len(losses) != len(reference):
        raise Failure(f"{len(losses)} steps where {len(reference)} were expected")
    # NaN counts as the largest there is; max() would pass over it.
    differences = [abs(a - b) / abs(b) for a, b in zip(losses, reference)]
    return max(difference if difference == difference else float("inf") for difference in differences)


def compare_losses(sinter, recipe, data=DEFAULT_FOLDER, *, backend, threads, batch_size=None, steps=STEPS):
    """Trains for `steps` in Sinter and twice in PyTorch, in f32 and in f64; at the network's usual batch size unless
    another is given."""
    of = NETWORKS[recipe.network]
    batch_size = batch_size or of.batch_size
    count = steps * batch_size
    images, labels = of.data.images(data, count, of.resized)
    network = of.build()
    ours = sinter_losses(sinter, network, data, count, batch_size, recipe, backend, threads)
    exact = pytorch_losses(copy.deepcopy(network).double(), images.double(), labels, batch_size, recipe)
    theirs = pytorch_losses(network, images, labels, batch_size, recipe)
    return Agreement(recipe, backend, batch_size, theirs[0], theirs[-1], largest_difference(ours, theirs),
                     largest_difference(theirs, exact))

"""Trains the same network in PyTorch and in Sinter, from identical weights and in the same order of data, and
compares the losses step by step."""

import copy
import dataclasses
import functools
import json
import pathlib
import tempfile

import numpy
import torch
from case_files import write_safetensors
from networks import NETWORKS
from processes import Failure
from torch import nn
from training_data import DEFAULT_FOLDER

STEPS = 20


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is trained, and how far apart, relative, losses may be. At the batch size that is asked for unless
    it has its own."""

    network: str
    lr: float
    momentum: float = 0.0
    weight_decay: float = 0.0
    nesterov: bool = False
    reduction: str = "mean"
    tolerance: float = 1e-4
    steps: int = STEPS
    batch_size: int | None = None


def few_steps(network, lr, steps=5):
    """Of a network whose steps take PyTorch seconds."""
    return Recipe(network, lr, tolerance=1e-3, steps=steps, batch_size=4)


def two_steps(network):
    """The first loss shows the forward pass, the second the gradients. Deep networks with batch norm are chaotic at any
    rate that shows them: of ResNet-50 at this one PyTorch is 2.5e-2 from itself after five steps, 3e-4 after two."""
    return few_steps(network, 1e-5, steps=2)


# At a rate where training is unstable (0.1 for lenet_relu from these weights) rounding grows by a factor of ten every
# few steps, in PyTorch as here, and no two programs agree. These rates are stable ones. `agree_with_pytorch --lr` shows
# how far PyTorch is from itself at others.
RECIPES = (
    Recipe("lenet", 0.0005, reduction="sum"),
    Recipe("lenet", 0.02, 0.9, 1e-3, True),
    Recipe("lenet_relu", 0.02),
    Recipe("lenet_relu", 0.005, 0.9, 5e-4),
    Recipe("cifar_cnn", 0.01),
    Recipe("cifar_cnn_avg", 0.005, 0.9, 5e-4),
    Recipe("resnet18", 3e-5, tolerance=1e-3),
    few_steps("resnet34", 1e-5),
    few_steps("googlenet", 1e-4),
    Recipe("vgg11_quarter", 0.02, tolerance=1e-3),
    few_steps("vgg11", 3e-5),
    few_steps("alexnet", 1e-4),
    few_steps("nin", 1e-4),
    two_steps("resnet50"),
    two_steps("resnext50"),
    two_steps("densenet121"),
    two_steps("mobilenet_v2"),
)


def largest_difference(losses, reference):
    """Of any step, relative."""
    if len(losses) != len(reference):
        raise Failure(f"{len(losses)} steps where {len(reference)} were expected")
    # NaN counts as the largest there is; max() would pass over it.
    differences = [abs(a - b) / abs(b) for a, b in zip(losses, reference)]
    return max(difference if difference == difference else float("inf") for difference in differences)


class Training:
    """The same steps by one recipe in any program, which gives the loss of each."""

    def __init__(self, recipe, threads, data=DEFAULT_FOLDER, batch_size=None):
        self.recipe, self.threads, self.data = recipe, threads, data
        self.network = NETWORKS[recipe.network]
        self.batch_size = recipe.batch_size or batch_size or self.network.batch_size
        self.count = recipe.steps * self.batch_size
        self.first = self.network.build()

    @functools.cached_property
    def examples(self):
        return self.network.data.images(self.data, self.count, self.network.resized)

    @functools.cached_property
    def in_pytorch(self):
        return self.in_pytorch_with(self.threads)

    def in_pytorch_with(self, threads, dtype=torch.float32):
        torch.set_num_threads(threads)
        network, recipe, (images, labels) = copy.deepcopy(self.first).to(dtype), self.recipe, self.examples
        optimizer = torch.optim.SGD(network.parameters(), recipe.lr, recipe.momentum, weight_decay=recipe.weight_decay,
                                    nesterov=recipe.nesterov)
        loss_of = nn.CrossEntropyLoss(reduction=recipe.reduction)
        losses = []
        for batch, batch_labels in zip(images.to(dtype).split(self.batch_size), labels.split(self.batch_size)):
            optimizer.zero_grad()
            loss = loss_of(network(batch), batch_labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item() / (self.batch_size if recipe.reduction == "sum" else 1))
        return losses

    def in_sinter(self, sinter, backend):
        """From files with just these images: a data set's thousands would be tried in the test that ends an epoch."""
        with tempfile.TemporaryDirectory() as name:
            folder, of, recipe = pathlib.Path(name), self.network, self.recipe
            write_safetensors(folder / "first.safetensors", self.first.state_dict())
            for kind, some in zip(("images", "labels"), of.data.pixels(self.data, self.count)):
                numpy.save(folder / f"{kind}.npy", some)
            sinter.run("train", *of.sinter_model, "--data", f"npy:{folder / 'images.npy'},{folder / 'labels.npy'}",
                       "--weights", folder / "first.safetensors", "--no-shuffle", "--batch-size", self.batch_size,
                       "--epochs", 1, "--lr", repr(recipe.lr), "--momentum", repr(recipe.momentum),
                       "--weight-decay", repr(recipe.weight_decay), "--loss-reduction", recipe.reduction,
                       "--normalize", of.data.normalize, "--step-metrics", folder / "steps.jsonl",
                       *(["--resize", "{}x{}".format(*of.resized)] if of.resized else []),
                       *(["--nesterov"] if recipe.nesterov else []), backend=backend, threads=self.threads)
            return [json.loads(line)["loss"] for line in (folder / "steps.jsonl").read_text().splitlines()]

    def pytorch_by_itself(self):
        """How far PyTorch's losses are from its own in one thread, and from those in f64: more agreement cannot be
        asked of two programs."""
        return (largest_difference(self.in_pytorch_with(1), self.in_pytorch),
                largest_difference(self.in_pytorch, self.in_pytorch_with(self.threads, torch.float64)))

"""A network that is compared. Seeds fix weights and inputs, so that every process that builds one here has the
same."""

import dataclasses
from typing import Callable

import torch
from torch import nn
from training_data import FASHION_MNIST, DataSet


@dataclasses.dataclass(frozen=True)
class Network:
    """A network that Sinter has a model of, with one input `image` of the data set's channels. Sinter's `model` has
    the same name unless another is given, and takes the `settings`. Images of another size than the data set's are
    resized."""

    name: str
    layers: Callable[[], nn.Module]
    image_shape: tuple
    data: DataSet = FASHION_MNIST
    classes: int = 10
    first_weights: Callable | None = None  # of a convolution's or linear layer's weight; none: PyTorch's own
    batch_size: int = 256  # that it is usually trained at
    model: str = ""
    settings: tuple = ()  # name=value
    input = "image"

    @staticmethod
    def onnx_file(folder):
        return folder / "model.onnx"

    @staticmethod
    def weights(folder):
        """What a command of Sinter is told of the weights."""
        return ("--weights", folder / "weights.safetensors")

    @property
    def sinter_model(self):
        """What a command of Sinter is told of the model."""
        return (self.model or self.name, *(word for setting in self.settings for word in ("--set", setting)))

    @property
    def resized(self):
        """The height and width that images get; none where they have them."""
        size = tuple(self.image_shape[1:])
        return None if size == self.data.size else size

    def build(self):
        """The network in training mode with its first weights. Running statistics are such as training might have
        left: the first ones, 0 and 1, would not show whether they are read."""
        torch.manual_seed(1)
        network = self.layers()
        for layer in network.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)) and self.first_weights:
                self.first_weights(layer.weight)
            if isinstance(layer, nn.BatchNorm2d):
                layer.running_mean.uniform_(-0.1, 0.1)
                layer.running_var.uniform_(0.5, 1.5)
        return network

    def images(self, count):
        return torch.randn(count, *self.image_shape, generator=torch.Generator().manual_seed(2))

    def labels(self, count):
        return torch.randint(self.classes, (count,), generator=torch.Generator().manual_seed(3))

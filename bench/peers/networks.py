"""The networks that are compared, in PyTorch. Seeds fix weights and inputs, so that every process that builds one
here has the same."""

import dataclasses
import json
import struct
from typing import Callable

import numpy
import torch
from torch import nn
from training_data import CIFAR10, FASHION_MNIST, DataSet


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
    gain: float | None = 1.0  # none: PyTorch's own first weights
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
        """The network in training mode with its first weights, Xavier-uniform times the gain or PyTorch's own. A
        sigmoid's slope is at most 1/4: a gain of 4 keeps what tells one image from another, without which any two
        programs would agree."""
        torch.manual_seed(1)
        network = self.layers()
        for layer in network.modules() if self.gain else ():
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                nn.init.xavier_uniform_(layer.weight, self.gain)
        return network

    def images(self, count):
        return torch.randn(count, *self.image_shape, generator=torch.Generator().manual_seed(2))

    def labels(self, count):
        return torch.randint(self.classes, (count,), generator=torch.Generator().manual_seed(3))


def lenet(activation, pool):
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), activation(), pool(2, stride=2),
        nn.Conv2d(6, 16, 5), activation(), pool(2, stride=2),
        nn.Flatten(),
        nn.Linear(400, 120), activation(), nn.Linear(120, 84), activation(), nn.Linear(84, 10))


def cifar_cnn(pool):
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), pool(2, stride=2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), pool(2, stride=2),
        nn.Flatten(),
        nn.Linear(4096, 512), nn.ReLU(), nn.Linear(512, 10))


class Residual(nn.Module):
    """A block of ResNet-18, Dive into Deep Learning 8.6."""

    def __init__(self, channels, width, stride=1):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(channels, width, 3, stride, 1), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width))
        self.side = nn.Sequential() if stride == 1 else nn.Sequential(nn.Conv2d(channels, width, 1, stride))
        self.last = nn.ReLU()

    def forward(self, image):
        return self.last(self.main(image) + self.side(image))


def resnet18():
    return nn.Sequential(
        nn.Conv2d(1, 64, 7, 2, 3), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
        Residual(64, 64), Residual(64, 64), Residual(64, 128, 2), Residual(128, 128),
        Residual(128, 256, 2), Residual(256, 256), Residual(256, 512, 2), Residual(512, 512),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def vgg11_quarter():
    """Dive into Deep Learning 8.2 with a quarter of the channels, without dropout: its masks would differ."""
    def stage(channels, width, depth):
        layers = []
        for of in (channels, *[width] * (depth - 1)):
            layers += [nn.Conv2d(of, width, 3, padding=1), nn.ReLU()]
        return nn.Sequential(*layers, nn.MaxPool2d(2, 2))

    return nn.Sequential(
        stage(1, 16, 1), stage(16, 32, 1), stage(32, 64, 2), stage(64, 128, 2), stage(128, 128, 2),
        nn.Flatten(), nn.Linear(6272, 4096), nn.ReLU(), nn.Dropout(0), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(0),
        nn.Linear(4096, 10))


NETWORKS = {network.name: network for network in (
    Network("lenet", lambda: lenet(nn.Sigmoid, nn.AvgPool2d), (1, 28, 28), gain=4.0),
    Network("lenet_relu", lambda: lenet(nn.ReLU, nn.MaxPool2d), (1, 28, 28)),
    Network("cifar_cnn", lambda: cifar_cnn(nn.MaxPool2d), (3, 32, 32), CIFAR10, batch_size=100),
    Network("cifar_cnn_avg", lambda: cifar_cnn(nn.AvgPool2d), (3, 32, 32), CIFAR10, batch_size=100),
    Network("resnet18", resnet18, (1, 96, 96), gain=None, batch_size=16),
    Network("vgg11_quarter", vgg11_quarter, (1, 224, 224), batch_size=16, model="vgg11", settings=("width=0.25", "dropout=0")),
)}


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        if name.endswith(".num_batches_tracked"):  # batch norm's count, which nothing reads at a fixed momentum
            continue
        raw = tensor.detach().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def export_onnx(network, image, path):
    """Writes the network for any batch; `image` is an example of its input."""
    any_batch = {"image": {0: "N"}, "output": {0: "N"}}
    torch.onnx.export(network, image, path, opset_version=13, input_names=["image"], output_names=["output"],
                      dynamic_axes=any_batch)


def write_case(network, batch_size, folder):
    """Writes what every program is given of a network: its weights, one batch of images, and its ONNX form."""
    model, images = network.build().eval(), network.images(batch_size)
    write_safetensors(folder / "weights.safetensors", model.state_dict())
    numpy.save(folder / "image.npy", images.numpy())
    images.numpy().tofile(folder / "image.raw")
    export_onnx(model, images[:1], str(folder / "model.onnx"))
    export_onnx(nn.Identity(), images[:1], str(folder / "identity.onnx"))

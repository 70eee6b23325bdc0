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
    """A network that Sinter has a model of under the same name, with one input `image`."""

    name: str
    layers: Callable[[], nn.Module]
    image_shape: tuple
    data: DataSet = FASHION_MNIST
    classes: int = 10
    gain: float = 1.0

    def build(self):
        """The network in training mode with its first weights, Xavier-uniform times the gain. A sigmoid's slope is at
        most 1/4: a gain of 4 keeps what tells one image from another, without which any two programs would agree."""
        torch.manual_seed(1)
        network = self.layers()
        for layer in network.modules():
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


NETWORKS = {network.name: network for network in (
    Network("lenet", lambda: lenet(nn.Sigmoid, nn.AvgPool2d), (1, 28, 28), gain=4.0),
    Network("lenet_relu", lambda: lenet(nn.ReLU, nn.MaxPool2d), (1, 28, 28)),
    Network("cifar_cnn", lambda: cifar_cnn(nn.MaxPool2d), (3, 32, 32), CIFAR10),
    Network("cifar_cnn_avg", lambda: cifar_cnn(nn.AvgPool2d), (3, 32, 32), CIFAR10),
)}


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
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

"""The data sets that networks are trained on, read as PyTorch's tensors, and how Sinter is told of them."""

import dataclasses
import gzip
import os
import pathlib
from typing import Callable

import numpy
import torch
from processes import Failure
from sinter_program import ROOT

DEFAULT_FOLDER = pathlib.Path(os.environ.get("SINTER_DATA", ROOT.parent / "shared/data"))


@dataclasses.dataclass(frozen=True)
class DataSet:
    """Images and labels of a training split, in the files' order. `name` is Sinter's for it."""

    name: str
    folder: str  # within the folder of all data sets
    mean: float
    std: float
    read: Callable  # (folder, count) -> pixels in bytes [count, C, H, W], labels

    def spec(self, data):
        return f"{self.name}:{pathlib.Path(data, self.folder)}"

    def training_images(self, data, count):
        folder = pathlib.Path(data, self.folder)
        pixels, labels = self.read(folder, count)
        if len(pixels) < count:
            raise Failure(f"{folder} has {len(pixels)} training images, the comparison takes {count}")
        images = (torch.from_numpy(pixels.astype("float32")) / 255 - self.mean) / self.std
        return images, torch.from_numpy(labels.astype("int64"))


def read_bytes(path):
    """A file's bytes, or those of the same file with .gz."""
    zipped = path.with_name(path.name + ".gz")
    if not path.exists() and not zipped.exists():
        raise Failure(f"there is neither {path} nor {zipped.name}: --data names the folder with fashion-mnist/ and "
                      "cifar-10/")
    with (gzip.open(zipped) if zipped.exists() else open(path, "rb")) as file:
        return numpy.frombuffer(file.read(), numpy.uint8)


def read_idx(folder, count):
    pixels = read_bytes(folder / "train-images-idx3-ubyte")[16:].reshape(-1, 1, 28, 28)
    return pixels[:count], read_bytes(folder / "train-labels-idx1-ubyte")[8:8 + count]


def read_cifar10(folder, count):
    """Records of a label and 32x32 pixels in three planes."""
    batches = [f"data_batch_{number}.bin" for number in range(1, 6)]
    there = [name for name in batches if (folder / name).exists() or (folder / (name + ".gz")).exists()]
    records = numpy.concatenate([read_bytes(folder / name) for name in there or batches[:1]]).reshape(-1, 3073)[:count]
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0]


FASHION_MNIST = DataSet("fashion-mnist", "fashion-mnist", 0.1307, 0.3081, read_idx)
CIFAR10 = DataSet("cifar10", "cifar-10", 0.5, 0.5, read_cifar10)

"""The data sets that networks are trained on, read as PyTorch's tensors, and how Sinter is told of them."""

import dataclasses
import gzip
import os
import pathlib
from typing import Callable

import numpy
import torch
from PIL import Image
from processes import Failure
from sinter_program import ROOT

DEFAULT_FOLDER = pathlib.Path(os.environ.get("SINTER_DATA", ROOT.parent / "shared/data"))


@dataclasses.dataclass(frozen=True)
class DataSet:
    """Images and labels in the files' order. `name` is Sinter's for it."""

    name: str
    folder: str  # within the folder of all data sets
    mean: float
    std: float
    size: tuple  # height, width
    read: Callable  # (folder, "train" or "test") -> pixels in bytes [count, C, H, W], labels

    def spec(self, data):
        return f"{self.name}:{pathlib.Path(data, self.folder)}"

    @property
    def normalize(self):
        """As Sinter's option takes it."""
        return f"{self.mean},{self.std}"

    def pixels(self, data, count=None, split="train"):
        """The first `count` or all, and their labels, in bytes."""
        folder = pathlib.Path(data, self.folder)
        pixels, labels = (each[:count] for each in self.read(folder, split))
        if count and len(pixels) < count:
            raise Failure(f"{folder} has {len(pixels)} training images, the comparison takes {count}")
        return pixels, labels

    def images(self, data, count=None, size=None, split="train"):
        """Normalised images, resized where a size is given, and labels; the first `count` or all."""
        pixels, labels = self.pixels(data, count, split)
        if size:
            pixels = resized(pixels, size)
        images = (torch.from_numpy(pixels.astype("float32")) / 255 - self.mean) / self.std
        return images, torch.from_numpy(labels.astype("int64"))


def resized(pixels, size):
    """Bilinearly by Pillow, as torchvision does with pictures, and Sinter's --resize."""
    height, width = size
    return numpy.stack([[numpy.asarray(Image.fromarray(plane).resize((width, height), Image.BILINEAR))
                         for plane in image] for image in pixels])


def read_bytes(path):
    """A file's bytes, or those of the same file with .gz."""
    zipped = path.with_name(path.name + ".gz")
    if not path.exists() and not zipped.exists():
        raise Failure(f"there is neither {path} nor {zipped.name}: --data names the folder with fashion-mnist/ and "
                      "cifar-10/")
    with (gzip.open(zipped) if zipped.exists() else open(path, "rb")) as file:
        return numpy.frombuffer(file.read(), numpy.uint8)


def read_idx(folder, split):
    prefix = {"train": "train", "test": "t10k"}[split]
    pixels = read_bytes(folder / f"{prefix}-images-idx3-ubyte")[16:].reshape(-1, 1, 28, 28)
    return pixels, read_bytes(folder / f"{prefix}-labels-idx1-ubyte")[8:]


def read_cifar10(folder, split):
    """Records of a label and 32x32 pixels in three planes."""
    batches = [f"data_batch_{number}.bin" for number in range(1, 6)] if split == "train" else ["test_batch.bin"]
    there = [name for name in batches if (folder / name).exists() or (folder / (name + ".gz")).exists()]
    records = numpy.concatenate([read_bytes(folder / name) for name in there or batches[:1]]).reshape(-1, 3073)
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0]


FASHION_MNIST = DataSet("fashion-mnist", "fashion-mnist", 0.1307, 0.3081, (28, 28), read_idx)
CIFAR10 = DataSet("cifar10", "cifar-10", 0.5, 0.5, (32, 32), read_cifar10)

"""An ONNX file as a case for ONNX Runtime and Sinter."""

import dataclasses
import pathlib

import numpy
import torch
from case_files import export_onnx
from processes import Failure
from torch import nn


@dataclasses.dataclass(frozen=True)
class OnnxFile:
    """A model with one input in float32, whose first dimension is the batch."""

    path: pathlib.Path
    input: str
    image_shape: tuple
    batch_size: int
    results: tuple

    @property
    def name(self):
        return f"{self.path.parent.name}/{self.path.name}" if self.path.name == "model.onnx" else self.path.name

    @property
    def sinter_model(self):
        return (self.path,)

    def onnx_file(self, _folder):
        return self.path.absolute()

    @staticmethod
    def weights(_folder):
        return ()

    def write_case(self, batch_size, folder):
        """Writes what both programs are given: one batch, the same each time, and a model that does nothing."""
        batch = numpy.random.default_rng(1).standard_normal((batch_size, *self.image_shape), numpy.float32)
        numpy.save(folder / "image.npy", batch)
        batch.tofile(folder / "image.raw")
        export_onnx(nn.Identity(), torch.from_numpy(batch[:1]), str(folder / "identity.onnx"))


def open_onnx(path, peer, batch_size=None):
    """What `peer`, ONNX Runtime, says of the file. Without a batch size it is the file's, or 1."""
    path = pathlib.Path(path)
    if not path.is_file():
        raise Failure(f"there is no file {path}")
    said = peer.ask({"model": str(path.absolute())})
    inputs = [one for one in said["inputs"] if one.get("isTensor", True)]
    described = ", ".join(f"{one['name']}: {one.get('type')}{one.get('shape')}" for one in inputs)
    if len(inputs) != 1 or inputs[0].get("type") != "float32" or not inputs[0].get("shape"):
        raise Failure(f"{path} takes {described or 'nothing'}; expected one input in float32 with a batch")
    batch, *rest = inputs[0]["shape"]
    if not all(isinstance(size, int) and size > 0 for size in rest):
        raise Failure(f"{path} takes {described}; only the batch may be a symbol")
    own = batch if isinstance(batch, int) and batch > 0 else None
    if own and batch_size and own != batch_size:
        raise Failure(f"{path} has a batch of {own}, which cannot be {batch_size}")
    return OnnxFile(path, inputs[0]["name"], tuple(rest), own or batch_size or 1, tuple(said["outputs"]))

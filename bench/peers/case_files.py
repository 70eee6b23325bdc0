"""What every program is given of a network, in files: weights, images, and the ONNX form."""

import json
import struct

import numpy
import torch
from torch import nn


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

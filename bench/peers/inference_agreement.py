"""Holds the outputs of every contestant against PyTorch's in f64, for the same weights and images."""

import numpy
import torch
from processes import Failure

RELATIVE, ABSOLUTE = 1e-4, 1e-5


def exact_outputs(case):
    model = case.network.build().eval().double()
    with torch.inference_mode():
        return model(case.network.images(case.batch_size).double()).numpy()


def largest_error(outputs, exact):
    """The index of the element farthest off, and its error as a part of what is allowed."""
    errors = numpy.abs(outputs - exact) / (RELATIVE * numpy.abs(exact) + ABSOLUTE)
    index = numpy.unravel_index(numpy.argmax(errors), errors.shape)  # argmax takes NaN for the largest
    return tuple(map(int, index)), float(errors[index])


def check_outputs(case, contestants):
    """The largest error of each contestant; fails where one is not within the tolerance."""
    exact = exact_outputs(case)
    found = []
    for contestant in contestants:
        outputs = contestant.outputs(case)
        who = f"{contestant.name} with {contestant.threads} thread{'s' if contestant.threads > 1 else ''}"
        if outputs.shape != exact.shape:
            raise Failure(f"{case}: {who} gives an output {outputs.shape}, expected {exact.shape}")
        index, error = largest_error(outputs, exact)
        if not error <= 1:
            raise Failure(f"{case}: {who} gives {outputs[index]:.9g} at {list(index)}, PyTorch in f64 "
                          f"{exact[index]:.9g}; allowed are {RELATIVE:.0e} relative and {ABSOLUTE:.0e} absolute")
        found.append({"contestant": contestant.name, "threads": contestant.threads, "error_of_allowed": error})
    return found

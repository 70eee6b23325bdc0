"""Imported before all that needs PyTorch: where it is missing, the program ends with a message that mends it."""

import sys

try:
    import numpy  # noqa: F401
    import torch  # noqa: F401
except ImportError as error:
    sys.exit(f"{sys.argv[0]}: {sys.executable}: {error}; bench/peers/setup installs PyTorch for /usr/bin/python3")

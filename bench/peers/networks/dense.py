"""DenseNet as torchvision has it, whose activations overwrite what they read."""

import torch
from torch import nn


def normalised(channels, width, kernel_size):
    """Batch norm and activation stand before the convolution."""
    return (nn.BatchNorm2d(channels), nn.ReLU(inplace=True),
            nn.Conv2d(channels, width, kernel_size, padding=kernel_size // 2, bias=False))


class Dense(nn.Module):
    """Adds `growth` channels to those that there are."""

    def __init__(self, channels, growth):
        super().__init__()
        self.new = nn.Sequential(*normalised(channels, 4 * growth, 1), *normalised(4 * growth, growth, 3))

    def forward(self, image):
        return torch.cat([image, self.new(image)], 1)


def densenet(depths, growth=32):
    channels = 2 * growth
    layers = [nn.Conv2d(1, channels, 7, 2, 3, bias=False), nn.BatchNorm2d(channels), nn.ReLU(inplace=True),
              nn.MaxPool2d(3, 2, 1)]
    for i, depth in enumerate(depths):
        if i > 0:
            layers.append(nn.Sequential(*normalised(channels, channels // 2, 1), nn.AvgPool2d(2, 2)))
            channels //= 2
        for _ in range(depth):
            layers.append(Dense(channels, growth))
            channels += growth
    return nn.Sequential(*layers, nn.BatchNorm2d(channels), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1),
                         nn.Flatten(), nn.Linear(channels, 10))

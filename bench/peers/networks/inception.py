"""GoogLeNet as in Dive into Deep Learning 8.4."""

import torch
from torch import nn


def convolution(channels, width, kernel_size, stride=1):
    return nn.Conv2d(channels, width, kernel_size, stride, kernel_size // 2), nn.ReLU()


class Inception(nn.Module):
    """Four ways side by side: 1x1; 1x1 and 3x3; 1x1 and 5x5; a max pool and 1x1."""

    def __init__(self, channels, one, three, five, pooled):
        super().__init__()
        self.a = nn.Sequential(*convolution(channels, one, 1))
        self.b = nn.Sequential(*convolution(channels, three[0], 1), *convolution(*three, 3))
        self.c = nn.Sequential(*convolution(channels, five[0], 1), *convolution(*five, 5))
        self.d = nn.Sequential(nn.MaxPool2d(3, 1, 1), *convolution(channels, pooled, 1))

    def forward(self, image):
        return torch.cat([self.a(image), self.b(image), self.c(image), self.d(image)], 1)


def googlenet(dropout):
    return nn.Sequential(
        *convolution(1, 64, 7, 2), nn.MaxPool2d(3, 2, 1),
        *convolution(64, 64, 1), *convolution(64, 192, 3), nn.MaxPool2d(3, 2, 1),
        Inception(192, 64, (96, 128), (16, 32), 32),
        Inception(256, 128, (128, 192), (32, 96), 64), nn.MaxPool2d(3, 2, 1),
        Inception(480, 192, (96, 208), (16, 48), 64),
        Inception(512, 160, (112, 224), (24, 64), 64),
        Inception(512, 128, (128, 256), (24, 64), 64),
        Inception(512, 112, (144, 288), (32, 64), 64),
        Inception(528, 256, (160, 320), (32, 128), 128), nn.MaxPool2d(3, 2, 1),
        Inception(832, 256, (160, 320), (32, 128), 128),
        Inception(832, 384, (192, 384), (48, 128), 128),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(1024, 10))

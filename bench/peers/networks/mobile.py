"""MobileNetV2 as torchvision has it, whose activations overwrite what they read."""

from torch import nn


def convolution(channels, width, kernel_size, stride=1, groups=1):
    return nn.Sequential(nn.Conv2d(channels, width, kernel_size, stride, kernel_size // 2, groups=groups, bias=False),
                         nn.BatchNorm2d(width), nn.ReLU6(inplace=True))


class Inverted(nn.Module):
    """Wide in between, where each channel is convolved by itself; narrow, without activation, where it is added."""

    def __init__(self, narrow, width, stride=1, expansion=6):
        super().__init__()
        middle = narrow * expansion
        self.wide = nn.Sequential() if expansion == 1 else nn.Sequential(convolution(narrow, middle, 1))
        self.main = nn.Sequential(convolution(middle, middle, 3, stride, middle),
                                  nn.Conv2d(middle, width, 1, bias=False), nn.BatchNorm2d(width))
        self.adds = stride == 1 and narrow == width

    def forward(self, image):
        main = self.main(self.wide(image))
        return image + main if self.adds else main


def mobilenet_v2(dropout):
    blocks, narrow = [], 32
    for expansion, width, count, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                                            (6, 160, 3, 2), (6, 320, 1, 1)):
        for i in range(count):
            blocks.append(Inverted(narrow, width, stride if i == 0 else 1, expansion))
            narrow = width
    return nn.Sequential(convolution(1, 32, 3, 2), *blocks, convolution(320, 1280, 1),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(1280, 10))

"""ResNet and its kin."""

from torch import nn


class Residual(nn.Module):
    """What `main` makes of the input is added to the input, or to what `side` makes of it."""

    def __init__(self, main, side=None):
        super().__init__()
        self.main = main
        self.side = side or nn.Sequential()
        self.last = nn.ReLU(inplace=True)

    def forward(self, image):
        return self.last(self.main(image) + self.side(image))


def resnet(depths):
    """18 or 34 layers as in Dive into Deep Learning 8.6."""
    def block(channels, width, stride=1):
        return Residual(
            nn.Sequential(nn.Conv2d(channels, width, 3, stride, 1), nn.BatchNorm2d(width), nn.ReLU(),
                          nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width)),
            nn.Sequential(nn.Conv2d(channels, width, 1, stride)) if stride > 1 else None)

    blocks, channels = [], 64
    for width, depth in zip((64, 128, 256, 512), depths):
        blocks += [block(channels, width, 1 if width == channels else 2)]
        blocks += [block(width, width) for _ in range(depth - 1)]
        channels = width
    return nn.Sequential(
        nn.Conv2d(1, 64, 7, 2, 3), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1), *blocks,
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def bottleneck_resnet(depths, groups=1, group_width=64):
    """50 layers or more, as torchvision has them: the stride is in the 3x3 convolution, which ResNeXt has in groups."""
    def convolution(channels, width, kernel_size, stride=1, groups=1):
        return (nn.Conv2d(channels, width, kernel_size, stride, kernel_size // 2, groups=groups, bias=False),
                nn.BatchNorm2d(width))

    def block(channels, width, stride=1):
        narrow, wide = width * group_width // 64 * groups, 4 * width
        return Residual(
            nn.Sequential(*convolution(channels, narrow, 1), nn.ReLU(inplace=True),
                          *convolution(narrow, narrow, 3, stride, groups), nn.ReLU(inplace=True),
                          *convolution(narrow, wide, 1)),
            nn.Sequential(*convolution(channels, wide, 1, stride)) if channels != wide else None)

    stages, channels = [], 64
    for width, depth in zip((64, 128, 256, 512), depths):
        stages.append(nn.Sequential(block(channels, width, 1 if width == 64 else 2),
                                    *[block(4 * width, width) for _ in range(depth - 1)]))
        channels = 4 * width
    return nn.Sequential(*convolution(1, 64, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1), *stages,
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))

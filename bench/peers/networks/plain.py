"""Networks that are one chain of layers."""

from torch import nn


def lenet(activation, pool):
    """Dive into Deep Learning 7.6."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), activation(), pool(2, stride=2),
        nn.Conv2d(6, 16, 5), activation(), pool(2, stride=2),
        nn.Flatten(),
        nn.Linear(400, 120), activation(), nn.Linear(120, 84), activation(), nn.Linear(84, 10))


def cifar_cnn(pool):
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), pool(2, stride=2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), pool(2, stride=2),
        nn.Flatten(),
        nn.Linear(4096, 512), nn.ReLU(), nn.Linear(512, 10))


def classifier(channels, dropout):
    """The three last layers of AlexNet and VGG."""
    return (nn.Flatten(),
            nn.Linear(channels, 4096), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(4096, 10))


def alexnet(dropout):
    """Dive into Deep Learning 8.1."""
    return nn.Sequential(
        nn.Conv2d(1, 96, 11, stride=4, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
        *classifier(6400, dropout))


def vgg11(ratio, dropout):
    """Dive into Deep Learning 8.2, `ratio` times narrower."""
    def stage(channels, width, depth):
        layers = []
        for of in (channels, *[width] * (depth - 1)):
            layers += [nn.Conv2d(of, width, 3, padding=1), nn.ReLU()]
        return nn.Sequential(*layers, nn.MaxPool2d(2, 2))

    widths = [width // ratio for width in (64, 128, 256, 512, 512)]
    stages = [stage(*each) for each in zip([1, *widths], widths, (1, 1, 2, 2, 2))]
    return nn.Sequential(*stages, *classifier(49 * widths[-1], dropout))


def nin(dropout):
    """Network in Network, Dive into Deep Learning 8.3."""
    def mlpconv(channels, width, kernel_size, stride=1, padding=0):
        return nn.Sequential(nn.Conv2d(channels, width, kernel_size, stride, padding), nn.ReLU(),
                             nn.Conv2d(width, width, 1), nn.ReLU(), nn.Conv2d(width, width, 1), nn.ReLU())

    return nn.Sequential(
        mlpconv(1, 96, 11, stride=4), nn.MaxPool2d(3, 2),
        mlpconv(96, 256, 5, padding=2), nn.MaxPool2d(3, 2),
        mlpconv(256, 384, 3, padding=1), nn.MaxPool2d(3, 2), nn.Dropout(dropout),
        mlpconv(384, 10, 3, padding=1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten())

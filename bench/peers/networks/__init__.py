"""The networks that are compared, in PyTorch: without dropout, whose masks would differ.

First weights are such that images can be told apart by the outputs, without which any two programs would agree. A
sigmoid's slope is at most 1/4, whence Xavier's times 4; what is added up in ResNets grows by itself."""

from torch import nn
from training_data import CIFAR10

from .dense import densenet
from .inception import googlenet
from .mobile import mobilenet_v2
from .network import Network
from .plain import alexnet, cifar_cnn, lenet, nin, vgg11
from .residual import bottleneck_resnet, resnet

DEPTHS_34 = (3, 4, 6, 3)
GREY_28, GREY_96, GREY_224, COLOUR_32 = (1, 28, 28), (1, 96, 96), (1, 224, 224), (3, 32, 32)
NO_DROPOUT = ("dropout=0",)


def xavier(gain):
    return lambda weight: nn.init.xavier_uniform_(weight, gain)


def he(nonlinearity):
    return lambda weight: nn.init.kaiming_uniform_(weight, nonlinearity=nonlinearity)


def small(name, layers, image_shape, first_weights=xavier(1.0), **more):
    return Network(name, layers, image_shape, first_weights=first_weights, **more)


def large(name, layers, image_shape, first_weights=he("relu"), **more):
    return Network(name, layers, image_shape, first_weights=first_weights, batch_size=16, **more)


NETWORKS = {network.name: network for network in (
    small("lenet", lambda: lenet(nn.Sigmoid, nn.AvgPool2d), GREY_28, xavier(4.0)),
    small("lenet_relu", lambda: lenet(nn.ReLU, nn.MaxPool2d), GREY_28),
    small("cifar_cnn", lambda: cifar_cnn(nn.MaxPool2d), COLOUR_32, data=CIFAR10, batch_size=100),
    small("cifar_cnn_avg", lambda: cifar_cnn(nn.AvgPool2d), COLOUR_32, data=CIFAR10, batch_size=100),
    large("resnet18", lambda: resnet((2, 2, 2, 2)), GREY_96, None),
    large("resnet34", lambda: resnet(DEPTHS_34), GREY_96, he("linear"), model="resnet18", settings=("depth=34",)),
    large("googlenet", lambda: googlenet(0), GREY_96, settings=NO_DROPOUT),
    large("vgg11_quarter", lambda: vgg11(4, 0), GREY_224, xavier(1.0), model="vgg11",
          settings=("width=0.25", *NO_DROPOUT)),
    large("vgg11", lambda: vgg11(1, 0), GREY_224, settings=NO_DROPOUT),
    large("alexnet", lambda: alexnet(0), GREY_224, settings=NO_DROPOUT),
    large("nin", lambda: nin(0), GREY_224, settings=NO_DROPOUT),
    large("resnet50", lambda: bottleneck_resnet(DEPTHS_34), GREY_224, he("linear")),
    large("resnext50", lambda: bottleneck_resnet(DEPTHS_34, groups=32, group_width=4), GREY_224, he("linear")),
    large("densenet121", lambda: densenet((6, 12, 24, 16)), GREY_224),
    large("mobilenet_v2", lambda: mobilenet_v2(0), GREY_224, settings=NO_DROPOUT),
)}

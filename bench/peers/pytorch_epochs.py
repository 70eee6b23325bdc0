"""Trains a network in PyTorch in a process of its own and tests it after each epoch:
pytorch_epochs.py NETWORK OPTIMIZER LR BATCH_SIZE EPOCHS IMAGES SEED THREADS DATA WEIGHTS. Takes the first IMAGES
training images, begins at the weights that the seed gives by PyTorch's own initialisation and writes these to
WEIGHTS. Prints one JSON object: the loss and the accuracy of each epoch, the seconds of it all."""

import json
import sys
import time

import torch
from case_files import write_safetensors
from networks import NETWORKS
from torch import nn

OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


def epoch_loss(model, optimizer, images, labels, batch_size):
    """Trains for an epoch in a random order; the mean loss."""
    model.train()
    loss_of, total = nn.CrossEntropyLoss(), 0.0
    for batch in torch.randperm(len(images)).split(batch_size):
        optimizer.zero_grad()
        loss = loss_of(model(images[batch]), labels[batch])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    return total / len(images)


def accuracy(model, images, labels, batch_size):
    model.eval()
    with torch.inference_mode():
        right = sum((model(some).argmax(1) == of_these).sum().item()
                    for some, of_these in zip(images.split(batch_size), labels.split(batch_size)))
    return right / len(images)


def main():
    name, optimizer, lr, batch_size, epochs, count, seed, threads, data, weights = sys.argv[1:]
    torch.set_num_threads(int(threads))
    network, batch_size = NETWORKS[name], int(batch_size)
    torch.manual_seed(int(seed))
    model = network.layers()
    write_safetensors(weights, model.state_dict())
    start = time.perf_counter()
    images, labels = network.data.images(data, int(count), network.resized)
    test_images, test_labels = network.data.images(data, size=network.resized, split="test")
    optimizer = OPTIMIZERS[optimizer](model.parameters(), lr=float(lr))
    losses, accuracies = [], []
    for _ in range(int(epochs)):
        losses.append(epoch_loss(model, optimizer, images, labels, batch_size))
        accuracies.append(accuracy(model, test_images, test_labels, batch_size))
    print(json.dumps({"losses": losses, "accuracies": accuracies, "seconds": time.perf_counter() - start}))


if __name__ == "__main__":
    main()

"""Compares the contestants on one case: first their numbers, then their times."""

import dataclasses
import sys

from contestants import PyTorch, SinterBackend, default_thread_counts
from figures import best_of, figures_of, ratios
from inference_agreement import check_outputs
from case_files import write_case
from processes import Failure
from training_agreement import RECIPES, Training, largest_difference

ROUND_MS = 1000


def note(text):
    print(text, file=sys.stderr, flush=True)


def check_training(case, contestants, sinter, data):
    """The losses of training steps in Sinter and in PyTorch, from the same weights."""
    recipes = [recipe for recipe in RECIPES if recipe.network == case.network.name]
    if not recipes:
        raise Failure(f"{case}: training_agreement.py has no recipe for this network, so nothing says "
                      "that all train alike")
    found = []
    for recipe in recipes:
        for one in contestants:
            training = Training(recipe, one.threads, data, case.batch_size)
            difference = largest_difference(training.in_sinter(sinter, one.backend), training.in_pytorch)
            if not difference <= recipe.tolerance:
                raise Failure(f"{case}: losses of {one.name} and PyTorch differ by {difference:.1e} within "
                              f"{recipe.steps} steps ({recipe}), allowed are {recipe.tolerance:.0e} relative")
            found.append({"contestant": one.name, "threads": one.threads, "recipe": dataclasses.asdict(recipe),
                          "batch_size": training.batch_size, "difference": difference})
    return found


def check_numbers(case, contestants, sinter, data):
    note(f"{case}: comparing numbers")
    if case.mode == "train":
        return check_training(case, [one for one in contestants if isinstance(one, SinterBackend)], sinter, data)
    return check_outputs(case, contestants)


def steps_of_a_round(case, threads):
    """The same number for all: what is seen of a program's luck grows with the number of its steps."""
    median = min(PyTorch(count).run(case, 5).median_ms for count in threads)
    return min(5000, max(10, round(ROUND_MS / median)))


def compile_kernels(case, contestants):
    """Sinter keeps what it compiles: rounds begin with the kernels at hand, whose compilation takes memory once."""
    for one in contestants:
        if isinstance(one, SinterBackend):
            one.run(case, 1)


def run_rounds(case, contestants, rounds, steps):
    """The rounds of each contestant. Each round begins with another one, so that none always follows the same."""
    found = [[] for _ in contestants]
    order = list(range(len(contestants)))
    for number in range(rounds):
        note(f"{case}: round {number + 1} of {rounds}, {steps} steps each")
        for i in order[number % len(order):] + order[:number % len(order)]:
            found[i].append(contestants[i].run(case, steps))
    return found


def summarise(contestants, found):
    """A line for each peer, the best of its numbers of threads, and one for each of Sinter's contestants."""
    every = [(one, figures_of(one.name, one.threads, rounds)) for one, rounds in zip(contestants, found)]
    ours = [figures for one, figures in every if isinstance(one, SinterBackend)]
    theirs = [figures for one, figures in every if not isinstance(one, SinterBackend)]
    peer_names = dict.fromkeys(figures.name for figures in theirs)
    return {"peers": [best_of([one for one in theirs if one.name == name]) for name in peer_names], "sinter": ours}


def compare(case, contestants, sinter, options):
    """The checks, rounds and figures of one case."""
    contestants = [one for one in contestants if case.mode in one.modes]
    write_case(case.network, case.batch_size, case.folder)
    checks = check_numbers(case, contestants, sinter, options.data)
    compile_kernels(case, contestants)
    steps = options.steps or steps_of_a_round(case, options.threads or default_thread_counts())
    found = run_rounds(case, contestants, options.rounds, steps)
    figures = summarise(contestants, found)
    record = {"model": case.network.name, "mode": case.mode, "batch_size": case.batch_size, "steps": steps,
              "checks": checks,
              "figures": {kind: list(map(dataclasses.asdict, some)) for kind, some in figures.items()},
              "ratios": [{"peer": peer.name, "sinter": ours.name, "threads": ours.threads[0],
                          **dict(zip(("least", "median", "memory"), ratios(peer, ours)))}
                         for peer in figures["peers"] for ours in figures["sinter"]],
              "rounds": [{"contestant": one.name, "threads": one.threads, **dataclasses.asdict(a_round)}
                         for one, rounds in zip(contestants, found) for a_round in rounds]}
    return figures, record

"""From rounds to figures, and the table of them."""

import dataclasses
import statistics

MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Figures:
    """What a contestant's line says; `threads` gave the least, the median and the least memory."""

    name: str
    threads: tuple
    least_ms: float
    median_ms: float
    memory_bytes: int


def figures_of(name, threads, rounds):
    """The least of the rounds' least times, the median of their medians, the most memory. What a call costs is taken
    off last: taken off each round, one whose calls were slow would pass for a fast one."""
    least = min(one.min_ms for one in rounds) - min(one.call_min_ms for one in rounds)
    median = statistics.median(one.median_ms for one in rounds) - statistics.median(
        one.call_median_ms for one in rounds)
    return Figures(name, (threads,) * 3, least, median, max(one.memory_bytes for one in rounds))


def best_of(candidates):
    """One line of a program that ran with several numbers of threads: its best for each figure."""
    least = min(candidates, key=lambda one: one.least_ms)
    median = min(candidates, key=lambda one: one.median_ms)
    memory = min(candidates, key=lambda one: one.memory_bytes)
    return Figures(least.name, (least.threads[0], median.threads[0], memory.threads[0]), least.least_ms,
                   median.median_ms, memory.memory_bytes)


def ratios(peer, ours):
    """How many times faster `ours` is, by the least times and by the medians, and how many times less memory it has."""
    return (peer.least_ms / ours.least_ms, peer.median_ms / ours.median_ms,
            peer.memory_bytes / max(1, ours.memory_bytes))


def time_text(milliseconds):
    return f"{milliseconds:.4f}" if milliseconds < 1 else f"{milliseconds:.2f}"


def line_cells(batch_size, figures):
    threads = [str(count) for count in figures.threads]
    return [figures.name, threads[0] if len(set(threads)) == 1 else "/".join(threads), time_text(figures.least_ms),
            time_text(figures.median_ms), f"{1e3 * batch_size / figures.median_ms:,.0f}",
            f"{figures.memory_bytes / MIB:.1f}"]


def aligned(rows):
    """Lines of columns, text to the left and numbers, which follow column 3, to the right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join(cell.rjust(width) if i > 3 else cell.ljust(width)
                      for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]


def table(results, peer_names):
    """`results` are pairs of a case and its figures, by kind: {"peers": [...], "sinter": [...]}. A line of Sinter
    ends with three ratios for each peer: of the least times, the medians, and the memory."""
    head = ["model", "mode", "batch", "program", "threads", "least ms", "median ms", "images/s", "memory MiB"]
    rows = [head + [f"{name}/Sinter" for name in peer_names]]
    for case, figures in results:
        place = [case.network.name, case.mode, str(case.batch_size)]
        for peer in figures["peers"]:
            rows.append(place + line_cells(case.batch_size, peer) + [""] * len(peer_names))
        peers = {peer.name: peer for peer in figures["peers"]}
        for ours in figures["sinter"]:
            cells = [" / ".join(f"{ratio:.2f}" for ratio in ratios(peers[name], ours)) if name in peers else "-"
                     for name in peer_names]
            rows.append(place + line_cells(case.batch_size, ours) + cells)
    return "\n".join(aligned(rows))

"""One training loop, which knows nothing of its model but that `model(**inputs)` gives logits."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

WARM_UP = 0.1  # of all steps
WEIGHT_DECAY = 0.01
MAX_NORM = 1.0  # of the gradient
Loss = Callable[[Tensor, Tensor], Tensor]  # logits, targets → mean loss
Tick = Callable[[int], None]  # called after each batch with how many examples it held; it may raise


class Examples(Protocol):
    """What is learned from, batch by batch."""

    lengths: npt.NDArray[np.int64]  # cost of each, so that a batch holds examples of much the same length

    def inputs(self, rows: Sequence[int]) -> dict[str, Tensor]:
        """What the model takes, padded to the longest of these."""
        ...

    def targets(self, rows: Sequence[int]) -> Tensor:
        """What the loss compares the logits with."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train; the schedule spans all epochs, also when training stops before."""

    epochs: int
    batch_size: int
    seed: int


def train(
    model: nn.Module,
    examples: Examples,
    rows: Sequence[int],
    *,
    groups: Iterable[dict[str, Any]],
    loss: Loss,
    plan: Plan,
    tick: Tick,
) -> Iterator[int]:
    """Train on these rows; give the number of each epoch, from 1, as it ends. Whoever iterates may stop.

    groups: AdamW's parameter groups, each with its learning rate.
    """
    device = device_of(model)
    rng = np.random.default_rng(plan.seed)
    optimizer = torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY)
    n_steps = plan.epochs * math.ceil(len(rows) / plan.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_at(step, n_steps=n_steps))
    for epoch in range(1, plan.epochs + 1):
        model.train()
        for batch in shuffled_batches(rows, examples.lengths, size=plan.batch_size, rng=rng):
            with mixed_precision(device):
                logits = model(**moved(examples.inputs(batch), device))
            loss(logits.float(), examples.targets(batch).to(device)).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            tick(len(batch))
        yield epoch


def predict(
    model: nn.Module, examples: Examples, rows: Sequence[int], *, batch_size: int, tick: Tick
) -> npt.NDArray[np.float64]:
    """Sigmoid of the logits, shape (len(rows), n_labels), in [0, 1]. Longest first."""
    device = device_of(model)
    model.eval()
    order = np.argsort(-examples.lengths[rows], kind="stable")
    parts = []
    with torch.inference_mode():
        for start in range(0, len(rows), batch_size):
            batch = [rows[place] for place in order[start : start + batch_size]]
            with mixed_precision(device):
                logits = model(**moved(examples.inputs(batch), device))
            parts.append(torch.sigmoid(logits.double()).cpu().numpy())
            tick(len(batch))
    scores = np.concatenate(parts)
    return scores[np.argsort(order)]


def shuffled_batches(
    rows: Sequence[int], lengths: npt.NDArray[np.int64], *, size: int, rng: np.random.Generator
) -> list[list[int]]:
    """Batches in random order, each of rows of much the same length, so that little is padded."""
    shuffled = rng.permutation(np.asarray(rows))
    batches = []
    for start in range(0, len(shuffled), size * 8):  # sorted within pools only: no epoch is like another
        pool = shuffled[start : start + size * 8]
        pool = pool[np.argsort(-lengths[pool], kind="stable")]
        batches += [pool[first : first + size].tolist() for first in range(0, len(pool), size)]
    return [batches[number] for number in rng.permutation(len(batches))]


def rate_at(step: int, *, n_steps: int) -> float:
    """Share of the learning rate at a step: up during the warm-up, then straight down to nothing."""
    n_warm = max(1, round(WARM_UP * n_steps))
    if step < n_warm:
        return (step + 1) / n_warm
    return max(0.0, (n_steps - step) / max(1, n_steps - n_warm))


def best_device() -> torch.device:
    """The graphics card, if there is one."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def mixed_precision(device: torch.device) -> AbstractContextManager[Any]:
    """bfloat16 where the card computes it: it needs no scaling of the loss. Elsewhere full precision."""
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return nullcontext()


def moved(inputs: dict[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """The same tensors on the device."""
    return {name: tensor.to(device) for name, tensor in inputs.items()}


def device_of(model: nn.Module) -> torch.device:
    """Where the model's weights are."""
    return next(model.parameters()).device

"""The loop with a model that is no text encoder: it must not need one."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from models_app.pipelines.training import Plan, predict, rate_at, shuffled_batches, train


class Line(nn.Module):
    """One logit from two numbers."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def forward(self, numbers):
        return self.layer(numbers)


def points(n=32):
    numbers = torch.randn(n, 2, generator=torch.Generator().manual_seed(0))
    holds = (numbers[:, :1] > 0).float()
    return SimpleNamespace(
        lengths=np.arange(n),
        inputs=lambda rows: {"numbers": numbers[rows]},
        targets=lambda rows: holds[rows],
        holds=holds,
    )


def run(model, examples, *, epochs=20, tick=lambda n: None):
    groups = [{"params": model.parameters(), "lr": 0.1}]
    plan = Plan(epochs=epochs, batch_size=8, seed=0)
    loss = nn.BCEWithLogitsLoss()
    rows = range(len(examples.lengths))
    return train(model, examples, rows, groups=groups, loss=loss, plan=plan, tick=tick)


def test_the_loop_learns_what_separates_the_points():
    examples, model = points(), Line()
    assert list(run(model, examples)) == list(range(1, 21))
    scores = predict(model, examples, range(32), batch_size=5, tick=lambda n: None)
    assert ((scores > 0.5) == examples.holds.numpy().astype(bool)).mean() > 0.95


def test_predictions_stand_in_the_order_of_the_rows_whatever_their_lengths():
    examples, model = points(), Line()
    forward = predict(model, examples, list(range(32)), batch_size=5, tick=lambda n: None)
    backward = predict(model, examples, list(range(31, -1, -1)), batch_size=7, tick=lambda n: None)
    np.testing.assert_allclose(forward, backward[::-1], atol=1e-6)


def test_whoever_iterates_may_stop_after_an_epoch():
    seen = []
    for epoch in run(Line(), points(), tick=seen.append):
        if epoch == 2:
            break
    assert sum(seen) == 2 * 32


@pytest.mark.parametrize("n", [1, 7, 64, 100])
def test_an_epoch_has_every_row_once(n):
    batches = shuffled_batches(range(n), np.arange(n) % 9, size=8, rng=np.random.default_rng(0))
    assert sorted(row for batch in batches for row in batch) == list(range(n))
    assert max(map(len, batches)) <= 8


def test_batches_hold_examples_of_much_the_same_length():
    lengths = np.random.default_rng(0).integers(1, 1000, size=64)
    batches = shuffled_batches(range(64), lengths, size=8, rng=np.random.default_rng(0))
    padded = sum(len(batch) * lengths[batch].max() for batch in batches)
    assert padded < lengths.sum() * 1.2


def test_the_learning_rate_rises_for_a_tenth_of_the_steps_and_falls_to_nothing():
    rates = [rate_at(step, n_steps=100) for step in range(101)]
    assert rates[:10] == pytest.approx([step / 10 for step in range(1, 11)])
    assert rates[10] == 1
    assert rates[55] == pytest.approx(0.5)
    assert rates[100] == 0


def test_a_single_step_learns_at_the_full_rate():
    assert rate_at(0, n_steps=1) == 1

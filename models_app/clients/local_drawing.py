"""How tokens are drawn where each row of a batch has settings of its own."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Prompt:
    """What one answer begins with, and how it is drawn."""

    tokens: tuple[int, ...]
    most: int  # tokens of the answer
    temperature: float = 0.0  # 0: the likeliest token each time
    seed: int | None = None
    is_dropped: Callable[[], bool] = lambda: False  # whether nobody waits for it any more


class Chance:
    """Adds noise to each row, from the row's own seed, so that the likeliest token is then a fair draw.

    (The largest of logit + temperature × Gumbel noise is distributed as softmax(logit / temperature).)
    """

    def __init__(self, prompts: Sequence[Prompt]) -> None:
        self.temperatures = [prompt.temperature for prompt in prompts]
        self.seeds = [secrets.randbits(62) if p.seed is None else p.seed % 2**62 for p in prompts]
        self.generators: dict[int, Any] = {}

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        import torch

        for row, temperature in enumerate(self.temperatures):
            if not temperature:
                continue
            if row not in self.generators:
                generator = torch.Generator(device=scores.device)
                self.generators[row] = generator.manual_seed(self.seeds[row])
            drawn = torch.empty(scores.shape[1], dtype=torch.float32, device=scores.device)
            drawn.exponential_(generator=self.generators[row])
            noise = -drawn.clamp_min(torch.finfo(torch.float32).tiny).log()
            scores[row] = scores[row] + temperature * noise.to(scores.dtype)
        return scores


class OwnEnd:
    """Ends each row at its own limit, and where nobody waits for it any more."""

    def __init__(self, prompts: Sequence[Prompt], *, since: int) -> None:
        self.prompts, self.since = prompts, since

    def __call__(self, input_ids: Any, scores: Any, **_more: Any) -> Any:
        import torch

        n = input_ids.shape[1] - self.since
        over = [n >= prompt.most or prompt.is_dropped() for prompt in self.prompts]
        return torch.tensor(over, dtype=torch.bool, device=input_ids.device)

"""A pretrained text encoder with a head of labels, and scripts as it reads them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from models_app.pipelines.base import ItemError

# They count positions from behind their padding number.
SHIFTED_POSITIONS = ("roberta", "xlm-roberta", "camembert", "longformer")


class TextClassifier(nn.Module):
    """Encoder, mean over the tokens (or the first), dropout, and one logit a label."""

    def __init__(self, encoder: Any, *, n_labels: int, pooling: str, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        self.pooling = pooling
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.config.hidden_size, n_labels)
        self.is_longformer = encoder.config.model_type == "longformer"

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Logits, shape (n_texts, n_labels)."""
        more = {}
        if self.is_longformer:  # the first token looks at all, and all at it
            more["global_attention_mask"] = torch.zeros_like(input_ids).index_fill(
                1, torch.tensor([0], device=input_ids.device), 1
            )
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask, **more).last_hidden_state
        if self.pooling == "cls":
            pooled = hidden[:, 0]
        else:
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            pooled = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
        logits: Tensor = self.head(self.dropout(pooled))
        return logits

    def start_at(self, share: npt.NDArray[np.float64]) -> None:
        """Let the untrained head say of every text how common each label is: that need not be learned."""
        odds = torch.tensor(np.log(share / (1 - share)), dtype=self.head.bias.dtype)
        with torch.no_grad():
            self.head.bias.copy_(odds)
            self.head.weight.normal_(std=0.02)


class Texts:
    """Tokenised texts and their labels (`training.Examples`)."""

    def __init__(
        self,
        texts: Sequence[str],
        labels: npt.NDArray[np.bool_],
        *,
        tokenizer: PreTrainedTokenizerBase,
        max_tokens: int,
    ) -> None:
        whole = tokenizer(list(texts), truncation=False, verbose=False)["input_ids"]
        self.n_truncated = sum(len(tokens) > max_tokens for tokens in whole)
        self.tokens = tokenizer(list(texts), truncation=True, max_length=max_tokens)["input_ids"]
        self.lengths = np.array([len(tokens) for tokens in self.tokens], dtype=np.int64)
        self.labels = labels
        self.padding = tokenizer.pad_token_id

    def inputs(self, rows: Sequence[int]) -> dict[str, Tensor]:
        """Token ids and which of them are not padding, shape (len(rows), longest)."""
        shape = (len(rows), int(self.lengths[list(rows)].max()))
        ids = np.full(shape, self.padding, dtype=np.int64)
        mask = np.zeros(shape, dtype=np.int64)
        for place, row in enumerate(rows):
            ids[place, : self.lengths[row]] = self.tokens[row]
            mask[place, : self.lengths[row]] = 1
        return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}

    def targets(self, rows: Sequence[int]) -> Tensor:
        """1 where a label holds; shape (len(rows), n_labels)."""
        return torch.from_numpy(self.labels[list(rows)].astype(np.float32))


def load_tokenizer(path: str) -> PreTrainedTokenizerBase:
    """The model's tokenizer; ItemError if it cannot be had or cannot pad."""
    with _loading(path):
        tokenizer = AutoTokenizer.from_pretrained(path)
    if tokenizer.pad_token_id is None:
        raise ItemError("model_unfit", f"“{path}” has no padding token: it is not a text encoder.")
    return tokenizer


def load_encoder(path: str) -> Any:
    """The pretrained encoder in full precision; ItemError if it cannot be had or is none."""
    with _loading(path):
        encoder = AutoModel.from_pretrained(path, dtype=torch.float32)
    if encoder.config.is_encoder_decoder or not hasattr(encoder.config, "hidden_size"):
        kind = encoder.config.model_type
        raise ItemError("model_unfit", f"“{path}” is a model of the kind {kind}, not a text encoder.")
    return encoder


def longest_text(tokenizer: PreTrainedTokenizerBase, config: Any) -> int:
    """How many tokens the model takes at most."""
    positions = getattr(config, "max_position_embeddings", None) or tokenizer.model_max_length
    if config.model_type in SHIFTED_POSITIONS:
        positions -= tokenizer.pad_token_id + 1
    return int(min(tokenizer.model_max_length, positions))


@contextmanager
def _loading(path: str) -> Iterator[None]:
    """Quietly; what goes wrong is told as an ItemError."""
    level = transformers_logging.get_verbosity()
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    except ImportError as error:
        raise ItemError(
            "model_unfit", f"“{path}” needs a package that is missing: {_first(error)}"
        ) from error
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        message = (
            f"The text model “{path}” was not found: it is no folder here that holds a model, and no hub "
            f"gave one ({_first(error)})."
        )
        raise ItemError("model_not_found", message) from error
    finally:
        transformers_logging.set_verbosity(level)
        if bars:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _first(error: Exception) -> str:
    """The error's first line."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)

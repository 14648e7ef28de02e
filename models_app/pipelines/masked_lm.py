"""Script → labels by a fine-tuned text encoder: learns from the other folds, predicts the held-out one."""

import gc
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from models_app.pipelines.base import Beat, Dataset, Interrupted, ItemError, Prediction
from models_app.pipelines.folds import fold_videos
from models_app.pipelines.learning import binary_labels, predictions_of, teaching_examples
from models_app.pipelines.text_encoder import (
    TextClassifier,
    Texts,
    load_encoder,
    load_tokenizer,
    longest_text,
)
from models_app.pipelines.thresholds import f1_thresholds
from models_app.pipelines.training import Plan, best_device, predict, train
from models_app.weights import text_model

log = logging.getLogger(__name__)

FEWEST = 4  # scripts to learn from; below, an inner split has nothing to say
TRAINING_COST = 3  # of an example, next to predicting it: forward, and twice that backward
Scores = npt.NDArray[np.float64]


class MaskedLm:
    """Fine-tunes an encoder for each fold. What it found out on the way stands in `facts` afterwards."""

    def __init__(self, settings: Any) -> None:
        # models_app.specs.MaskedLmSettings, which knows Django and therefore is not imported here
        self.settings = settings
        self.facts: dict[str, Any] = {}  # JSON, of the last fold

    def fit_predict(self, data: Dataset, *, fold: int, seed: int, beat: Beat) -> list[Prediction]:
        """Train on the other folds and predict this one; the memory is free again however it ends."""
        beat(0.0)
        try:
            with torch.random.fork_rng():
                work = _Fold(self.settings, data, fold=fold, seed=seed, beat=beat)
                predictions = work.predictions()
            self.facts = work.facts
            log.info("masked-lm, fold %d: %s", fold + 1, self.facts)
            return predictions
        except Interrupted as stop:
            raise stop.with_traceback(None) from None  # a traceback would keep the model alive
        except (MemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
            message = (
                f"The memory did not suffice for batches of {self.settings.batch_size} scripts of up to "
                f"{self.settings.max_tokens} tokens. Set a smaller batch_size, max_tokens or model."
            )
            raise ItemError("out-of-memory", message) from None
        finally:
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()


@dataclass(frozen=True, slots=True)
class _Fit:
    """What training came to for the held-out fold."""

    scores: Scores  # shape (n_held_out, n_labels)
    thresholds: Scores  # shape (n_labels,); NaN for labels never seen
    epoch: int


class _Fold:
    """The work on one fold: rows are taught scripts first, then those to predict."""

    def __init__(self, settings: Any, data: Dataset, *, fold: int, seed: int, beat: Beat) -> None:
        self.settings, self.data, self.fold, self.seed = settings, data, fold, seed
        self.taught = teaching_examples(data, fold=fold, with_text=True)
        if len(self.taught) < FEWEST:
            n = len(self.taught)
            message = (
                f"Outside fold {fold + 1} only {n} scripts have gold; it takes {FEWEST} to learn anything."
            )
            raise ItemError("too_few_examples", message)
        self.asked = [example for example in data.examples if example.fold == fold and example.text.strip()]
        if not self.asked:
            raise ItemError("empty_script", f"All scripts of fold {fold + 1} are empty: nothing to predict.")
        self.labels = binary_labels(self.taught)
        self.known: npt.NDArray[np.bool_] = np.any(self.labels, axis=0)
        self.path = text_model(settings.model)
        self.device = best_device()
        self.texts, max_tokens = self._read()
        self.taught_rows = list(range(len(self.taught)))
        self.asked_rows = list(range(len(self.taught), len(self.taught) + len(self.asked)))
        self.progress = _Progress(beat)
        self.facts = {
            "device": self.device.type,
            "n_taught": len(self.taught),
            "n_truncated": self.texts.n_truncated,
            "max_tokens": max_tokens,
        }

    def predictions(self) -> list[Prediction]:
        """Fit, then say yes where a score reaches its label's threshold."""
        fit = self._fit_as_paper() if self.settings.protocol == "paper" else self._fit_on_inner_split()
        self.facts |= {
            "epoch": fit.epoch,
            "thresholds": [None if np.isnan(one) else round(float(one), 4) for one in fit.thresholds],
        }
        return [
            prediction
            for example, score in zip(self.asked, fit.scores, strict=True)
            for prediction in predictions_of(
                example, self.data.values, score=score, yes=score >= fit.thresholds, known=self.known
            )
        ]

    def _fit_on_inner_split(self) -> _Fit:
        """Epoch and thresholds from an inner cross-validation, then once more on everything taught."""
        inner = self._inner_folds()
        n_inner = max(inner) + 1
        n_taught, n_asked, epochs = len(self.taught), len(self.asked), self.settings.epochs
        passes = epochs * n_taught
        self.progress.expect(passes * ((n_inner - 1) * TRAINING_COST + 1) + passes * TRAINING_COST + n_asked)
        held_out = np.zeros(self.labels.shape)
        best_epochs = []
        for part in range(n_inner):
            rows = [row for row in self.taught_rows if inner[row] != part]
            held = [row for row in self.taught_rows if inner[row] == part]
            best = _Best(self.settings.patience)
            end = self.progress.done + epochs * (len(rows) * TRAINING_COST + len(held))
            for epoch, scores in self._epochs(rows, held, stage=1 + part):
                loss = _mean_loss(scores, self.labels[held], known=self.known)
                if best.is_over(-loss, epoch=epoch, found=scores):
                    break
            self.progress.done = end  # what early stopping spared is done too
            held_out[held] = best.found
            best_epochs.append(best.epoch)
        epoch = round(float(np.median(best_epochs)))
        self.facts |= {"inner_folds": n_inner, "inner_epochs": best_epochs}
        for now, model in self._train(self.taught_rows, stage=0):
            if now == epoch:
                scores = self._predict(model, self.asked_rows)
                break
        self.progress.finish()
        return _Fit(scores=scores, thresholds=f1_thresholds(held_out, self.labels), epoch=epoch)

    def _fit_as_paper(self) -> _Fit:
        """The epoch with the best macro F1 on the fold that is predicted: optimistic, and comparable with it.

        Thresholds still come from what was learned: the scores of the taught scripts after that epoch.
        """
        graded = [place for place, example in enumerate(self.asked) if example.gold is not None]
        if not graded:
            message = f"No script of fold {self.fold + 1} has gold, so protocol=paper cannot pick its epoch."
            raise ItemError("no_gold", message)
        truth = binary_labels([self.asked[place] for place in graded])
        rows = self.taught_rows + self.asked_rows
        epochs = self.settings.epochs
        self.progress.expect(epochs * (len(self.taught) * (TRAINING_COST + 1) + len(self.asked)))
        best = _Best(self.settings.patience)
        for epoch, scores in self._epochs(self.taught_rows, rows, stage=0):
            taught, asked = scores[: len(self.taught)], scores[len(self.taught) :]
            thresholds = f1_thresholds(taught, self.labels)
            quality = _macro_f1(asked[graded] >= thresholds, truth)
            if best.is_over(quality, epoch=epoch, found=(asked, thresholds)):
                break
        self.progress.finish()
        return _Fit(scores=best.found[0], thresholds=best.found[1], epoch=best.epoch)

    def _inner_folds(self) -> list[int]:
        """Parts of the taught scripts, by creator where there are two; of one creator's, by script."""
        creators = [example.creator for example in self.taught]
        if len(set(creators)) < 2:
            creators = self.taught_rows
        n_folds = min(self.settings.inner_folds, len(set(creators)))
        gold = [example.gold for example in self.taught]
        return fold_videos(creators, gold, n_folds=n_folds, seed=self._seed(0))

    def _epochs(self, rows: list[int], watched: list[int], *, stage: int) -> Iterator[tuple[int, Scores]]:
        """Train on rows; after each epoch its number and the scores of the watched ones."""
        for epoch, model in self._train(rows, stage=stage):
            yield epoch, self._predict(model, watched)

    def _train(self, rows: list[int], *, stage: int) -> Iterator[tuple[int, nn.Module]]:
        """A fresh model trained on rows; after each epoch its number and the model as it is."""
        settings, seed = self.settings, self._seed(stage)
        torch.manual_seed(seed)
        model = TextClassifier(
            load_encoder(self.path), n_labels=self.labels.shape[1], pooling=settings.pooling
        )
        model.start_at((self.labels[rows].sum(axis=0) + 0.5) / (len(rows) + 1))
        model.to(self.device)
        groups = [
            {"params": model.encoder.parameters(), "lr": settings.learning_rate},
            {"params": model.head.parameters(), "lr": settings.head_learning_rate},
        ]
        plan = Plan(epochs=settings.epochs, batch_size=settings.batch_size, seed=seed)
        loss = nn.BCEWithLogitsLoss()
        tick = self.progress.ticker(TRAINING_COST)
        for epoch in train(model, self.texts, rows, groups=groups, loss=loss, plan=plan, tick=tick):
            yield epoch, model

    def _predict(self, model: nn.Module, rows: list[int]) -> Scores:
        tick = self.progress.ticker(1)
        scores = predict(model, self.texts, rows, batch_size=4 * self.settings.batch_size, tick=tick)
        if not np.isfinite(scores).all():  # else they would be below every threshold: "absent" by default
            message = (
                f"Training ran out of all numbers at a learning rate of {self.settings.learning_rate:g} "
                f"({self.settings.head_learning_rate:g} for the head): set lower ones."
            )
            raise ItemError("diverged", message)
        return scores

    def _read(self) -> tuple[Texts, int]:
        """Everybody's tokens, and how many of a script the model reads."""
        tokenizer = load_tokenizer(self.path)
        longest = longest_text(tokenizer, load_encoder(self.path).config)
        max_tokens = min(self.settings.max_tokens, longest)
        texts = [example.text for example in self.taught + self.asked]
        unknown = np.zeros((len(self.asked), self.labels.shape[1]), dtype=bool)  # never a target
        labels = np.vstack([self.labels, unknown])
        read = Texts(texts, labels, tokenizer=tokenizer, max_tokens=max_tokens)
        if read.n_truncated:
            log.warning("%d of %d scripts are cut at %d tokens", read.n_truncated, len(texts), max_tokens)
        return read, max_tokens

    def _seed(self, stage: int) -> int:
        return int(np.random.SeedSequence([self.seed, self.fold, stage]).generate_state(1)[0])


class _Best:
    """The best epoch so far, and whether it is time to stop."""

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.quality = -np.inf
        self.epoch = 0
        self.found: Any = None

    def is_over(self, quality: float, *, epoch: int, found: Any) -> bool:
        """Take the epoch in; yes if so many have passed without gain."""
        if quality > self.quality:
            self.quality, self.epoch, self.found = quality, epoch, found
        return epoch - self.epoch >= self.patience


class _Progress:
    """Share of the work done, told to `beat`; training that stops early leaps ahead, never back."""

    def __init__(self, beat: Beat) -> None:
        self.beat = beat
        self.total, self.done = 1, 0

    def expect(self, total: int) -> None:
        self.total = total

    def ticker(self, cost: int) -> Callable[[int], None]:
        """For whoever works through examples of this cost."""

        def tick(n_examples: int) -> None:
            self.done += cost * n_examples
            self.beat(min(1.0, self.done / self.total))

        return tick

    def finish(self) -> None:
        self.beat(1.0)


def _mean_loss(scores: Scores, truth: npt.NDArray[np.bool_], *, known: npt.NDArray[np.bool_]) -> float:
    """Binary cross-entropy over the labels that can be learned: it needs no threshold."""
    right = np.where(truth, scores, 1 - scores)[:, known]
    return float(-np.log(right.clip(1e-12)).mean())


def _macro_f1(said: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]) -> float:
    """Mean F1 over the labels that some video has; 0 if none has any."""
    present = truth.any(axis=0)
    if not present.any():
        return 0.0
    said, truth = said[:, present], truth[:, present]
    f1 = 2 * (said & truth).sum(axis=0) / (said.sum(axis=0) + truth.sum(axis=0))
    return float(f1.mean())


def _is_out_of_memory(error: BaseException) -> bool:
    """Cards raise an error of their own, the processor a plain one with this text."""
    text = str(error).lower()
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in text

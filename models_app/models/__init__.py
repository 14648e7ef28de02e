"""Everything the machine loop stores, a module a noun."""

from models_app.models.exchange import BatchJob, BatchJobState, Exchange, ExchangeState
from models_app.models.item import OPEN_STATES, UNANSWERED_STATES, ItemKind, ItemState, RunItem
from models_app.models.prediction import Prediction
from models_app.models.prompt import Prompt, PromptStep, RunPrompt
from models_app.models.provider import ProviderGate, ProviderSlot
from models_app.models.run import Gives, Problem, Run, RunEvent, RunOrigin, RunShot, RunState, RunVideo
from models_app.models.script import (
    CAPTURED,
    CLOSED_STATES,
    Captured,
    ReviewState,
    Script,
    ScriptElement,
    ScriptGap,
    ScriptOrigin,
    ScriptReview,
)
from models_app.models.worker import WorkerBeat

__all__ = [
    "CAPTURED",
    "CLOSED_STATES",
    "OPEN_STATES",
    "UNANSWERED_STATES",
    "BatchJob",
    "BatchJobState",
    "Captured",
    "Exchange",
    "ExchangeState",
    "Gives",
    "ItemKind",
    "ItemState",
    "Prediction",
    "Problem",
    "Prompt",
    "PromptStep",
    "ProviderGate",
    "ProviderSlot",
    "ReviewState",
    "Run",
    "RunEvent",
    "RunItem",
    "RunOrigin",
    "RunPrompt",
    "RunShot",
    "RunState",
    "RunVideo",
    "Script",
    "ScriptElement",
    "ScriptGap",
    "ScriptOrigin",
    "ScriptReview",
    "WorkerBeat",
]

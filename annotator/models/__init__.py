"""Everything the human loop stores, a module a noun."""

from annotator.models.batch import Batch, Purpose
from annotator.models.codebook import Codebook, Value
from annotator.models.coding import (
    Coding,
    CodingState,
    Evidence,
    Judgement,
    Mutation,
    QueueCursor,
    SetAside,
    Slot,
)
from annotator.models.consolidation import (
    Answer,
    Comparison,
    Consolidation,
    ConsolidationState,
    Decision,
    GoldLabel,
    Origin,
    Question,
    ReasonTag,
)
from annotator.models.history import Change, Exposure, Seen
from annotator.models.study import ConsolidationOrder, Study
from annotator.models.user import Membership, Role, User
from annotator.models.video import Creator, Video, VideoState

__all__ = [
    "Answer",
    "Batch",
    "Change",
    "Codebook",
    "Coding",
    "CodingState",
    "Comparison",
    "Consolidation",
    "ConsolidationOrder",
    "ConsolidationState",
    "Creator",
    "Decision",
    "Evidence",
    "Exposure",
    "GoldLabel",
    "Judgement",
    "Membership",
    "Mutation",
    "Origin",
    "Purpose",
    "Question",
    "QueueCursor",
    "ReasonTag",
    "Role",
    "Seen",
    "SetAside",
    "Slot",
    "Study",
    "User",
    "Value",
    "Video",
    "VideoState",
]

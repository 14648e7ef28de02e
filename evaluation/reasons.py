"""Why a figure is undefined, in the reader's language."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from evaluation.metrics.agreement import Undefined
from evaluation.metrics.unscored import Unscored

REASONS: dict[str, Promise] = {
    Undefined.NO_RATINGS: _("nothing has been coded yet"),
    Undefined.NO_PAIRS: _("nothing has been coded by two or more people"),
    Undefined.ONE_CATEGORY: _("the scale has only one stance, so nobody could have disagreed"),
    Undefined.CHANCE_IS_ONE: _("everybody gave the same stance always, so chance alone would agree always"),
    Undefined.RATER_WITHOUT_RATINGS: _("one of the coders has not coded anything"),
    Undefined.TOO_FEW_FOR_SE: _("an interval needs at least two videos"),
    Undefined.TOO_FEW_CLUSTERS: _("an interval by creator needs videos of at least two creators"),
    Undefined.RESAMPLES_UNDEFINED: _("it was undefined in too many of the resamples to give an interval"),
    Undefined.NO_VALUES: _("no value has a defined coefficient to average"),
}


def because(code: str | None) -> str:
    """The reason in words; empty where there is none."""
    return str(REASONS[code]) if code else ""


WHY_UNSCORED: dict[str, Promise] = {
    Unscored.NO_GOLD: _("there is no gold to score on"),
    Unscored.NO_REPORTED_LABELS: _("no label is in one gold video of twenty"),
    Unscored.NO_SUPPORT: _("none of these videos carries such a label in gold"),
    Unscored.NEVER_PREDICTED: _("nothing of the kind was predicted"),
    Unscored.NEITHER: _("the label is neither in gold nor predicted"),
    Unscored.TOO_FEW_CREATORS: _("an interval by creator needs videos of at least two creators"),
    Unscored.RESAMPLES_UNDEFINED: _("it was undefined in too many of the resamples to give an interval"),
}


def why_unscored(code: str | None) -> str:
    """The reason why a score is undefined, in words; empty where there is none."""
    return str(WHY_UNSCORED[code]) if code else ""

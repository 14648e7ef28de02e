"""Whether a study's people suffice for its work, said in words."""

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.models import Membership, Role, Study, User, Video


def staffing_problems(study: Study) -> list[str]:
    """What would stop the work, or did already; empty if all is well. Two queries, or three."""
    people: dict[str, set[int]] = {role: set() for role in Role.values}
    for user, role in Membership.objects.filter(study=study).values_list("user", "role"):
        people[role].add(user)
    annotators, consolidators = people[Role.ANNOTATOR], people[Role.CONSOLIDATOR]
    problems = []
    if len(annotators) < study.coders_per_video:
        problems.append(
            ngettext(
                "Every video needs %(needed)d coders, and there is %(n)d annotator.",
                "Every video needs %(needed)d coders, and there are %(n)d annotators.",
                len(annotators),
            )
            % {"needed": study.coders_per_video, "n": len(annotators)}
        )
    if not consolidators:
        problems.append(_("There is no consolidator: conflicts will wait until there is one."))
    elif not study.allow_own_consolidation:
        problems += _blocked(study, annotators=annotators, consolidators=consolidators)
    return problems


def _blocked(study: Study, *, annotators: set[int], consolidators: set[int]) -> list[str]:
    """Nobody consolidates what they coded: videos and people that this rule leaves stuck."""
    problems = []
    coded_by = Count(
        "codings__coder",
        filter=Q(codings__coder__in=consolidators, codings__slot__isnull=False),
        distinct=True,
    )
    unsettled = Video.objects.filter(study=study, withdrawn_at__isnull=True).exclude(
        consolidation__isnull=False
    )
    if n_stuck := unsettled.annotate(n=coded_by).filter(n__gte=len(consolidators)).count():
        problems.append(
            ngettext(
                "%(n)d video was coded by every consolidator, so nobody may consolidate it:"
                " add a consolidator who did not code it.",
                "%(n)d videos were coded by every consolidator, so nobody may consolidate them:"
                " add a consolidator who did not code them.",
                n_stuck,
            )
            % {"n": n_stuck}
        )
    if len(consolidators) == 1 and consolidators <= annotators:
        only = User.objects.get(pk__in=consolidators)
        problems.append(
            _(
                "%(person)s is the only consolidator and therefore gets nothing to code:"
                " add another consolidator."
            )
            % {"person": only}
        )
    return problems

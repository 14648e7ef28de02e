"""The human labels of one video as a table: values down, coders across, gold at the end."""

from dataclasses import dataclass

from annotator.models import Coding, GoldLabel, Judgement, Study, User, Value, Video


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One value: the stances in the order of the coders; ``"missing"`` where a coder had no such value."""

    value: Value
    stances: list[int | str | None]
    gold: int | str
    is_conflict: bool


@dataclass(frozen=True, slots=True)
class LabelTable:
    """All values of the study's codebook."""

    coders: list[User]
    rows: list[LabelRow]
    has_gold: bool


def label_table(*, study: Study, video: Video) -> LabelTable:
    """Submitted codings and gold; the caller has asked ``annotator.blindness`` whether they may be seen."""
    codings = list(
        Coding.objects.filter(video=video, submitted_at__isnull=False)
        .select_related("coder")
        .order_by("submitted_at")
    )
    judged = Judgement.objects.filter(coding__in=codings).values_list("coding", "value__slug", "stance")
    stances = {(coding, slug): stance for coding, slug, stance in judged}
    gold = dict(GoldLabel.objects.filter(video=video).values_list("value__slug", "stance"))
    values = study.codebook.values.order_by("position") if study.codebook else []
    rows = []
    for value in values:
        given = [stances.get((coding.pk, value.slug), "missing") for coding in codings]
        said = {stance for stance in given if isinstance(stance, int)}
        rows.append(
            LabelRow(
                value=value,
                stances=given,
                gold=gold.get(value.slug, "missing"),
                is_conflict=len(said) > 1,
            )
        )
    return LabelTable(coders=[coding.coder for coding in codings], rows=rows, has_gold=bool(gold))

"""What requests cost: the table of prices (config/prices.yaml, AXIAL_PRICES), read anew when it changes.

To add a model, add an entry there; docs/settings.md says what each line means. A model that no entry names
has no price, which is not the same as being free.
"""

import datetime
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path

import yaml
from django.conf import settings as django_settings
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, ValidationError

from annotator.errors import RefusedError
from models_app.clients.base import ClientName, Usage

log = logging.getLogger(__name__)
MILLION = 1_000_000
PLACES = Decimal("0.00000001")  # of models_app.models.Exchange.cost
ANY = "*"  # at the end of a model's name: whatever follows


class PriceFileError(RefusedError):
    """The table cannot be read; the message names the file and the entry."""


class Price(BaseModel):
    """What one model, or several whose names begin alike, take for a million tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client: ClientName
    model: str = Field(min_length=1)  # its name at the provider; with * at the end, how it begins
    input: Decimal = Field(ge=0)
    output: Decimal = Field(ge=0)
    cached_input: Decimal | None = Field(default=None, ge=0)  # None: as other input
    batch_factor: Decimal | None = Field(default=None, gt=0, le=1)  # None: batches cost the same
    tokens_per_video_second: float | None = Field(default=None, gt=0)  # with its sound, for estimates
    since: datetime.date | None = None  # the first day (UTC) that it holds; None: it always has
    as_of: datetime.date  # when somebody looked
    source: HttpUrl

    def is_of(self, client: str, model: str) -> bool:
        """Whether this is the price of that model."""
        if client != self.client:
            return False
        return model.startswith(self.model[:-1]) if self.model.endswith(ANY) else model == self.model

    def of(self, usage: Usage, *, is_batch: bool = False) -> Decimal | None:
        """The cost of so many tokens; None where the provider did not say how many."""
        if usage.input is None or usage.output is None:
            return None
        cached = min(usage.cached or 0, usage.input)
        of_cached = self.input if self.cached_input is None else self.cached_input
        cost = (usage.input - cached) * self.input + cached * of_cached + usage.output * self.output
        if is_batch and self.batch_factor is not None:
            cost *= self.batch_factor
        return (cost / MILLION).quantize(PLACES, rounding=ROUND_HALF_EVEN)


class PriceTable(BaseModel):
    """The file as a whole."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: str = Field(pattern=r"^[A-Z]{3}$")
    prices: tuple[Price, ...]

    def price_of(self, client: str, model: str, *, on: datetime.date | None = None) -> Price | None:
        """The entry that names most of the model's name, an exact one first; of several, the latest by then.

        on: the day that is asked about; None: today.
        """
        day = on or datetime.datetime.now(datetime.UTC).date()
        found = [p for p in self.prices if p.is_of(client, model) and (p.since is None or p.since <= day)]
        return max(found, key=_precedence, default=None)


def _precedence(price: Price) -> tuple[bool, int, datetime.date]:
    return (not price.model.endswith(ANY), len(price.model), price.since or datetime.date.min)


_OWN_MACHINE = Price(
    client=ClientName.TRANSFORMERS,
    model=ANY,
    input=Decimal(0),
    output=Decimal(0),
    as_of=datetime.date(2026, 1, 1),
    source=HttpUrl("https://huggingface.co/docs/transformers"),
)


@dataclass(frozen=True, slots=True)
class _Read:
    """A table and the state of the file that it was read from."""

    path: Path
    stamp: tuple[int, int]
    table: PriceTable


_last: _Read | None = None


def price_table() -> PriceTable:
    """The table as the file has it now; PriceFileError where it cannot be read."""
    global _last
    path = Path(django_settings.LLM_PRICES)
    try:
        stat = path.stat()
    except OSError as error:
        raise PriceFileError(
            _("the price table %(file)s cannot be read (%(why)s).") % {"file": path, "why": error.strerror}
        ) from None
    stamp = (stat.st_mtime_ns, stat.st_size)
    if _last is None or (_last.path, _last.stamp) != (path, stamp):
        _last = _Read(path, stamp, read_prices(path))
    return _last.table


def read_prices(path: Path) -> PriceTable:
    """A price table from its file; PriceFileError naming the file and what is wrong in it."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return PriceTable.model_validate(document)
    except OSError as error:
        why = str(error.strerror)
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        why = _("it is no YAML: %(why)s") % {"why": " ".join(str(error).split())}
    except ValidationError as error:
        first = error.errors()[0]
        why = f"{_place(first['loc'], document)}: {first['msg']}"
    raise PriceFileError(_("the price table %(file)s cannot be read (%(why)s).") % {"file": path, "why": why})


def price_of(client: str, model: str) -> Price | None:
    """What the model takes; None where nobody has said so."""
    return _OWN_MACHINE if client == ClientName.TRANSFORMERS else price_table().price_of(client, model)


def cost_of(client: str, model: str, usage: Usage, *, is_batch: bool = False) -> Decimal | None:
    """What a request cost; None where no price is known, or the provider did not say what it used."""
    if client == ClientName.TRANSFORMERS:
        return Decimal(0)  # whether tokens were counted or not
    price = price_of(client, model)
    return None if price is None else price.of(usage, is_batch=is_batch)


def cost_to_keep(client: str, model: str, usage: Usage, *, is_batch: bool = False) -> Decimal | None:
    """What an answer cost that has come and has to be stored, whatever has become of the table.

    While it cannot be read, as somebody is at work on it, the prices that were read last are taken.
    """
    try:
        return cost_of(client, model, usage, is_batch=is_batch)
    except PriceFileError as error:
        log.warning("An answer of %s costs what it did before: %s", model, error)
        price = None if _last is None else _last.table.price_of(client, model)
        return None if price is None else price.of(usage, is_batch=is_batch)


def currency() -> str:
    """What all prices are in."""
    return price_table().currency


def need_prices(models: Iterable[tuple[str, str]]) -> None:
    """RefusedError naming the first (client, model) without a price, and the file that lacks it."""
    for client, model in models:
        if price_of(client, model) is None:
            message = _(
                "a budget needs a price, and %(file)s has none for %(client)s “%(model)s”: add it there, or"
                " start without a budget."
            )
            values = {"file": django_settings.LLM_PRICES, "client": client, "model": model}
            raise RefusedError(message % values)


def _place(location: tuple[int | str, ...], document: object) -> str:
    """Where in the file: the entry by its number and model."""
    place = ".".join(str(part + 1) if isinstance(part, int) else part for part in location)
    if len(location) > 1 and isinstance(location[1], int) and isinstance(document, dict):
        entry = document["prices"][location[1]]
        if isinstance(entry, dict) and entry.get("model"):
            place += f" ({entry['model']})"
    return place


def said_amount(amount: Decimal, *, digits: int = 3, rounding: str = ROUND_HALF_EVEN) -> str:
    """0.1672545 → "0.167", 12.5 → "12.5": as a sentence names a sum, with digits that tell something."""
    return f"{amount.normalize(Context(prec=digits, rounding=rounding)):f}"

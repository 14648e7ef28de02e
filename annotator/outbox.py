"""The server's half of the outbox: what a saving request looks like, and how it is answered.

The browser's half is static/js/outbox.js; docs/decisions/0004-saving.md tells why. Shared by the coding and
the consolidation screens: a view is wrapped in ``json_view``, reads a ``Parcel`` and hands it to an action,
which locks its subject and stores the changes inside ``once``.
"""

import json
import logging
import math
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, Never, ParamSpec

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _

from annotator import outages
from annotator.access import StudyRequest, study_view
from annotator.errors import RefusedError
from annotator.models import Mutation, Role, Study, User

logger = logging.getLogger(__name__)

MAX_CHANGES = 200
MAX_TEXT = 5_000  # characters of a note
USER_HEADER = "X-Axial-User"  # whose changes they are: another login in the same browser must not send them

P = ParamSpec("P")


class OutboxError(RefusedError):
    """A request that is refused as a whole; nothing was changed."""

    status = 400
    error = "malformed"

    def __init__(self, message: str, **more: Any) -> None:
        super().__init__(message)
        self.message = message
        self.more = more

    def response(self) -> JsonResponse:
        """The refusal in the outbox's words."""
        return refusal(self.error, self.message, status=self.status, **self.more)


class MalformedError(OutboxError):
    """The request makes no sense: the same request will never be accepted."""


class ClosedError(OutboxError):
    """Nothing may be changed here any more (or not now): the message says why."""

    status = 409
    error = "closed"


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """One wish of the browser: fields of one row, and the revision they were based on."""

    key: str
    base: int
    fields: Mapping[str, Any]

    def reject(self, name: str, why: str) -> Never:
        """Refuse the whole request, naming the row and the field."""
        raise MalformedError(_("“%(key)s”: %(field)s %(why)s") % {"key": self.key, "field": name, "why": why})

    def text(self, name: str, *, max_length: int = MAX_TEXT) -> str:
        """A text field, as typed."""
        text = self.fields[name]
        if not isinstance(text, str):
            self.reject(name, _("must be text"))
        if len(text) > max_length:
            self.reject(name, _("is longer than %(n)s characters") % {"n": max_length})
        if not is_storable(text):
            self.reject(name, _("contains characters that cannot be stored"))
        return text

    def flag(self, name: str) -> bool:
        """A yes or no."""
        flag = self.fields[name]
        if not isinstance(flag, bool):
            self.reject(name, _("must be true or false"))
        return flag

    def stance(self, name: str, *, scale: tuple[int, ...]) -> int | None:
        """One of the codebook's stances, or None for unset."""
        stance = self.fields[name]
        if stance is None:
            return None
        if isinstance(stance, bool) or not isinstance(stance, int) or stance not in scale:
            self.reject(name, _("must be one of %(scale)s") % {"scale": ", ".join(map(str, map(int, scale)))})
        return stance

    def only(self, *allowed: str) -> None:
        """Refuse fields that the row does not have, so that a typo never passes as saved."""
        for name in self.fields:
            if name not in allowed:
                self.reject(name, _("is not a field of this row"))


@dataclass(frozen=True, slots=True)
class Parcel:
    """One saving request: several changes under one id, which makes repeating it harmless."""

    mutation: uuid.UUID
    changes: list[ChangeRequest]
    body: Mapping[str, Any]  # the whole request, for what a view adds to the protocol


@dataclass(slots=True)
class Outcome:
    """What became of a parcel: rows stored, and rows that somebody else had changed meanwhile."""

    saved: list[dict[str, Any]] = field(default_factory=list)
    conflicts: list[dict[str, Any]] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)

    def as_answer(self) -> dict[str, Any]:
        """As stored with the mutation and sent to the browser."""
        return {"saved": self.saved, "conflicts": self.conflicts, **self.more}


def is_storable(text: str) -> bool:
    """Neither NUL (PostgreSQL refuses it) nor half a surrogate pair (no encoding for it)."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def read_json(request: HttpRequest) -> dict[str, Any]:
    """The request's JSON object."""
    try:
        body = json.loads(request.body)
    except RequestDataTooBig:
        raise MalformedError(_("The request is too large.")) from None
    except (ValueError, RecursionError):
        raise MalformedError(_("The request is not valid JSON.")) from None
    if not isinstance(body, dict):
        raise MalformedError(_("The request must be a JSON object."))
    return body


def read_parcel(request: HttpRequest) -> Parcel:
    """The request as a parcel, checked in form; the changes' fields are checked by who stores them."""
    body = read_json(request)
    changes = body.get("changes")
    if not isinstance(changes, list) or len(changes) > MAX_CHANGES:
        raise MalformedError(_("“changes” must be a list of at most %(n)s changes.") % {"n": MAX_CHANGES})
    read = [_read_change(change) for change in changes]
    if len({change.key for change in read}) < len(read):
        raise MalformedError(_("A request names a row twice."))
    return Parcel(mutation=read_mutation(body), changes=read, body=body)


def read_mutation(body: Mapping[str, Any]) -> uuid.UUID:
    """The id under which the browser may repeat the request."""
    try:
        return uuid.UUID(str(body["mutation"]))
    except (KeyError, ValueError):
        raise MalformedError(_("“mutation” must be a UUID.")) from None


def read_milliseconds(body: Mapping[str, Any], name: str, *, most: int = 24 * 3_600_000) -> int:
    """A length of time from the browser, clipped to a day; 0 if it is not given."""
    number = body.get(name, 0)
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise MalformedError(_("“%(name)s” must be a number of milliseconds.") % {"name": name})
    return max(0, min(int(number), most))


def _read_change(change: Any) -> ChangeRequest:
    if not isinstance(change, dict) or not isinstance(change.get("key"), str):
        raise MalformedError(_("Every change must be an object with a “key”."))
    base = change.get("base")
    if isinstance(base, bool) or not isinstance(base, int) or base < 0:
        raise MalformedError(_("“%(key)s”: base must be a revision.") % {"key": change["key"]})
    fields = {name: value for name, value in change.items() if name not in ("key", "base")}
    return ChangeRequest(key=change["key"], base=base, fields=fields)


def once(
    *, mutation: uuid.UUID, user: User, about: str, perform: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Perform a mutation and remember its answer; a repeated one is answered from memory.

    Call it inside the action's transaction, after locking the subject: that makes two copies of one request
    wait for each other.
    """
    known = Mutation.objects.filter(pk=mutation).values_list("user_id", "about", "answer").first()
    if known is None:
        answer = perform()
        Mutation.objects.create(pk=mutation, user=user, about=about, answer=answer)
        return answer
    user_id, known_about, answer = known
    if (user_id, known_about) != (user.pk, about):
        raise MalformedError(_("This request id was used for something else."))
    return dict(answer)


def reply(answer: Mapping[str, Any]) -> JsonResponse:
    """200, or 409 where some rows were changed by somebody else meanwhile."""
    return JsonResponse(answer, status=409 if answer.get("conflicts") else 200)


def refusal(error: str, message: str, *, status: int, **more: Any) -> JsonResponse:
    """An answer that names what went wrong for the script, and says it for the person."""
    return JsonResponse({"error": error, "message": message, **more}, status=status)


def json_view(
    *roles: Role,
) -> Callable[
    [Callable[Concatenate[StudyRequest, Study, P], HttpResponseBase]], Callable[..., HttpResponseBase]
]:
    """``study_view`` for the outbox: POST only, and every refusal is JSON, a lost session 401."""

    def decorate(
        view: Callable[Concatenate[StudyRequest, Study, P], HttpResponseBase],
    ) -> Callable[..., HttpResponseBase]:
        inside = study_view(*roles)(view)

        @login_not_required  # answered here, since a redirect to the login page would look like success
        @wraps(view)
        def opened(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                return _refuse_stranger(request) or inside(request, slug, *args, **kwargs)
            except Http404:
                return refusal("missing", _("This does not exist, or not for you."), status=404)
            except PermissionDenied:
                return refusal("denied", _("You may not do this here."), status=403)
            except OutboxError as exc:
                return exc.response()
            except RefusedError as exc:
                return refusal("refused", str(exc), status=409)
            except outages.ERRORS as exc:
                if not outages.is_outage(exc):
                    raise
                logger.exception("A change could not be stored; the browser keeps it")
                return outages.unavailable()

        return opened

    return decorate


def _refuse_stranger(request: HttpRequest) -> JsonResponse | None:
    """The refusal of a request that nobody may send, or that somebody else's page sends."""
    if not request.user.is_authenticated:
        return refusal("login", _("You are logged out. Log in again in another tab."), status=401)
    if request.method != "POST":
        return refusal("method", _("Only POST is understood here."), status=405)
    if request.headers.get(USER_HEADER, str(request.user.pk)) != str(request.user.pk):
        message = _("Somebody else is logged in in this browser. Log in as yourself again.")
        return refusal("other-user", message, status=401)
    return None

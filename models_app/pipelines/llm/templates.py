"""Templates that researchers may write: Jinja2 in a sandbox that no template leaves or keeps busy for long.

Nothing is reached but what the template is given, nothing can be called but its own macros, and loops, calls
and characters are counted.
"""

import re
import traceback
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError, meta, nodes
from jinja2.exceptions import SecurityError, TemplateAssertionError
from jinja2.filters import FILTERS as ALL_FILTERS
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

MOST_SOURCE = 100_000  # characters of a template
MOST_TEXT = 400_000  # characters of what it renders
MOST_WRITTEN = 4 * MOST_TEXT  # in all, also where it is written into a variable only
MOST_STEPS = 100_000  # turns of loops, calls of macros
FILTERS = (
    *("capitalize", "count", "d", "default", "first", "last", "length", "list", "lower", "map", "reject"),
    *("rejectattr", "select", "selectattr", "sort", "title", "trim", "unique", "upper"),
)
NO_SUCH_PART = re.compile(r"Item object' has no attribute '(.*)'")
REFUSED = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


class BadTemplateError(ValueError):
    """A template that gives no prompt; says why, and where."""

    def __init__(self, why: str, *, line: int | None = None) -> None:
        self.why = why
        self.line = line
        super().__init__(f"line {line}: {why}" if line else why)


class TooMuchError(Exception):
    """The template writes or does more than it may."""


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment for one rendering: it counts."""

    intercepted_binops = frozenset(("+", "*", "**", "%"))

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            optimized=False,
        )
        self.globals.clear()
        self.filters = {name: ALL_FILTERS[name] for name in FILTERS}
        self.filters |= {"join": self._join, "replace": self._replace}
        self.filters |= {"_written": self._written, "_turns": self._turns}
        self.n_written = 0
        self.n_steps = 0

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree: nodes.Template = Counting().visit(super()._parse(source, name, filename))
        return tree

    def is_safe_callable(self, obj: Any) -> bool:
        """The template's own macros, nothing else."""
        return isinstance(obj, Macro)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a macro."""
        self._step()
        if not self.is_safe_callable(obj):
            raise SecurityError("only the template's own macros can be called")
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Adding is counted; what could make much of little is refused."""
        if operator != "+":
            raise TooMuchError(f"“{operator}” cannot be used in a template")
        return self._note(left + right)

    def _written(self, value: Any) -> str:
        """What is printed, or glued together."""
        text = str(value)
        self._note(text)
        return text

    def _turns(self, items: Iterable[Any]) -> Iterator[Any]:
        """What a loop runs over."""
        for item in items:
            self._step()
            yield item

    def _join(self, items: Iterable[Any], separator: str = "") -> str:
        texts = [str(item) for item in items]
        self._note_length(sum(map(len, texts)) + len(separator) * len(texts))
        return separator.join(texts)

    def _replace(self, text: Any, old: str, new: str) -> str:
        whole = str(text)
        self._note_length(len(whole) + whole.count(old) * len(new))
        return whole.replace(old, new)

    def _note(self, value: Any) -> Any:
        self._note_length(len(value) if hasattr(value, "__len__") else 0)
        return value

    def _note_length(self, length: int) -> None:
        self.n_written += length
        if self.n_written > MOST_WRITTEN:
            raise TooMuchError(f"writes more than {MOST_TEXT:,} characters")

    def _step(self) -> None:
        self.n_steps += 1
        if self.n_steps > MOST_STEPS:
            raise TooMuchError(f"takes more than {MOST_STEPS:,} steps")


class Counting(NodeTransformer):
    """Puts the counters into a template, and refuses what reaches for other templates."""

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> nodes.Node:
        """Any part of a template."""
        if isinstance(node, REFUSED):
            kind = type(node).__name__.lower().replace("fromimport", "from … import")
            raise TemplateAssertionError(f"“{kind}”: a prompt is one template", node.lineno)
        return super().generic_visit(node, *args, **kwargs)

    def visit_Output(self, node: nodes.Output) -> nodes.Node:
        """What is printed."""
        self.generic_visit(node)
        node.nodes = [
            part if isinstance(part, nodes.TemplateData) else _through("_written", part)
            for part in node.nodes
        ]
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        """What is glued together by ~."""
        self.generic_visit(node)
        return _through("_written", node)

    def visit_For(self, node: nodes.For) -> nodes.Node:
        """A loop."""
        self.generic_visit(node)
        node.iter = _through("_turns", node.iter)
        return node


def rendered(source: str, context: Mapping[str, Any]) -> str:
    """What the template makes of the context; BadTemplateError where it makes nothing of it."""
    if len(source) > MOST_SOURCE:
        raise BadTemplateError(f"the template is longer than {MOST_SOURCE:,} characters")
    sandbox = Sandbox()
    _refuse_unknown_names(sandbox, source, known=context.keys())
    try:
        text = sandbox.from_string(source).render(context)
    except TemplateSyntaxError as error:
        raise BadTemplateError(_sentence(error), line=error.lineno) from None
    except Exception as error:  # noqa: BLE001 - a template may raise anything
        raise BadTemplateError(_sentence(error), line=_line(error.__traceback__)) from None
    if len(text) > MOST_TEXT:
        raise BadTemplateError(f"writes more than {MOST_TEXT:,} characters")
    return text


def _refuse_unknown_names(sandbox: Sandbox, source: str, *, known: Iterable[str]) -> None:
    """Also in branches that this rendering does not take."""
    try:
        tree = sandbox.parse(source)
        unknown = meta.find_undeclared_variables(tree) - set(known)
    except TemplateSyntaxError as error:
        raise BadTemplateError(_sentence(error), line=error.lineno) from None
    except RecursionError as error:
        raise BadTemplateError(_sentence(error)) from None
    uses = [name for name in tree.find_all(nodes.Name) if name.name in unknown]
    if uses:
        first = min(uses, key=lambda name: name.lineno)
        names = ", ".join(sorted(known))
        raise BadTemplateError(f"“{first.name}” is not known; there are: {names}", line=first.lineno)


def _sentence(error: Exception) -> str:
    match error:
        case UndefinedError() if found := NO_SUCH_PART.search(str(error)):
            return f"no part of the codebook has “{found[1]}”"
        case TooMuchError() | SecurityError() | UndefinedError() | TemplateSyntaxError():
            return str(getattr(error, "message", None) or error)
        case RecursionError():
            return "calls itself too often"
        case _:
            return f"{error} ({type(error).__name__})"


def _line(trace: TracebackType | None) -> int | None:
    """Jinja2 maps the frames of a template to its own lines."""
    lines = [frame.lineno for frame in traceback.extract_tb(trace) if frame.filename == "<template>"]
    return lines[-1] if lines else None


def _through(name: str, node: nodes.Node) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)

"""Whether providers can be reached by what this process has in its environment; never the keys themselves."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from models_app.clients.base import ClientName
from models_app.clients.keys import missing
from models_app.specs import default_model

TITLES: dict[str, Promise] = {
    ClientName.GEMINI: gettext_lazy("Gemini, by Google"),
    ClientName.OPENAI: gettext_lazy("OpenAI, or a server of its protocol (vLLM, Ollama, llama.cpp)"),
    ClientName.TRANSFORMERS: gettext_lazy("A model on the worker's own machine"),
}


@dataclass(frozen=True, slots=True)
class Provider:
    """Whom a pipeline can ask."""

    name: ClientName
    title: Promise
    model: str  # asked where none is named
    missing: tuple[str, ...]  # environment variables of which one would do; empty: nothing is missing

    @property
    def is_local(self) -> bool:
        """Whether it needs no key at all."""
        return self.name == ClientName.TRANSFORMERS


def provider_of(client: ClientName) -> Provider:
    """One of them."""
    return Provider(client, TITLES[client], default_model(client), missing(client))


def providers() -> list[Provider]:
    """All of them."""
    return [provider_of(client) for client in ClientName]


def first_choice(default: ClientName) -> ClientName:
    """Whom a form offers first: the default, unless only others have a key here."""
    with_key = [client for client in (default, *ClientName) if not missing(client)]
    return next((client for client in with_key if client != ClientName.TRANSFORMERS), default)

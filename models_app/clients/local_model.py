"""A causal language model in this process: loaded from a folder or a hub, prompted, and asked in batches."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jinja2

from models_app.clients.base import DeniedError, Finish, RefusedRequestError, Request, Text
from models_app.clients.keys import redact
from models_app.clients.local_drawing import Chance, OwnEnd, Prompt

NO_LENGTH = 10**9  # tokenizers that know no longest text say something larger
GAP = "\u200b"  # breaks up what a message must not contain; nobody sees it
PROBE = "xqvzsystem"


@dataclass(frozen=True, slots=True)
class Generated:
    """An answer; the token that ends it is counted. Finish.OTHER: it was dropped half-way."""

    text: str
    finish: Finish
    n_tokens: int


class NoMemoryError(Exception):
    """The prompts do not fit into the memory together."""


class LocalModel:
    """The weights and the tokenizer; to be used by one thread at a time."""

    def __init__(self, name: str, model: Any, tokenizer: Any) -> None:
        self.name = name
        self.model, self.tokenizer = model, tokenizer
        self.context = _context_of(model, tokenizer)  # tokens, of prompt and answer together; None: no end
        self.takes_system = _takes_system(tokenizer)
        ends = model.generation_config.eos_token_id
        ends = tokenizer.eos_token_id if ends is None else ends
        self.ends = frozenset([ends] if isinstance(ends, int) else ends or ())
        known = (tokenizer.pad_token_id, *sorted(self.ends), 0)
        self.padding = next(token for token in known if token is not None)
        special = [str(token) for token in tokenizer.added_tokens_decoder.values() if token.special]
        self._special = sorted((token for token in special if len(token) > 1), key=len, reverse=True)

    def prompt_of(self, request: Request, *, is_dropped: Callable[[], bool]) -> Prompt:
        """The request in tokens; RefusedRequestError where it is longer than the model reads."""
        has_template = bool(self.tokenizer.chat_template)
        text = self._by_template(request) if has_template else self._plainly(request)
        # A template writes the tokens that begin a text itself.
        tokens = self.tokenizer(text, add_special_tokens=not has_template, verbose=False)["input_ids"]
        most = request.max_output_tokens
        if self.context is not None:
            if len(tokens) >= self.context:
                raise RefusedRequestError(
                    "too-long",
                    f"What is asked has {len(tokens)} tokens; “{self.name}” takes {self.context} with the"
                    " answer.",
                )
            most = min(most, self.context - len(tokens))
        return Prompt(tuple(tokens), most, request.temperature or 0.0, request.seed, is_dropped)

    def answers(self, prompts: Sequence[Prompt]) -> list[Generated]:
        """Answers to all of them, made together; NoMemoryError where they are too many or too long."""
        import torch

        try:
            return self._answers(prompts)
        except (MemoryError, RuntimeError) as error:  # of cards, the error is a RuntimeError, too
            if not (
                isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(error)
            ):
                raise
        free_memory()  # here, where no traceback holds on to anything
        raise NoMemoryError

    def _answers(self, prompts: Sequence[Prompt]) -> list[Generated]:
        import torch
        from transformers import GenerationConfig

        longest = max(len(prompt.tokens) for prompt in prompts)
        padded = [[self.padding] * (longest - len(prompt.tokens)) + [*prompt.tokens] for prompt in prompts]
        mask = [[0] * (longest - len(prompt.tokens)) + [1] * len(prompt.tokens) for prompt in prompts]
        device = self.model.get_input_embeddings().weight.device
        plan = GenerationConfig(  # type: ignore[no-untyped-call]
            do_sample=False,  # chance is added by Chance, from each request's own seed
            num_beams=1,
            max_new_tokens=max(prompt.most for prompt in prompts),
            eos_token_id=sorted(self.ends) or None,
            pad_token_id=self.padding,
        )
        with torch.inference_mode():
            made = self.model.generate(
                input_ids=torch.tensor(padded, device=device),
                attention_mask=torch.tensor(mask, device=device),
                generation_config=plan,
                logits_processor=[Chance(prompts)],
                stopping_criteria=[OwnEnd(prompts, since=longest)],
            )
        rows = made[:, longest:].tolist()
        return [self._read(row, prompt) for row, prompt in zip(rows, prompts, strict=True)]

    def _read(self, row: Sequence[int], prompt: Prompt) -> Generated:
        """The row up to its own end; behind it there is padding, which may be the same token."""
        row = row[: prompt.most]
        end = next((n for n, token in enumerate(row) if token in self.ends), None)
        said = row if end is None else row[:end]
        text = self.tokenizer.decode(said, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        if end is not None:
            return Generated(text.strip(), Finish.WHOLE, end + 1)
        finish = Finish.CUT if len(row) == prompt.most else Finish.OTHER
        return Generated(text.strip(), finish, len(row))

    def _by_template(self, request: Request) -> str:
        messages = self._messages(request)
        if not self.takes_system and messages[0]["role"] == "system":
            system, first, *later = messages
            first = {**first, "content": f"{system['content']}\n\n{first['content']}"}
            messages = [first, *later]
        try:
            return str(
                self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
            )
        except (jinja2.TemplateError, TypeError, ValueError, KeyError) as error:
            raise RefusedRequestError(
                "bad-template", f"The chat template of “{self.name}” fails: {first_line(error)}"
            ) from None

    def _plainly(self, request: Request) -> str:
        """For models that were never taught to chat."""
        titles = {"system": "### Instruction", "user": "### Message", "assistant": "### Answer"}
        blocks = [f"{titles[said['role']]}\n{said['content']}" for said in self._messages(request)]
        return "\n\n".join([*blocks, f"{titles['assistant']}\n"])

    def _messages(self, request: Request) -> list[dict[str, str]]:
        if not all(isinstance(part, Text) for part in request.parts):
            raise TypeError("a local model takes text alone")
        message = "\n\n".join(part.text for part in request.parts if isinstance(part, Text))
        messages = [{"role": "system", "content": request.system}] if request.system else []
        messages.append({"role": "user", "content": message})
        for turn in request.turns:
            messages.append({"role": "assistant", "content": turn.answer})
            messages.append({"role": "user", "content": turn.reply})
        return [{**said, "content": self._harmless(said["content"])} for said in messages]

    def _harmless(self, text: str) -> str:
        """Without the model's own signs: a caption must not be able to end the message that it is in."""
        for token in self._special:
            text = text.replace(token, f"{token[0]}{GAP}{token[1:]}")
        return text.encode("utf-8", "replace").decode("utf-8")


def load(name: str) -> LocalModel:
    """The model of a hub id or a folder; DeniedError, which pauses the run, where it cannot be had."""
    if find_spec("torch") is None or find_spec("transformers") is None:
        raise DeniedError(
            "not-installed", "Local models need torch and transformers: `make install-models` installs them."
        )
    place = str(Path(name).expanduser()) if name.startswith("~") else name
    try:
        with _quietly():
            model, tokenizer = _loaded(place)
            return LocalModel(name, model, tokenizer)
    except Exception as error:  # noqa: BLE001 - of the hub, the network, the files: all mean the same here
        why = first_line(error)
    free_memory()
    raise DeniedError(
        "model-not-loaded",
        f"The model “{name}” cannot be loaded: give the id of a causal language model on a hub that"
        f" this machine reaches, or a folder that holds one ({why}).",
    )


def free_memory() -> None:
    """Give memory back that nothing holds any more."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def first_line(error: BaseException) -> str:
    """The error in short, without any key."""
    lines = (line.strip() for line in redact(str(error)).splitlines())
    return next((line for line in lines if line), type(error).__name__)[:300]


def _loaded(place: str) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(place)
    has_card = torch.cuda.is_available()
    more = {"device_map": "auto"} if has_card and find_spec("accelerate") is not None else {}
    loaded: Any = AutoModelForCausalLM.from_pretrained(
        place, dtype=_precision(torch), output_loading_info=True, **more
    )
    model, info = loaded
    if missing := sorted(info["missing_keys"]):
        raise ValueError(f"its files lack weights: {', '.join(missing[:3])}")
    if not more:
        model = model.to("cuda" if has_card else "mps" if torch.backends.mps.is_available() else "cpu")
    return model.eval(), tokenizer


def _precision(torch: Any) -> Any:
    """bfloat16 where the card computes it, half precision on others, full precision on the processor."""
    if torch.cuda.is_available():
        has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if has_bf16 else torch.float16
    return torch.float16 if torch.backends.mps.is_available() else torch.float32


def _context_of(model: Any, tokenizer: Any) -> int | None:
    config = model.config.get_text_config()
    positions = getattr(config, "max_position_embeddings", None)
    if isinstance(positions, int) and positions > 0:
        return positions
    longest = tokenizer.model_max_length
    return int(longest) if longest and longest < NO_LENGTH else None


def _takes_system(tokenizer: Any) -> bool:
    """Whether the template has a place for an instruction: some refuse one, some leave it out."""
    if not tokenizer.chat_template:
        return True
    messages = [{"role": "system", "content": PROBE}, {"role": "user", "content": "?"}]
    try:
        return PROBE in tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    except (jinja2.TemplateError, TypeError, ValueError, KeyError):
        return False


@contextmanager
def _quietly() -> Iterator[None]:
    from transformers.utils import logging as transformers_logging

    level, bars = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        transformers_logging.set_verbosity(level)
        if bars:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]

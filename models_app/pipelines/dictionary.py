"""Script → endorsed values by counting words of the Personal Values Dictionary, which pyvalues carries.

Ponizovskiy et al. (2020), European Journal of Personality 34, 885-902. It lists words for Schwartz's ten
original values, so each answers for the refined values that came of it; face and humility have no words.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from typing import Any

from models_app.pipelines.base import Beat, ItemError, Prediction, ScriptInput

EDITION = "20221007"
REFINED = {
    "Self-Direction": ("self-direction-thought", "self-direction-action"),
    "Stimulation": ("stimulation",),
    "Hedonism": ("hedonism",),
    "Achievement": ("achievement",),
    "Power": ("power-dominance", "power-resources"),
    "Security": ("security-personal", "security-societal"),
    "Tradition": ("tradition",),
    "Conformity": ("conformity-rules", "conformity-interpersonal"),
    "Benevolence": ("benevolence-dependability", "benevolence-caring"),
    "Universalism": ("universalism-concern", "universalism-nature", "universalism-tolerance"),
}
ORIGINAL_OF = {refined: original for original, some in REFINED.items() for refined in some}


class Dictionary:
    """Endorsed: the value's share of all value words is above the threshold. Confronted: never said.

    The dictionary lists words that refer to a value, whatever is said about it: it cannot tell a video that
    is against a value from one that is for it.
    """

    def __init__(self, settings: Any) -> None:
        # models_app.specs.DictionarySettings, which knows Django and therefore is not imported here
        self.settings = settings

    def judge(self, script: ScriptInput, *, values: Sequence[str], beat: Beat) -> list[Prediction]:
        """Share of each value's words; not said for values the dictionary does not know."""
        beat(0.0)
        if not script.text.strip():
            raise ItemError("empty_script", "The script is empty: there are no words to count.")
        counts = self.count(script.text)
        total = counts.total()

        def said(value: str) -> Prediction:
            original = ORIGINAL_OF.get(value)
            if original is None:
                return Prediction(script.video_id, value, endorsed=None, confronted=None)
            share = counts[original] / total if total else 0.0
            yes = share > self.settings.threshold
            return Prediction(script.video_id, value, endorsed=yes, confronted=None, p_endorsed=share)

        return [said(value) for value in values]

    def count(self, text: str) -> Counter[str]:
        """How many words of the text stand for each of the ten original values; some stand for several."""
        from pyvalues.dictionary_classifier import normalize_dictionary_token, simple_tokenize

        words = (normalize_dictionary_token(token, self._language) for token in simple_tokenize(text))
        return Counter(value for word in words for value in self._values_of_word.get(word, ()))

    @cached_property
    def _language(self) -> str:
        from pydantic_extra_types.language_code import LanguageAlpha2

        language: str = LanguageAlpha2(self.settings.language)
        return language

    @cached_property
    def _values_of_word(self) -> Mapping[str, Mapping[str, object]]:
        """Word → the original values it stands for, scored alike. Entries of several words never match."""
        from pyvalues.dictionary_classifier import get_dictionaries

        file = files("pyvalues") / "assets" / "dictionaries" / EDITION / f"{self.settings.language}.json"
        with file.open(encoding="utf-8") as lines:
            words: dict[str, dict[str, object]] = get_dictionaries(lines, self._language)
        return words

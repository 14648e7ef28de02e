"""The price table: what requests cost, and what is said of a file that cannot be read."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from annotator.errors import RefusedError
from models_app.clients.base import Usage
from models_app.prices import (
    PriceFileError,
    cost_of,
    currency,
    need_prices,
    price_of,
    price_table,
    read_prices,
)

ENTRY = """
  - client: openai
    model: {model}
    input: {input}
    output: 8
    {more}
    as_of: 2025-01-02
    source: https://example.org/prices
"""


@pytest.fixture
def table(settings, tmp_path):
    """Write a table of these entries."""

    def write(*entries, head="currency: EUR\nprices:"):
        settings.LLM_PRICES = tmp_path / "prices.yaml"
        settings.LLM_PRICES.write_text(head + "".join(entries), encoding="utf-8")

    return write


def entry(model="m", input=2, more="cached_input: 0.5"):
    return ENTRY.format(model=model, input=input, more=more)


def test_shipped_table_is_read_and_dated():
    table = read_prices(Path(django_settings.BASE_DIR) / "config/prices.yaml")
    assert table.currency == "USD"
    assert {price.client for price in table.prices} == {"gemini", "openai"}
    names = [(price.client, price.model, price.since) for price in table.prices]
    assert len(names) == len(set(names))
    # The paper's model, by the version it was asked by.
    assert cost_of("gemini", "gemini-1.5-pro-002", Usage(1_000_000, 1_000_000)) == Decimal("6.25")


@pytest.mark.parametrize("client", ["gemini", "openai"])
def test_model_that_is_asked_where_none_is_named_has_a_price(client):
    table = read_prices(Path(django_settings.BASE_DIR) / "config/prices.yaml")
    assert table.price_of(client, django_settings.LLM_MODELS[client]) is not None


def test_cost_counts_cached_input_and_batches_at_their_own_price(table):
    table(entry(more="cached_input: 0.5\n    batch_factor: 0.5"))
    million = 1_000_000
    assert cost_of("openai", "m", Usage(million, million)) == 10
    assert cost_of("openai", "m", Usage(million, 0, million)) == Decimal("0.5")
    assert cost_of("openai", "m", Usage(million, 0, million // 2)) == Decimal("1.25")
    assert cost_of("openai", "m", Usage(million, million), is_batch=True) == 5
    assert cost_of("openai", "m", Usage(1, 1)) == Decimal("0.00001")
    assert currency() == "EUR"


def test_more_cached_tokens_than_were_sent_are_not_paid_back(table):
    table(entry())
    assert cost_of("openai", "m", Usage(100, 0, 1_000_000)) == Decimal("0.00005")


def test_cost_is_unknown_without_a_price_or_without_usage(table):
    table(entry())
    assert cost_of("openai", "other", Usage(1, 1)) is None
    assert cost_of("gemini", "m", Usage(1, 1)) is None
    assert cost_of("openai", "m", Usage(None, 1)) is None
    assert cost_of("openai", "m", Usage(1, None)) is None


def test_own_machine_costs_nothing_whatever_the_table_says(table):
    table(entry())
    assert cost_of("transformers", "mistralai/Mistral-7B", Usage()) == 0


def test_name_with_a_star_is_a_prefix_and_the_exact_or_longer_one_goes_first(table):
    table(entry("gpt*", 1), entry("gpt-9*", 2), entry("gpt-9-mini", 3))
    found = [price_of("openai", model) for model in ("gpt-1", "gpt-9-2030", "gpt-9-mini", "o1")]
    assert [price.input if price else None for price in found] == [1, 2, 3, None]


def test_price_holds_from_its_first_day_on(table):
    table(entry(input=4, more="since: 2001-01-01"), entry(input=2), entry(input=9, more="since: 2999-01-01"))
    million = Usage(1_000_000, 0)
    assert cost_of("openai", "m", million) == 4  # whatever their order in the file
    assert price_table().price_of("openai", "m", on=date(2000, 12, 31)).input == 2
    assert price_table().price_of("openai", "m", on=date(2001, 1, 1)).input == 4
    assert price_table().price_of("openai", "m", on=date(2999, 1, 1)).input == 9


def test_model_that_has_no_price_yet_has_none(table):
    table(entry(more="since: 2999-01-01"))
    assert price_of("openai", "m") is None


def test_changed_file_is_read_anew(table):
    table(entry(input=2))
    assert price_of("openai", "m").input == 2
    table(entry(input=2), entry("new", 3))
    assert price_of("openai", "new").input == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("currency: [", "it is no YAML"),
        ("- 1", "prices.yaml"),
        ("prices: []", "currency"),
        ("currency: USD\nprices:" + entry(input="-1"), r"prices\.1\.input \(m\)"),
        ("currency: USD\nprices:" + entry() + entry("n", "cheap"), r"prices\.2\.input \(n\)"),
        ("currency: USD\nprices:" + entry(more="per_word: 3"), r"prices\.1\.per_word \(m\)"),
        ("currency: USD\nprices:\n  - 3", r"prices\.1"),
    ],
)
def test_bad_file_is_named_with_the_entry(table, text, said):
    table(head=text)
    with pytest.raises(PriceFileError, match=said) as caught:
        price_of("openai", "m")
    assert "prices.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_is_named(settings, tmp_path):
    settings.LLM_PRICES = tmp_path / "gone.yaml"
    with pytest.raises(RefusedError, match=r"gone\.yaml cannot be read"):
        cost_of("openai", "m", Usage(1, 1))


def test_price_that_is_needed_and_missing_is_named_with_its_file(table):
    table(entry())
    need_prices([("openai", "m"), ("transformers", "any")])
    with pytest.raises(RefusedError, match=r"prices\.yaml has none for openai “other”"):
        need_prices([("openai", "m"), ("openai", "other")])

"""What runs asked and what it cost: bills, costs beside each other, and that neither reads a row's texts."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from models_app.models import Exchange, ExchangeState
from models_app.queries.bills import Bill, bill_of, bills_of, currency_known
from models_app.queries.run_costs import WhyNoCost, costs_of
from models_app.templatetags.runs import money, percent, plain, tokens
from tests.factories import make_study, make_video
from tests.llm_factories import make_exchange, make_llm_run
from tests.run_factories import make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study("study", slugs=["face"])


@pytest.fixture
def videos(study):
    return [make_video(study, slots=False) for _n in range(4)]


def test_a_bill_tells_what_was_asked_from_what_an_earlier_run_had_paid(study, videos):
    earlier, run = make_llm_run(study, videos), make_llm_run(study, videos)
    source = make_exchange(earlier, videos[0], key="a")
    make_exchange(run, videos[0], source=source)
    make_exchange(run, videos[1])
    make_exchange(run, videos[1], turn=1, n_input=3000, cost=Decimal("0.5"))
    make_exchange(run, videos[2], state="blocked", n_input=None, n_output=None)
    make_exchange(run, videos[3], state="pending", n_input=None, n_output=None, cost=None, seconds=None)
    bill = bill_of(run)
    assert bill == Bill(
        n_asked=3,
        n_reused=1,
        n_pending=1,
        n_uncounted=1,
        n_input=4000,
        n_output=200,
        known_cost=Decimal("0.50042"),
    )
    assert bill.cost == Decimal("0.50042")
    assert bills_of([run, earlier])[earlier.pk].n_asked == 1


def test_one_request_without_a_price_makes_the_cost_unknown(study, videos):
    run = make_llm_run(study, videos)
    make_exchange(run, videos[0])
    make_exchange(run, videos[1], cost=None)
    bill = bill_of(run)
    assert bill.cost is None
    assert bill.is_known_in_part
    assert bill.known_cost == Decimal("0.00021")


def test_a_free_model_costs_nothing_which_is_not_unknown(study, videos):
    run = make_llm_run(study, videos, client="transformers")
    make_exchange(run, videos[0], cost=Decimal(0), n_input=None, n_output=None)
    bill = bill_of(run)
    assert (bill.n_asked, bill.n_reused, bill.cost) == (1, 0, 0)
    assert not bill.is_known_in_part


def test_an_answer_taken_over_stays_so_when_the_run_that_paid_is_gone(study, videos):
    earlier, run = make_llm_run(study, videos), make_llm_run(study, videos)
    make_exchange(run, videos[0], source=make_exchange(earlier, videos[0]))
    assert costs_of([run])[run.pk].per_video == Decimal("0.00021")
    earlier.delete()
    assert bill_of(run).n_reused == 1
    cost = costs_of([run])[run.pk]
    assert (cost.total, cost.per_video, cost.why_no_per_video) == (0, None, WhyNoCost.BILL_GONE)


def test_the_cost_of_a_video_counts_what_earlier_runs_had_paid(study, videos):
    earlier, run = make_llm_run(study, videos), make_llm_run(study, videos)
    make_exchange(run, videos[0], source=make_exchange(earlier, videos[0], cost=Decimal(3)))
    make_exchange(run, videos[1], cost=Decimal("0.5"))
    make_exchange(run, videos[1], turn=1, cost=Decimal("0.5"))
    cost = costs_of([run])[run.pk]
    assert (cost.total, cost.earlier, cost.per_video, cost.n_videos) == (1, 3, 2, 2)


def test_where_there_is_no_cost_it_says_why(study, videos):
    local, imported = make_run(study, videos), make_run(study, videos, origin="import", pipeline="import")
    fresh, unpriced = make_llm_run(study, videos), make_llm_run(study, videos)
    make_exchange(unpriced, videos[0], cost=None)
    costs = costs_of([local, imported, fresh, unpriced])
    assert [cost.why_no_total for cost in costs.values()] == [
        WhyNoCost.ASKED_NOBODY,
        WhyNoCost.MADE_ELSEWHERE,
        WhyNoCost.NOT_YET,
        WhyNoCost.NO_PRICE,
    ]
    assert all(cost.total is None and cost.per_video is None for cost in costs.values())


def test_a_bill_is_read_from_an_index_alone(study, videos):
    run = make_llm_run(study, videos)
    make_exchange(run, videos[0])
    with CaptureQueriesContext(connection) as captured:
        bill_of(run)
    (query,) = captured.captured_queries
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        if not is_sqlite:  # of so few rows PostgreSQL would rather read the table
            cursor.execute("SET LOCAL enable_seqscan TO off")
            cursor.execute("SET LOCAL enable_bitmapscan TO off")
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{query['sql']}")
        plan = str(cursor.fetchall())
    assert ("USING COVERING INDEX costs_of_a_run" if is_sqlite else "Index Scan using costs_of_a_run") in plan


def test_a_price_table_that_cannot_be_read_hides_the_currency_and_nothing_else(study, settings, tmp_path):
    assert currency_known() == "USD"
    settings.LLM_PRICES = tmp_path / "missing.yaml"
    assert currency_known() == ""


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "–"),
        (Decimal(0), "0.00"),
        (Decimal("12.3456"), "12.35"),
        (Decimal("1234.5"), "1,234.50"),
        (Decimal("0.01234"), "0.0123"),
        (Decimal("0.00002"), "<0.0001"),
    ],
)
def test_money_is_told_as_finely_as_it_has_to_be(amount, text):
    assert money(amount) == text


def test_numbers_are_told_at_a_glance():
    assert [tokens(n) for n in (0, 9_999, 45_678, 1_234_567)] == ["0", "9,999", "45.7 k", "1.23 M"]
    assert [percent(share) for share in (None, 0, 1, 0.9834, 0.9999, 0.0001)] == [
        "–", "0", "100", "98.3", "99.9", "0.1",
    ]  # fmt: skip
    assert plain(Decimal("12.500000")) == "12.5"
    assert plain(Decimal(100)) == "100"


def test_a_state_that_a_bill_does_not_know_would_be_noticed():
    assert set(ExchangeState.values) == {"pending", "answered", "blocked"}
    assert Exchange._meta.get_field("cost").null

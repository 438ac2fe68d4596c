"""Formulas of Bishop, Haykin, Rumelhart, Wikipedia, Hastie and others, as those books print them.

Each line of `convention_formulas_b.jsonl` has the verdict that its formula deserves, found by hand;
`accept` has others that are right too. Where `got` is "unknown", nothing is said so far, and such a
line fails here when it gets a verdict.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from symnet.paper.books.convention_files import convention, from_toml
from symnet.paper.books.unit_layers import with_layers
from symnet.paper.definitions.own_layers import own_layers
from symnet.paper.formula.reader import read
from symnet.paper.steps.momentum import as_steps
from symnet.paper.verify import verify

TABLE = Path(__file__).parent / "convention_formulas_b.jsonl"
ROWS: list[dict[str, Any]] = [json.loads(x) for x in TABLE.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_formula_gets_the_verdict_it_deserves(row: dict[str, Any]) -> None:
    found = verify(row["latex"], row["convention"], row["context"])
    wanted = {row["got"]} if "got" in row else {row["verdict"], *row.get("accept", [])}
    assert found.verdict in wanted, str(found)


def test_the_table_has_all_verdicts_in_number_and_few_gaps() -> None:
    counts = Counter(row["verdict"] for row in ROWS)
    assert set(counts) == {"proved", "refuted", "ill-formed"}
    assert min(counts.values()) > 60
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    assert {row.get("got", "unknown") for row in ROWS} == {"unknown"}
    assert sum("got" in row for row in ROWS) < len(ROWS) / 12


# --- layers of units -----------------------------------------------------------------------


@pytest.mark.parametrize("depth", [{}, {"depth": "L = 3"}])
def test_units_of_the_last_layer_tell_which_layer_that_is(depth: dict[str, str]) -> None:
    context = {"cost": "quadratic", "output_activation": "identity", **depth}
    right = r"\frac{\partial E_n}{\partial w_{kj}^{(2)}} = (y_k - t_k) z_j"
    assert verify(right, "bishop", context).verdict == "proved"
    # No layer of weights has its targets in the middle of a network.
    low = right.replace("(2)", "(1)")
    assert verify(low, "bishop", context).verdict == "ill-formed"
    assert verify(right, "bishop", context | {"depth": "L = 4"}).verdict == "ill-formed"


def test_a_last_layer_has_one_number() -> None:
    display = read(r"w_{kj}^3 (a_k^L - y_k) + w_{qp}^4 (a_q^L - y_q)")
    with pytest.raises(Exception, match="two layers"):
        with_layers(display, {})


def test_a_square_is_no_layer_where_layers_are_in_brackets() -> None:
    right = (
        r"\frac{\partial^2 E_n}{\partial w_{ji}^2} = \frac{\partial^2 E_n}{\partial a_j^2} z_i^2"
    )
    assert verify(right, "bishop").verdict == "proved"
    assert verify(right.replace("z_i^2", "z_i^{(2)}"), "bishop").verdict == "refuted"


def test_a_set_of_units_is_one_that_a_unit_feeds() -> None:
    latex = r"\frac{\partial E}{\partial o_j} = \sum_{\ell\in L} w_{j\ell}\delta_\ell"
    for words, wanted in (
        ("set of units fed by j", "proved"),
        ("all neurons receiving input from neuron j", "proved"),
        ("set of units that feed j", "unknown"),
    ):
        assert verify(latex, "wikipedia", {"declared": {"L": words}}).verdict == wanted


@pytest.mark.parametrize("book", ["bishop", "haykin", "rhw1986", "wikipedia"])
def test_weights_with_exchanged_subscripts_are_ill_formed_and_mended(book: str) -> None:
    latex = {
        "bishop": r"a_j = \sum_i w_{ij} z_i",
        "haykin": r"v_j(n) = \sum_i w_{ij}(n) y_i(n)",
        "rhw1986": r"x_j = \sum_i w_{ij} y_i",
        "wikipedia": r"\mathrm{net}_j = \sum_k w_{jk} o_k",
    }[book]
    found = verify(latex, book, {"bias": "absorbed"})
    assert (found.verdict, found.error_kind) == ("ill-formed", "index-swap")
    assert found.suggestion is not None
    assert verify(found.suggestion, book, {"bias": "absorbed"}).verdict == "proved"


def test_other_letters_for_the_same_units_are_no_exchange() -> None:
    assert (
        verify(r"\frac{\partial E_n}{\partial w_{pq}} = \delta_p z_q", "bishop").verdict == "proved"
    )
    assert (
        verify(r"\frac{\partial E_n}{\partial w_{ij}} = \delta_i z_j", "bishop").verdict == "proved"
    )


def test_both_kinds_of_unit_are_judged() -> None:
    latex = (
        r"\delta_j = \begin{cases} (o_j-t_j)\,o_j(1-o_j)"
        r" & \text{if } j \text{ is an output neuron} \\"
        r" o_j(1-o_j)\sum_\ell w_{j\ell}\delta_\ell & \text{if } j \text{ is an inner neuron}"
        r" \end{cases}"
    )
    context = {"activation": "sigmoid", "cost": "quadratic"}
    assert verify(latex, "wikipedia", context).verdict == "proved"
    for old, new in (("(o_j-t_j)", "(t_j-o_j)"), (r"(1-o_j)\sum", r"(1+o_j)\sum")):
        assert verify(latex.replace(old, new), "wikipedia", context).verdict == "refuted"


# --- phrases, momentum, layers of one's own ------------------------------------------------


def test_phrases_are_data() -> None:
    book = from_toml("[symbols]\n'v_j^l' = 'z_j^l'\n[phrases]\n'f_j(x)' = 'a_j^L'\n", "mine")
    assert [x.variables for x in book.translation.phrases] == [frozenset({"j"})]
    with pytest.raises(Exception, match="phrase"):
        from_toml("[symbols]\n'v^l' = 'z^l'\n[phrases]\n'f' = 'a^L'\n", "mine")


MOMENTUM = {"rule": "gradient descent with momentum", "declared": {r"\alpha": "momentum constant"}}


@pytest.mark.parametrize(
    ("latex", "wanted"),
    [
        (r"\Delta w_{ji}(n) = \alpha\Delta w_{ji}(n-1) + \eta\delta_j(n)y_i(n)", "proved"),
        (r"\Delta w_{ji}(n) = \eta y_i(n)\delta_j(n) + \alpha\Delta w_{ji}(n-1)", "proved"),
        (r"\Delta w_{ji}(n) = \alpha\Delta w_{ji}(n-1) - \eta\delta_j(n)y_i(n)", "refuted"),
        (r"\Delta w_{ji}(n) = -\alpha\Delta w_{ji}(n-1) + \eta\delta_j(n)y_i(n)", "refuted"),
        (r"\Delta w_{ji}(n) = \alpha\Delta w_{ji}(n) + \eta\delta_j(n)y_i(n)", "refuted"),
        (r"w_{ji}(n+1) = w_{ji}(n) + \alpha(w_{ji}(n) - w_{ji}(n-1)) + \eta\delta_j(n)y_i(n)",
         "proved"),
    ],
)  # fmt: skip
def test_momentum_in_haykins_letters(latex: str, wanted: str) -> None:
    assert verify(latex, "haykin", MOMENTUM).verdict == wanted


def test_what_changes_a_weight_is_added_to_it() -> None:
    # v = μv + η∇C with w - v is momentum, too; but a change Δw is what is added.
    said = {"declared": {"method": "gradient descent with momentum"}}
    assert verify(r"\Delta w_t = \mu\Delta w_{t-1} - \eta g_t", "nielsen", said).verdict == "proved"
    found = verify(r"\Delta w_t = \mu\Delta w_{t-1} + \eta g_t", "nielsen", said)
    assert found.verdict != "proved"


def test_sums_over_steps_and_two_weights_are_left_alone() -> None:
    book = convention("haykin")
    assert as_steps(read(r"\Delta w_{ji}(n) = \sum_{t=0}^n \alpha^{n-t}"), book) is None
    assert as_steps(read(r"\Delta w_{ji}(n) = \alpha\Delta w_{kj}(n-1)"), book) is None
    assert as_steps(read(r"\Delta w_{ji}(n) = \eta\delta_i(n)y_j(n)"), book) is None


MASK = {"declared": {"r^l": "0/1 mask", "a^l": r"r^l\odot\sigma(z^l) for hidden l"}}
SKIP = {"declared": {"a^l": r"a^{l-1}+\sigma(z^l)"}, "widths": "equal"}
SCALED = {"declared": {"a^l": r"\alpha\,\sigma(z^l)", r"\alpha": "scalar"}}


@pytest.mark.parametrize(
    ("context", "latex", "wanted"),
    [
        (MASK, r"\delta^l = r^l\odot((w^{l+1})^T\delta^{l+1})\odot\sigma'(z^l)", "proved"),
        (MASK, r"\delta^l = r^l\odot r^l\odot((w^{l+1})^T\delta^{l+1})\odot\sigma'(z^l)", "proved"),
        (MASK, r"\delta^l = ((w^{l+1})^T\delta^{l+1})\odot\sigma'(z^l)", "refuted"),
        (MASK, r"\delta^l = r^l\odot(w^{l+1}\delta^{l+1})\odot\sigma'(z^l)", "ill-formed"),
        (MASK, r"\frac{\partial C}{\partial w^l} = \delta^l(a^{l-1})^T", "proved"),
        (MASK, r"\frac{\partial C}{\partial w^l} = \delta^l\sigma(z^{l-1})^T", "refuted"),
        (SKIP, r"\frac{\partial C}{\partial a^{l-1}} = \frac{\partial C}{\partial a^l}"
               r" + (w^l)^T\delta^l", "proved"),
        (SKIP, r"\frac{\partial C}{\partial a^{l-1}} = (w^l)^T\delta^l", "refuted"),
        (SCALED, r"\delta^l = \alpha\,((w^{l+1})^T\delta^{l+1})\odot\sigma'(z^l)", "proved"),
        (SCALED, r"\delta^l = ((w^{l+1})^T\delta^{l+1})\odot\sigma'(z^l)", "refuted"),
    ],
)  # fmt: skip
def test_layers_of_a_pages_own(context: dict[str, Any], latex: str, wanted: str) -> None:
    found = verify(latex, "nielsen", context)
    assert found.verdict == wanted, str(found)


@pytest.mark.parametrize(
    "declared",
    [
        {},
        {"a^l": r"\sigma(z^l)"},
        {"a^l": r"r^l\odot\sigma(z^l)", "q^l": r"\sigma(a^l)"},
        {"a^l": r"r^l\odot\sigma(z^l)", "r^l": "0/1 mask", "s^l": "0/1 mask"},
    ],
)
def test_pages_without_layers_of_their_own_or_with_more_than_is_understood(
    declared: dict[str, str],
) -> None:
    assert own_layers({"declared": declared}) is None

"""What notes type otherwise than books is read as books have it, and every place stays right."""

import pytest

from symnet.notes.about import is_claim
from symnet.notes.document import Formula
from symnet.notes.files import document_of
from symnet.notes.source import Source
from symnet.notes.spelling import respelled
from symnet.notes.statements import statements

SPELLED = (
    # products
    (r"u_i . \frac{\partial v}{\partial x}", r"u_i \cdot \frac{\partial v}{\partial x}"),
    (r"h' . \tau_k", r"h' \cdot \tau_k"),
    (r"s = 1 . v = 2", r"s = 1 . v = 2"),
    (r"v_1 . where q", r"v_1 . \text{ where } q"),
    (r"p \cdot * q", r"p \odot  q"),
    (r"p . * q", r"p\odot  q"),
    # sums
    (r"\Sigma_{q=1}^{4} v_q", r"\sum_{q=1}^{4} v_q"),
    (r"\Sigma_q v_q", r"\sum_q v_q"),
    (r"u^T \Sigma^{-1} u", r"u^T \Sigma^{-1} u"),
    # letters and numbers
    (r"s2 = v4 p3 + c2", r"s_{2} = v_{4} p_{3} + c_{2}"),
    (r"s2 = v4p3", r"s_{2} = v_{4}p_{3}"),
    (r"dU3 = 2u", r"dU_{3} = 2u"),
    (r"\hat{s4}", r"\hat{s}_{4}"),
    (r"v_{h2} = 3x5", r"v_{h2} = 3x5"),
    (r"\text{L2} + \mathrm{fc1} \tag{B7}", r"\text{L2} + \mathrm{fc1} \tag{B7}"),
    # activations
    (r"\phi_{l+1}(s^{l+1})", r"\phi(s^{l+1})"),
    (r"\phi_l^{\prime}(s^l)", r"\phi^{\prime}(s^l)"),
    (r"\phi'^l(s_l)", r"\phi'(s_l)"),
    (r"\phi_l(s^{l+1})", r"\phi_l(s^{l+1})"),
    (r"h\prime(s)", r"h'(s)"),
    # layers and transposes
    (r"u^{(l-1)^T}", r"u^{(l-1)T}"),
    (r"u^{l-1^T}", r"u^{(l-1)T}"),
    (r"u^{T^l}", r"u^{(l)T}"),
    (r"a_j^L - y_j^L", r"a_j^L - y_j"),
    # steps and blanks
    (r"V - \eta , \delta", r"V - \eta \delta"),
    (r"E_{total}", "E"),
    (r"b_{\text{new}} = b - \eta \frac{\partial C}{\partial b}", None),
    (r"\frac{b_{new}}{2}", r"\frac{b_{new}}{2}"),
    (r"s \dot{=} v", r"s := v"),
    (r"v = ?", "v"),
    (r"v = 2 如果 v", r"v = 2 \text{ 如果 } v"),
)


@pytest.mark.parametrize(("typed", "read"), SPELLED)
def test_spelled_as_books_do(typed: str, read: str | None) -> None:
    text, places = respelled(typed)
    wanted = read or r"b \leftarrow  b - \eta \frac{\partial C}{\partial b}"
    assert text == wanted
    assert len(places) == len(text) + 1
    assert list(places) == sorted(places)
    assert places[-1] == len(typed)


@pytest.mark.parametrize(
    ("document", "typed", "read"),
    [
        (r"Z[l] = 1", r"V[l+1]^T dZ[2]", r"(V^{[l+1]})^T dZ^{[2]}"),
        (r"\beta", r"v[2]", r"v[2]"),
        (r"y_{pred} - y_{true}", r"y_{\text{pred}} - y_{true}", r"\hat{y} - y"),
        (r"y = h(s), y_{pred} - y_{true}", r"y_{pred} - y_{true}", r"y_{pred} - y_{true}"),
    ],
)
def test_habits_are_those_of_the_document(document: str, typed: str, read: str) -> None:
    assert respelled(typed, document)[0] == read


def said(text: str, display: bool = True) -> list[str]:
    source = Source("note", text, text)
    start, end = (text.index("$") + 1, text.rindex("$")) if "$" in text else (0, len(text))
    return [x.text for x in statements(Formula(source, start, end, display)) if x.node is not None]


def test_a_bracket_may_be_opened_in_the_words_before() -> None:
    assert said("of a layer ($l = 2 \\dots L - 1)$ that", display=False) == ["l = 2 \\dots L - 1"]
    assert said("of a layer $l = 2)$ that", display=False) == []


def test_what_only_renames_an_index_is_not_judged_with_the_rest() -> None:
    text = r"s^{l+1} = v^{l+1} a^l, \quad l \rightarrow l + 1"
    assert said(text) == [r"s^{l+1} = v^{l+1} a^l"]


def test_a_layer_without_activation_is_no_claim() -> None:
    text = r"a^L = z^L"
    (statement,) = statements(Formula(Source("", text, text), 0, len(text)))
    assert not is_claim(statement)


# ---------------------------------------------------------------- where formulas are seen


def seen(text: str) -> list[str]:
    return [each.text.strip() for each in document_of(text, "note.md", "markdown").formulas]


def test_a_display_that_is_indented_is_no_code() -> None:
    assert seen("!!! note\n\n    $$\n    s = v p\n    $$\n") == ["s = v p"]
    assert seen("!!! note\n\n    Here $s = v p$.\n") == ["s = v p"]
    assert seen("Here:\n\n    cost = $5 and $6\n") == []


def test_code_that_begins_in_a_block_of_html_ends_at_its_fence() -> None:
    drawn = "<center>\n``` mermaid\ngraph\n\n  a\n```\n</center>\n\n"
    assert seen(f"{drawn}$$s = v p$$\n\n{drawn}$$t = s$$\n") == ["s = v p", "t = s"]


TYPED = """The slopes are

∂E/∂V_qr = (s - t) * p.T   <-- outer product
- **∂E/∂c** = ∂E/∂s * ∂s/∂c,
s_q = tanh(V_qr @ p + c)

but ∂E/∂s = words here
"""


def test_equations_typed_without_delimiters_are_seen_where_they_stand() -> None:
    document = document_of(TYPED, "note.md", "markdown")
    found = list(document.formulas)
    assert [x.text for x in found] == [
        r"\frac{\partial E}{\partial V_{qr}} = (s - t) * p.T",
        r"\frac{\partial E}{\partial c} = \frac{\partial E}{\partial s}"
        r" * \frac{\partial s}{\partial c}",
        r"s_q = \tanh(V_{qr} p + c)",
    ]
    for formula, line in zip(found, (3, 4, 5), strict=True):
        assert formula.source.line_and_column(formula.start)[0] == line
    at = found[0].start + found[0].text.index("(s")
    assert found[0].source.line_and_column(at) == (3, TYPED.split("\n")[2].index("(s") + 1)


@pytest.mark.parametrize("kind", ["plain", "markdown"])
def test_typed_equations_in_code_and_in_formulas(kind: str) -> None:
    typed = "∂E/∂c = s - t\n∂E/∂v = (s - t)*p\n"
    bare = [x.text for x in document_of(typed, "n", kind).formulas]
    assert len(bare) == 2
    within = [x.text.strip() for x in document_of(f"$$\n{typed}$$\n", "n", kind).formulas]
    assert within == [typed.strip()]
    code = f"```python\n{typed}```\n"
    assert not list(document_of(code, "n", kind).formulas)
    if kind == "markdown":
        assert [x.text for x in document_of(f"```\n{typed}```\n", "n", kind).formulas] == bare
        assert [x.text for x in document_of(f"```\n{typed}", "n", kind).formulas] == bare
        assert [x.text for x in document_of(f"x\n\n\t{typed}", "n", kind).formulas][:1] == bare[:1]

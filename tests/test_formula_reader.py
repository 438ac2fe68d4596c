"""Laws of the reader of printed formulas: trees, places, and refusals in words."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symnet.errors import DanglingError, LatexError, UnbalancedError
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.formula.syntax import spell

# What is printed, and its tree as `spell` writes it: braces around each product and each sum.
CONSTRUCTS = [
    (r"w_{jk}^l", r"w_{{j k}}^{l}"),
    (r"w^l_{jk}", r"w_{{j k}}^{l}"),
    (r"w_{11}", r"w_{11}"),
    (r"w_{j,k}", r"w_{j, k}"),
    (r"W_2", r"W_{2}"),
    (r"a^{(l-1)}", r"a^{({l - 1})}"),
    (r"a^{[l](i)}", r"a^{{[l] (i)}}"),
    (r"W^{[l]T}", r"W^{{[l] T}}"),
    (r"W^{(l+1)\top}", r"W^{{({l + 1}) \top}}"),
    (r"W^{(l+1)^\top}", r"W^{({l + 1})^{\top}}"),
    (r"{W^l}^T", r"{W^{l}}^{T}"),
    (r"W^{l}{}^T", r"{W^{l}}^{T}"),
    (r"{W}^T", r"W^{T}"),
    (r"W^\mathsf T", r"W^{mathsf:T}"),
    (r"W^{\mathsf T}", r"W^{mathsf:T}"),
    (r"W^{\mathrm{T}}", r"W^{mathrm:T}"),
    (r"W^\text{T}", r"W^{mathrm:T}"),
    (r"W^{\intercal}", r"W^{\intercal}"),
    (r"W_l{}^T", r"{W_{l}}^{T}"),
    (r"\sigma'(z)", r"{\sigma' (z)}"),
    (r"\sigma''", r"\sigma''"),
    (r"\sigma^{\prime}(z)", r"{\sigma' (z)}"),
    (r"\sigma^{\prime\prime}", r"\sigma''"),
    (r"\sigma^\prime", r"\sigma'"),
    (r"g^{[l]\prime}", r"g'^{[l]}"),
    (r"g^{[l]'}", r"g'^{[l]}"),
    (r"{g^{[l]}}'", r"{g^{[l]}}'"),
    (r"g^{[l]}'(z)", r"{g'^{[l]} (z)}"),
    (r"(f^l)'", r"(f^{l})'"),
    (r"f'^2", r"f'^{2}"),
    (r"w_{j'}", r"w_{j'}"),
    (r"w_{j'k}", r"w_{{j' k}}"),
    (r"x^2_3", r"x_{3}^{2}"),
    (r"x^12", r"{x^{1} 2}"),
    (r"x^{}", r"x"),
    (r"\sigma\prime(z)", r"{\sigma' (z)}"),
    (r"\left(x\right)^2", r"(x)^{2}"),
    (r"\big( x \big) \Bigl[ y \Bigr]", r"{(x) [y]}"),
    (r"a\,b\;c\:d\!e~f", r"{a b c d e f}"),
    (r"a = b \quad l = 2", r"a = b <\quad> l = 2"),
    (r"a = b, \quad l = 2, 3, \dots, L", r"a = b <,> l = 2 <,> 3 <,> … <,> L"),
    (r"a = b \qquad \forall\, l", r"a = b <\forall> l"),
    (r"\forall l: a = b", r"{} <\forall> l <:> a = b"),
    (r"\begin{aligned} a &= b \\ &= c \\ &= d \end{aligned}", r"a = b = c = d"),
    (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", r"a = b <\\> c = d"),
    (r"\begin{aligned} a &= b && \text{by rule} \\ &= c \end{aligned}", r'a = b = c <&> "by rule"'),
    (r"\begin{align*} a &= b + c \\ &\quad + d \\ &= e \end{align*}", r"a = {b + c + d} = e"),
    (r"\begin{align} z &= W a \\ &- b \end{align}", r"z = {{W a} - b}"),
    (r"\begin{eqnarray} a &=& b \\ &=& c \\ d &=& e \end{eqnarray}", r"a = b = c <\\> d = e"),
    (r"\begin{split} a = {} & b \\ & + c \end{split}", r"a = {b + c}"),
    (r"\begin{gather} a = b \\ c = d \end{gather}", r"a = b <\\> c = d"),
    (r"\begin{equation} a = b \tag{1} \label{eq:1} \end{equation}", r"a = b"),
    (r"\begin{array}{rcl} a &=& b \\ &=& c \end{array}", r"a = b = c"),
    (r"\begin{bmatrix} a & b \\ c & \vdots \end{bmatrix}", r"array[](a & b; c & …)"),
    (r"\left[\begin{array}{cc} a & b \\ c & d\end{array}\right]", r"array[](a & b; c & d)"),
    (r"\left(\begin{matrix} a \\ b \end{matrix}\right)", r"array()(a; b)"),
    (r"\begin{pmatrix} a & \\ & b \end{pmatrix}", r"array()(a & {}; {} & b)"),
    (r"\begin{vmatrix} a \end{vmatrix}", r"array||(a)"),
    (
        r"f(z) = \begin{cases} 0 & z < 0 \\ 1 & \text{otherwise} \end{cases}",
        r'{f (z)} = cases(0 & z < 0; 1 & "otherwise")',
    ),
    (
        r"f(z) = \begin{cases} 0, & \text{if } z < 0 \\ 1, & \text{if } z \ge 0. \end{cases}",
        r'{f (z)} = cases(0 & "if" <text> z < 0; 1 & "if" <text> z \ge 0)',
    ),
    (
        r"f = \left\{ \begin{array}{ll} 0 & z<0 \\ 1 & z>0 \end{array} \right.",
        r"f = cases(0 & z < 0; 1 & z > 0)",
    ),
    (r"\left\{ \begin{array}{l} z = Wa \\ a = b \end{array} \right.", r"z = {W a} <\\> a = b"),
    (r"\begin{cases} z = W a \\ a = \sigma(z) \end{cases}", r"z = {W a} <\\> a = {\sigma (z)}"),
    (r"\left\{ \begin{aligned} z &= W a \\ a &= b \end{aligned} \right.", r"z = {W a} <\\> a = b"),
    (r"\sum_{k=1}^{n_l} w_k a_k + b", r"{{sum_{k = 1}^{n_{l}} w_{k} a_{k}} + b}"),
    (r"\sum\limits_k w", r"{sum_{k} w}"),
    (r"\sum_k\sum_m w", r"{sum_{k} sum_{m} w}"),
    (r"\prod_{m=l+1}^{L} W^m", r"{prod_{m = {l + 1}}^{L} W^{m}}"),
    (r"\sum_{\substack{j \\ k}} w", r"{sum_{j, k} w}"),
    (r"\sum_{j,k} w", r"{sum_{j, k} w}"),
    (r"\sum_{k \in \text{downstream}(j)} w", r"{sum_{k \in {downstream (j)}} w}"),
    (r"\max_k a_k", r"{max_{k} a_{k}}"),
    (r"\max(0, z)", r"{max (0, z)}"),
    (r"\underbrace{x}_{y} z", r"{annotated(x; y) z}"),
    (r"\underbrace{x + y} z", r"{x + {y z}}"),
    (r"\underset{n\times m}{W}", r"annotated(W; {n \times m})"),
    (r"\overset{n}{\underset{k=1}{\sum}} w", r"{sum_{k = 1}^{n} w}"),
    (r"a \overset{!}{=} b", r"a = b"),
    (r"a \stackrel{\text{def}}{=} b", r"a = b"),
    (r"a \xrightarrow{f} b", r"a \to b"),
    (r"\boxed{a = b}", r"a = b"),
    (r"\framebox{$a = b$}", r"a = b"),
    (r"\textcolor{red}{a} + b", r"{a + b}"),
    (r"{\color{red} a} + b", r"{a + b}"),
    (r"\mathbf{W}", r"mathbf:W"),
    (r"\mathbf W x", r"{mathbf:W x}"),
    (r"\mathbf{\bar w}", r"mathbf:bar:w"),
    (r"\boldsymbol{W^L}", r"boldsymbol:W^{L}"),
    (r"\mathbf{W x}", r"{mathbf:W mathbf:x}"),
    (r"\hat{y}_j", r"hat:y_{j}"),
    (r"\hat{y_j}", r"hat:y_{j}"),
    (r"\hat y_j", r"hat:y_{j}"),
    (r"\mathcal L", r"mathcal:L"),
    (r"\mathbb R", r"mathbb:R"),
    (r"\mathbb{1}[y=k]", r"{mathbb:1 [y = k]}"),
    (r"\mathbf{1}^T", r"mathbf:1^{T}"),
    (r"\mathrm{diag}(x)", r"{diag (x)}"),
    (r"\operatorname{diag}(x)", r"{diag (x)}"),
    (r"\operatorname{diag}x", r"{diag x}"),
    (r"\text{diag}(x)", r"{diag (x)}"),
    (r"\mathrm{tr}", r"tr"),
    (r"\mathrm d W", r"{mathrm:d W}"),
    (r"\mathrm{d}W", r"{mathrm:d W}"),
    (r"{\bf W} x", r"{mathbf:W x}"),
    (r"{\cal C}", r"mathcal:C"),
    (r"\dot\sigma(z)", r"{dot:\sigma (z)}"),
    (r"{\partial C \over \partial w} = 1", r"frac({\partial C}; {\partial w}) = 1"),
    (r"\frac{\partial C}{\partial w}", r"frac({\partial C}; {\partial w})"),
    (r"\dfrac12", r"frac(1; 2)"),
    # An environment is looked through twice; the argument is cut only once.
    (r"\begin{array}{rcl} s & = & \frac12 |v|^2 \end{array}", r"s = {frac(1; 2) |v|^{2}}"),
    (r"\pmatrix{s & v \cr p & q}", r"array()(s & v; p & q)"),
    (r"\pmatrix{\frac{s}{v}}_{j}", r"(frac(s; v))_{j}"),
    (r"\pdv{s}{v_q}", r"frac({\partial s}; {\partial v_{q}})"),
    (r"\dv{v} s", r"{frac(d; {d v}) s}"),
    (r"\norm{v - s}^2", r"‖{v - s}‖^{2}"),
    (r"\abs{s} \set{v, s}", r"{|s| \{v, s\}}"),
    (r"\mathds{1}_q", r"mathbb:1_{q}"),
    (r"\cancel{s} \class{x}{v}", r"{s v}"),
    (r"\eqalign{s &= v \cr p &= q}", r"s = v <\\> p = q"),
    (r"\cases{s & v > 0 \cr 0 & v < 0}", r"cases(s & v > 0; 0 & v < 0)"),
    (r"\frac ab", r"frac(a; b)"),
    (r"\frac{1}{2m}", r"frac(1; {2 m})"),
    (r"\part C", r"{\partial C}"),
    (r"\partial C/\partial w", r"{\partial C / \partial w}"),
    (
        r"∂C/∂w^l_{jk} = δ^l ⊙ σ′(z)",
        r"{\partial C / \partial w_{{j k}}^{l}} = {\delta^{l} \odot \sigma' (z)}",
    ),
    (r"(W²)ᵀ δ₁", r"{(W^{2})^{T} \delta_{1}}"),
    (r"Σ_k w_k", r"{sum_{k} w_{k}}"),
    (r"Σ'(z)", r"{\Sigma' (z)}"),
    (r"∑_k w_k", r"{sum_{k} w_{k}}"),
    (r"\ln a", r"{ln a}"),
    (r"\tanh^2(z)", r"{tanh^{2} (z)}"),
    (r"1, 2, ..., n", r"1 <,> 2 <,> … <,> n"),
    (r"a \Rightarrow b", r"a <\Rightarrow> b"),
    (r"a \implies b \iff c", r"a <\Rightarrow> b <\iff> c"),
    (r"\therefore a = b", r"a = b"),
    (r"a := b", r"a := b"),
    (r"a \coloneqq b", r"a := b"),
    (r"a \triangleq b", r"a \triangleq b"),
    (r"a \equiv b", r"a \equiv b"),
    (r"a \leftarrow b", r"a \leftarrow b"),
    (r"a \gets b", r"a \leftarrow b"),
    (r"a \to b", r"a \to b"),
    (r"a \mapsto b", r"a \mapsto b"),
    (r"a \approx b", r"a \approx b"),
    (r"1 \le l \leqslant L", r"1 \le l \le L"),
    (r"|x|", r"|x|"),
    (r"\lvert x \rvert", r"|x|"),
    (r"\|x\|^2", r"‖x‖^{2}"),
    (r"\left\|x\right\|_2", r"‖x‖_{2}"),
    (r"\lVert x \rVert", r"‖x‖"),
    (r"\Vert x \Vert", r"‖x‖"),
    (r"|x| + |y|", r"{|x| + |y|}"),
    (r"||x||", r"||x||"),
    (r"P(y|x)", r"{P (y, x)}"),
    (r"\left. f \right|_{z=a}", r"evaluated(f; z = a)"),
    (r"\frac{a}{b}\Big|_{z=a}", r"evaluated(frac(a; b); z = a)"),
    (r"f\bigr|_{a}", r"evaluated(f; a)"),
    (r"\sqrt{x}", r"root(x)"),
    (r"\sqrt[3]{x}", r"root(x; 3)"),
    (r"n^{l}", r"n^{l}"),
    (r"W_{:,k}", r"W_{:, k}"),
    (r"W_{j,:}", r"W_{j, :}"),
    (r"w_{j\cdot}", r"w_{{j \cdot}}"),
    (r"W[:, k]", r"{W [:, k]}"),
    (r"np.dot(A, B)", r"{np.dot (A, B)}"),
    (r"np.sum(dZ, axis=1, keepdims=True)", r"{np.sum ({d Z}, axis = 1, keepdims = True)}"),
    (r"np.dot(W.T, dZ)", r"{np.dot (W^{T}, {d Z})}"),
    (r"0.5 x", r"{0.5 x}"),
    (r".5", r".5"),
    (r"1{,}000", r"1000"),
    (r"x + -y", r"{x + {- y}}"),
    (r"x \cdot -y", r"{x \cdot {- y}}"),
    (r"-x + y", r"{- x + y}"),
    (r"a \pm b", r"{a \pm b}"),
    (r"[0, 1)", r"[0, 1)"),
    (r"x^{-1}", r"x^{{- 1}}"),
    (r"x^+", r"x^{+}"),
    (r"x^*", r"x^{*}"),
    (r"\sigma(\cdot)", r"{\sigma (\cdot)}"),
    (r"f()", r"{f ({})}"),
    (r"\text{cost} = x", r'"cost" = x'),
    (r"a = b \text{ where } c = d", r'a = b <text> "where" <text> c = d'),
    (
        r"a \leftarrow \text{the } j^{\text{th}} \text{ one}",
        r'a \leftarrow "the j^{\text{th}} one"',
    ),
    (r"\frac{a}{b} \quad \text{and} \quad c", r'frac(a; b) <\quad> "and" <text> c'),
    (r"a = b. \tag{1}", r"a = b"),
    (r"a = b,", r"a = b"),
    (r"a = b; c = d", r"a = b <;> c = d"),
    (r"\begin{aligned} a &= b, \\ &= c \end{aligned}", r"a = b = c"),
    (r"\nabla_{W^l} C", r"{\nabla_{W^{l}} C}"),
    (r"x \in \mathbb R^{m \times n}", r"x \in mathbb:R^{{m \times n}}"),
    (r"\not= x", r"{} \ne x"),
    (r"a \not= b", r"a \ne b"),
    (r"a = \phantom{x} b", r"a = b"),
    (r"a \;\;\; b", r"a <\quad> b"),
    (r"\text{ReLU}'(z)", r"{ReLU' (z)}"),
    (r"\left\{ a \right\}", r"\{a\}"),
    (r"\{1, \dots, L\}", r"\{1, …, L\}"),
    (r"W^(l)", r"W^{(l)}"),
    (r"\newcommand{\d}[1]{\delta^{#1}} \d{l} = \d{L}", r"\delta^{l} = \delta^{L}"),
    (
        r"\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}} \pd{C}{w}",
        r"frac({\partial C}; {\partial w})",
    ),
    (r"\def\d#1{\delta^{#1}} \d l", r"\delta^{l}"),
    (r"\DeclareMathOperator{\diag}{diag} \diag(x)", r"{diag (x)}"),
    (r"\newcommand{\R}{\mathbb{R}} x \in \R^n", r"x \in mathbb:R^{n}"),
    (r"\newcommand{\x}[2][l]{a^{#1}_{#2}} \x{j} \x[L]{j}", r"{a_{j}^{l} a_{j}^{L}}"),
    (r"^p E", r"{{}^{p} E}"),
    (r"- \nabla \cdot \ ^p E", r"{- {\nabla \cdot {}^{p} E}}"),
    (r"C_x", r"C_{x}"),
    (r"\delta^{x,l}", r"\delta^{x, l}"),
    (r"a % a comment", r"a"),
    (r"\left(\begin{bmatrix} a \end{bmatrix}\right)", r"(array[](a))"),
    (r"\begin{aligned}[t] a &= b \end{aligned}", r"a = b"),
    (
        r"\begin{bmatrix} | & | \\ a_1 & a_2 \\ | & | \end{bmatrix}",
        r"array[](… & …; a_{1} & a_{2}; … & …)",
    ),
    (r"\bar{\nabla}_a C", r"{bar:\nabla_{a} C}"),
    (r"\underline{z}^{(2)}", r"underline:z^{(2)}"),
    (r"\int x dx", r"{int x d x}"),
    (r"\lim_{n \to \infty} a", r"{lim_{n \to \infty} a}"),
    (r"a &= b & c &= d", r"a = b <&> c = d"),
    (r"\operatorname*{argmin}_x f", r"{argmin_{x} f}"),
    (r"\arg\max_x f", r"{arg max_{x} f}"),
    (r"\left( a \right. \\ \left. + b \right)", r"({a + b})"),
    (r"\delta_{jk}", r"\delta_{{j k}}"),
    (r"a \mid b", r"a <\mid> b"),
    (r"x = \big\{ a \big\}", r"x = \{a\}"),
    (r"\Delta w", r"{\Delta w}"),
    (r"a^{\dagger}", r"a^{\dagger}"),
    (r"\text{softmax}(z)_j", r"{softmax (z)_{j}}"),
    (r"e^{-z^2/2}", r"e^{{- {z^{2} / 2}}}"),
    (r"a_{\text{out}}", r'a_{"out"}'),
    (r"\mathrm{out}_j", r"out_{j}"),
    (r"\sum_x x_j", r"{sum_{x} x_{j}}"),
    (r"\sum_k (a_k)", r"{sum_{k} (a_{k})}"),
    (r"a + \dots + b", r"{a + … + b}"),
    (r"W \; ⋅ \; x", r"{W \cdot x}"),
    (r"x_{t-1}", r"x_{{t - 1}}"),
    (r"E[x^2]", r"{E [x^{2}]}"),
    (r"\langle a, b \rangle", r"⟨a, b⟩"),
    (r"\left\lVert x \right\rVert", r"‖x‖"),
    (r"\left( y \middle| x \right)", r"(y, x)"),
    (r"\begin{equation}\begin{aligned} a &= b \\ &= c \end{aligned}\end{equation}", r"a = b = c"),
    (
        r"\delta = \left\{\begin{matrix} a & l = L \\ b & l < L \end{matrix}\right.",
        r"\delta = cases(a & l = L; b & l < L)",
    ),
    (r"f: \mathbb{R}^n \to \mathbb{R}", r"f <:> mathbb:R^{n} \to mathbb:R"),
    (r"δˡ⁺¹ = a⁽ˡ⁻¹⁾", r"\delta^{{l + 1}} = a^{({l - 1})}"),
    (r"\nabla_{\!a} C", r"{\nabla_{a} C}"),
    (r"\frac{\partial}{\partial z} C", r"{frac(\partial; {\partial z}) C}"),
    (
        r"\frac{\partial^2 C}{\partial w_j \partial w_k}",
        r"frac({\partial^{2} C}; {\partial w_{j} \partial w_{k}})",
    ),
    (r"\frac{d\sigma}{dz}", r"frac({d \sigma}; {d z})"),
    (
        r"\left.\frac{d\sigma}{dz}\right|_{z=z^l_j}",
        r"evaluated(frac({d \sigma}; {d z}); z = z_{j}^{l})",
    ),
    (r"\sum_{i}^{n}\sum_{j \ne i} w_{ij}", r"{sum_{i}^{n} sum_{j \ne i} w_{{i j}}}"),
    (
        r"\underset{n \times 1}{\underbrace{z^l}} = \underset{n \times m}{\underbrace{W}}\; a",
        r"annotated(z^{l}; {n \times 1}) = {annotated(W; {n \times m}) a}",
    ),
    (
        r"\begin{align} \delta &= a \tag{1}\\ \epsilon &= b \nonumber \end{align}",
        r"\delta = a <\\> \epsilon = b",
    ),
    (r"\mathbf{x}^{(i)}, \; i = 1, \ldots, m", r"mathbf:x^{(i)} <,> i = 1 <,> … <,> m"),
    (r"\hat{\mathbf{y}} - \mathbf{y}", r"{hat:mathbf:y - mathbf:y}"),
    (r"\mathbf{1}_{m}", r"mathbf:1_{m}"),
    (r"\vec{\delta}^{\,l} = \vec a", r"vec:\delta^{l} = vec:a"),
    (r"\operatorname{diag}\left\{\sigma'(z)\right\}", r"{diag \{{\sigma' (z)}\}}"),
    (
        r"\mathrm{ReLU}'(z) = \begin{cases}1 & z > 0\\0 & z \leq 0\end{cases}",
        r"{ReLU' (z)} = cases(1 & z > 0; 0 & z \le 0)",
    ),
    (r"z = W\times a + b", r"z = {{W \times a} + b}"),
    (r"a^{\ell-1}", r"a^{{\ell - 1}}"),
    (r"{\left(W^{l+1}\right)}^{T}\delta", r"{(W^{{l + 1}})^{T} \delta}"),
    (
        r"\delta^{(l)} = {W^{(l+1)}}^{\top}\delta^{(l+1)}\circ\sigma'\left(z^{(l)}\right)",
        r"\delta^{(l)} = {{W^{({l + 1})}}^{\top} \delta^{({l + 1})} \circ \sigma' (z^{(l)})}",
    ),
    (
        r"\delta^{l}_{j} \; = \; \sum_{k} \; w^{l+1}_{kj}",
        r"\delta_{j}^{l} = {sum_{k} w_{{k j}}^{{l + 1}}}",
    ),
    (
        r"W^{l} := W^{l} - \alpha \, dW^{l} \text{ for } l = 1, \dots, L",
        r'W^{l} := {W^{l} - {\alpha d W^{l}}} <text> "for" <text> l = 1 <,> … <,> L',
    ),
    (
        r"\frac{\partial C}{\partial w^l} = \delta^l (a^{l-1})^T \; \; \text{(BP4)}",
        r'frac({\partial C}; {\partial w^{l}}) = {\delta^{l} (a^{{l - 1}})^{T}} <text> "(BP4)"',
    ),
    (
        r"a^l=\sigma(z^l)\text{ where }z^l=W^la^{l-1}+b^l",
        r'a^{l} = {\sigma (z^{l})} <text> "where" <text> z^{l} = {{W^{l} a^{{l - 1}}} + b^{l}}',
    ),
    (r"E = {\tfrac {1}{2}}(t-y)^{2}", r"E = {frac(1; 2) ({t - y})^{2}}"),
    (
        r"{\displaystyle \delta^{l-1}:=(f^{l-1})'\circ (W^{l})^{T}\cdot \delta^{l}}",
        r"\delta^{{l - 1}} := {(f^{{l - 1}})' \circ (W^{l})^{T} \cdot \delta^{l}}",
    ),
    (r"\text{net}_j = \sum_k w_{kj} o_k", r"net_{j} = {sum_{k} w_{{k j}} o_{k}}"),
    (r"\mathit{net}_j", r"net_{j}"),
    (r"\frac{\partial o_j}{\partial \text{net}_j}", r"frac({\partial o_{j}}; {\partial net_{j}})"),
    (r"\sigma^{-1}(y)", r"{\sigma^{{- 1}} (y)}"),
    (r"W_{[l]}", r"W_{[l]}"),
    (r"W^{[l]}_{(i,j)}", r"W_{(i, j)}^{[l]}"),
    (
        r"\delta^{L} = \nabla_{a}C \odot \sigma'(z^{L}) \hspace{2cm} (1)",
        r"\delta^{L} = {\nabla_{a} C \odot \sigma' (z^{L})} <\quad> (1)",
    ),
    (
        r"\frac {\partial C} {\partial w} \: = \: \delta",
        r"frac({\partial C}; {\partial w}) = \delta",
    ),
    (
        r"\begin{pmatrix}\sigma'(z_1) & & 0\\ & \ddots & \\ 0 & & \sigma'(z_n)\end{pmatrix}",
        r"array()({\sigma' (z_{1})} & {} & 0; {} & … & {}; 0 & {} & {\sigma' (z_{n})})",
    ),
    (
        r"\left[\begin{array}{c|c} A & B \\ \hline C & D \end{array}\right]",
        r"array[](A & B; C & D)",
    ),
    (
        r"\dfrac{\partial C}{\partial\mathbf{W}^{[l]}}",
        r"frac({\partial C}; {\partial mathbf:W^{[l]}})",
    ),
    (
        r"\Delta W = -\eta\frac{\partial C}{\partial W}\tag*{(1)}",
        r"{\Delta W} = {- {\eta frac({\partial C}; {\partial W})}}",
    ),
    (r"a \coloneqq b \quad\text{s.t.}\quad c \geq 0", r'a := b <\quad> "s.t." <text> c \ge 0'),
    (
        r"W\in\mathbb{R}^{n_l\times n_{l-1}}, b \in \mathbb{R}^{n_l}",
        r"W \in mathbb:R^{{n_{l} \times n_{{l - 1}}}} <,> b \in mathbb:R^{n_{l}}",
    ),
    (r"\mathop{\mathrm{diag}}(x)", r"{diag (x)}"),
    (r"\sum_{k\in\mathcal{N}(j)} w_k", r"{sum_{k \in {mathcal:N (j)}} w_{k}}"),
    (r"x ^ { l } _ { j }", r"x_{j}^{l}"),
    (
        r"\delta^l_j \equiv \frac{\partial C}{\partial z^l_j}.",
        r"\delta_{j}^{l} \equiv frac({\partial C}; {\partial z_{j}^{l}})",
    ),
    (r"\sigma(x)=\frac1{1+e^{-x}}", r"{\sigma (x)} = frac(1; {1 + e^{{- x}}})"),
    (r"\lambda\|w\|_2^2", r"{\lambda ‖w‖_{2}^{2}}"),
    (r"\mathbb{E}_{x\sim p}[f(x)]", r"{mathbb:E_{x \sim p} [{f (x)}]}"),
    (r"a_1, a_2, \cdots, a_n", r"a_{1} <,> a_{2} <,> … <,> a_{n}"),
    (r"a = b, \text{ and } c = d.", r'a = b <,> "and" <text> c = d'),
    (
        r"\begin{aligned}\delta^L &= a \\[6pt] \delta^l &= b\end{aligned}",
        r"\delta^{L} = a <\\> \delta^{l} = b",
    ),
    (r"z_j = \sum_{k}^{} w_{jk}", r"z_{j} = {sum_{k} w_{{j k}}}"),
    (r"\prod_{k=L}^{l+1} W_k^T", r"{prod_{k = L}^{{l + 1}} W_{k}^{T}}"),
    (
        r"W^{\mathrm{new}} = W^{\mathrm{old}} - \eta \nabla W",
        r"W^{new} = {W^{old} - {\eta \nabla W}}",
    ),
    (r"\frac{\mathrm{d} C}{\mathrm{d} w}", r"frac({mathrm:d C}; {mathrm:d w})"),
    (r"\frac{{\rm d}C}{{\rm d}w}", r"frac({mathrm:d C}; {mathrm:d w})"),
    (r"(1-\sigma(z))\sigma(z)", r"{({1 - {\sigma (z)}}) \sigma (z)}"),
    (r"x\mapsto\sigma(x)", r"x \mapsto {\sigma (x)}"),
    (r"\langle \nabla f, v\rangle", r"⟨{\nabla f}, v⟩"),
    (
        r"C=\frac{1}{2}\left\lVert y-a^{L}\right\rVert_{2}^{2}",
        r"C = {frac(1; 2) ‖{y - a^{L}}‖_{2}^{2}}",
    ),
    (r"|w|_1", r"|w|_{1}"),
    (r"\left|\frac{\partial C}{\partial w}\right|", r"|frac({\partial C}; {\partial w})|"),
    (r"A\otimes B", r"{A \otimes B}"),
    (
        r"\mathrm{vec}(AXB) = (B^T\otimes A)\mathrm{vec}(X)",
        r"{vec ({A X B})} = {({B^{T} \otimes A}) vec (X)}",
    ),
    (r"a^{l}_{j}\!\left(1-a^{l}_{j}\right)", r"{a_{j}^{l} ({1 - a_{j}^{l}})}"),
    (r"\delta_{\text{out}} = \delta_{\mathrm{out}}", r'\delta_{"out"} = \delta_{out}'),
    (r"W -= \eta dW", r"W -= {\eta d W}"),
    (
        r"x \leftarrow x - \eta \nabla f(x), \ \forall x",
        r"x \leftarrow {x - {\eta \nabla f (x)}} <\forall> x",
    ),
    (r"\partial_{z}C", r"{\partial_{z} C}"),
    (r"\begin{array}{l} a = b \\ c = d \end{array}", r"a = b <\\> c = d"),
    (r"\begin{array}{lll} \delta & = & a + b \\ & = & c \end{array}", r"\delta = {a + b} = c"),
    (r"\log_{2} x", r"{log_{2} x}"),
    (r"\log a_j, \exp(x), \max_{j}\{x_j\}", r"{log a_{j}} <,> {exp (x)} <,> {max_{j} \{x_{j}\}}"),
    (r"\sum_{j=1}^{n}{(a_j - y_j)^2}", r"{sum_{j = 1}^{n} ({a_{j} - y_{j}})^{2}}"),
    (r"a_{j_{1}}^{l_{2}}", r"a_{j_{1}}^{l_{2}}"),
    (r"{\frac{a}{b}}", r"frac(a; b)"),
    (r"\boxed{\delta = a} \quad \boxed{b = c}", r"\delta = a <\quad> b = c"),
    (r"\overset{\text{def}}{=} x", r"{} = x"),
    (r"f^{(2)}(x)", r"{f^{(2)} (x)}"),
    (r"\sigma_{\!l}", r"\sigma_{l}"),
    (r"\int_0^1 f \, dx", r"{int_{0}^{1} f d x}"),
    (r"\mathbf{W}^{[l]^T}", r"mathbf:W^{[l]^{T}}"),
    (r"\mathbf{W}^{[l]\,T}", r"mathbf:W^{{[l] T}}"),
    (r"\overline{w}_j", r"overline:w_{j}"),
    (r"\dot{x}, \ddot{x}", r"dot:x <,> ddot:x"),
    (
        r"\sigma(\mathbf{W}\cdot\mathbf{a}+\mathbf{b})",
        r"{\sigma ({{mathbf:W \cdot mathbf:a} + mathbf:b})}",
    ),
    (r"x_1 x_2 \ldots x_n", r"{x_{1} x_{2} … x_{n}}"),
    (r"{\sum}_k w", r"{sum_{k} w}"),
    (r"\mathop{\sum}\limits_{k} w", r"{sum_{k} w}"),
    (r"\begin{cases} z &= W a \\ a &= b \end{cases}", r"z = {W a} <\\> a = b"),
    (r"W -= \eta g", r"W -= {\eta g}"),
    (r"x^+=y", r"x^{+} = y"),
    (r"\mathrm{fan\_in}", r"fan_in"),
    (r"\mathrm{conv2d}(x)", r"{conv2d (x)}"),
    (r"\mathbf{diag}(x)", r"{diag (x)}"),
    (r"\frac{a}{b}\rvert_{z=1}", r"evaluated(frac(a; b); z = 1)"),
    (r"a \mid_{z=1}", r"evaluated(a; z = 1)"),
    (r"\hat{w_j}^l", r"{hat:w_{j}}^{l}"),
    (r"{a+b}^2", r"{a + b^{2}}"),
    (r"{AB}^T", r"{A B^{T}}"),
    (r"{a W^l}^T", r"{a {W^{l}}^{T}}"),
    (r"{(W^l)^T}^T", r"{(W^{l})^{T}}^{T}"),
    (r"{|x|}_2^2", r"|x|_{2}^{2}"),
    (r"{}^T", r"{}^{T}"),
    (r"{dZ}^{[l]}", r"{d Z^{[l]}}"),
    (r"{\frac{a}{b}}^2", r"frac(a; b)^{2}"),
    (r"{\sigma'}(z)", r"{\sigma' (z)}"),
    (r"{\bf W}^T", r"mathbf:W^{T}"),
    (r"{f'}'", r"{f'}'"),
    (r"{W^{l}}'", r"{W^{l}}'"),
    (r"x_{{a}}", r"x_{a}"),
]

# Whole displays as books and lecture notes print them.
DISPLAYS = [
    r"\delta^l = \left((w^{l+1})^T \delta^{l+1}\right) \odot \sigma'(z^l), \quad l = L-1, \dots, 2",
    r"\frac{\partial C}{\partial w_{jk}^l} = \underbrace{a_k^{l-1}}_{\text{in}} \delta_j \tag{BP4}",
    r"\begin{aligned} \delta^L_j &= \frac{\partial C}{\partial z^L_j} \\ &= (a_j^L-y_j)\,"
    r"\sigma'(z^L_j) & \text{(BP1)} \end{aligned} \Rightarrow \delta^L = a^L \odot \sigma'(z^L)",
    r"\begin{bmatrix} z_1 \\ \vdots \\ z_n \end{bmatrix} = \left[\begin{array}{cc} w_{11} & w_{12}"
    r" \\ w_{21} & w_{22} \end{array}\right] \begin{pmatrix} x_1 \\ x_2 \end{pmatrix} + b",
    r"g'(z) = \begin{cases} 0, & \text{if } z<0 \\ 1, & \text{otherwise.} \end{cases}",
    r"\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}} \pd{C}{b} = \sum_{k=1}^{n} \pd{C}{z_k}",
    r"dZ^{[l]} = dA^{[l]} * g^{[l]\prime}(Z^{[l]}), db = \frac1m np.sum(dZ, axis=1, keepdims=True)",
    r"\left. {\partial C \over \partial w} \right|_{w=1} \approx \|x\|_2^2 - |y| \le \sqrt[3]2",
    "∂C/∂w = δ₁ (a²)ᵀ ⊙ σ′(z) \\\\ Σ_k w_k → 0",
    r"\mathrm d C = \operatorname{tr}\left({\bf W}^{\mathsf T} \boxed{\textcolor{red}x}\right) %",
]

UNBALANCED = {
    "z = (W a": 4,
    "z = W a)": 7,
    r"((\omega)^T)\delta)\odot z": 18,
    "[(a] + b": 1,
    "(a]": 2,
    r"\left( a": 0,
    r"a \right)": 2,
    "x_{jk": 2,
    "x}": 1,
    r"\frac{(a}{b)}": 6,
    r"\begin{bmatrix} a": 0,
    r"a \end{bmatrix}": 2,
    r"\begin{bmatrix} a \end{pmatrix}": 18,
    r"\left( {a \right)": 7,
    r"\text{abc": 5,
    "|a": 0,
    r"\def\x#1{#1} \x{a": 15,
}
DANGLING = {
    "z = W a +": 8,
    r"\delta \odot": 7,
    r"\odot b": 0,
    "(a - ) b": 3,
    "a = ": 2,
    r"a \cdot = b": 2,
    "a = , b": 2,
    r"a \Rightarrow": 2,
    "z^": 1,
    r"\frac{a}": 0,
    r"z = \sum_k": 4,
    r"\frac{a +}{b}": 8,
}
NOT_UNDERSTOOD = {
    r"a \foo b": (2, r"\foo"),
    r"\begin{tikzpicture} a \end{tikzpicture}": (0, "tikzpicture"),
    r"\overline{AB}": (0, r"\overline"),
    "a ! b": (2, "!"),
    "": (0, "no formula"),
    r"\def\a{\a} \a": (11, "without end"),
    "{" * 70 + "}" * 70: (60, "within each other"),
    "-----x": (1, "in a row"),
}


@pytest.mark.parametrize(("text", "tree"), CONSTRUCTS)
def test_constructs(text: str, tree: str) -> None:
    assert spell(read(text)) == tree


@pytest.mark.parametrize("text", [*DISPLAYS, *(text for text, _ in CONSTRUCTS)])
def test_every_place_contains_its_parts(text: str) -> None:
    check(text, read(text))


def check(text: str, display: s.Display) -> None:
    """The laws of a tree that was read."""
    assert len(display.statements) == len(display.separators)
    assert display.separators[-1] == ""
    for node in s.walk(display):
        assert 0 <= node.start <= node.end <= len(text)
        for child in s.children(node):
            assert node.start <= child.start <= child.end <= node.end
        match node:
            case s.Product(factors=parts, operators=signs):
                assert len(parts) == len(signs) > 1
            case s.Additive(terms=parts, signs=signs):
                assert len(parts) == len(signs)
                assert signs != ("+",)
            case s.Chain(sides=parts, relations=signs):
                assert len(parts) == len(signs) + 1 > 1
            case s.Listed(items=parts):
                assert len(parts) > 1


@pytest.mark.parametrize("text", [text for text in DISPLAYS if "newcommand" not in text])
def test_the_place_of_a_name_spells_it(text: str) -> None:
    unicode = {"∂": r"\partial", "δ": r"\delta", "σ": r"\sigma", "ᵀ": "T"}
    for node in s.walk(read(text)):
        if isinstance(node, s.Name):
            shown = text[node.start : node.end]
            assert node.text in unicode.get(shown, shown)


def test_a_macro_has_the_place_of_its_use() -> None:
    text = r"\newcommand{\d}[1]{\delta^{#1}} x = \d{l}"
    (chain,) = read(text).statements
    assert isinstance(chain, s.Chain)
    script = chain.sides[1]
    assert text[script.start : script.end] == r"\d{l}"
    assert isinstance(script, s.Scripted)
    assert script.sup is not None
    assert text[script.sup.start : script.sup.end] == "l"


@pytest.mark.parametrize(("text", "start"), UNBALANCED.items())
def test_a_bracket_without_partner_is_shown(text: str, start: int) -> None:
    with pytest.raises(UnbalancedError) as caught:
        read(text)
    assert caught.value.start == start


@pytest.mark.parametrize(("text", "start"), DANGLING.items())
def test_an_operator_without_a_side_is_shown(text: str, start: int) -> None:
    with pytest.raises(DanglingError) as caught:
        read(text)
    assert caught.value.start == start


@pytest.mark.parametrize(("text", "said"), NOT_UNDERSTOOD.items())
def test_what_is_not_understood_is_named(text: str, said: tuple[int, str]) -> None:
    with pytest.raises(LatexError) as caught:
        read(text)
    assert (caught.value.start, said[1] in caught.value.message) == (said[0], True)


def read_or_refused(text: str) -> None:
    """A tree that keeps the laws, or an error whose place is in the text."""
    refusal, display = outcome(text)
    if display is None:
        assert str(refusal)
        assert refusal is not None
        assert 0 <= refusal.start <= max(1, len(text))
    else:
        check(text, display)


def outcome(text: str) -> tuple[LatexError | None, s.Display | None]:
    try:
        return None, read(text)
    except LatexError as error:
        return error, None


@pytest.mark.parametrize("text", DISPLAYS)
def test_what_is_cut_off_is_read_or_refused(text: str) -> None:
    for end in range(len(text)):
        read_or_refused(text[:end])
        read_or_refused(text[end:])


MORE = r"""
\left. \right| \left( \right) \over \cal \def \d #1 \underset \tag & \\ | \| ' {} \substack \bigl
\begin{aligned} \end{aligned} \begin{cases} \end{cases} \begin{array}{c} \end{array} \not
"""
PIECES = sorted(
    {piece for text in DISPLAYS for piece in re.findall(r"\\[a-z]+|\\.|.", text)} | {*MORE.split()}
)


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_pieces_in_any_order_are_read_or_refused(text: str) -> None:
    read_or_refused(text)


@given(st.binary(max_size=40).map(lambda data: data.decode("latin-1")) | st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    read_or_refused(text)


@given(st.sampled_from(DISPLAYS), st.data())
def test_a_display_with_a_slip_is_read_or_refused(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    put = data.draw(st.sampled_from(PIECES))
    read_or_refused(text[:at] + put + text[at + data.draw(st.integers(0, 3)) :])


@given(
    st.sampled_from([text for text, _ in CONSTRUCTS if "%" not in text and "command" not in text])
)
def test_space_and_braces_say_nothing(text: str) -> None:
    if text.startswith(("^", r"\def", r"\Declare")) or any(mark in text for mark in ";_^'&"):
        return
    tree = spell(read(text))
    assert spell(read(f" {{{text}}} ")) == tree
    assert spell(read(rf"\displaystyle\boxed{{ {text}\,}}")) == tree


@pytest.mark.parametrize(
    "text",
    [
        "{" * 1_000_000,
        "(" * 19_000,
        "x^" * 9_000 + "x",
        "x" + "^a" * 9_000,
        "-" * 15_000 + "x",
        "|x|" * 6_000,
        "&" * 19_000,
        r"\\" * 9_000,
        r"\mathbf" * 2_800,
        r"\sqrt" * 3_900 + "x",
        r"\underbrace{" * 50 + "x" + "}" * 50,
        r"\begin{matrix} a = " * 50 + r"\end{matrix}" * 50,
        r"\def\a{\b\b}\def\b{\c\c}\def\c{\a\a}\a",
        r"\newcommand{\x}[1]{\x{#1#1}}\x{a}",
        "9^{9^{9^9}}",
        "1" * 19_000,
    ],
    ids=lambda text: text[:16],
)
def test_huge_input_ends_soon(text: str) -> None:
    before = time.process_time()
    refusal, _ = outcome(text)
    assert refusal is None or len(str(refusal)) < 500
    assert time.process_time() - before < 5


def test_a_formula_takes_milliseconds() -> None:
    times = []
    for text in DISPLAYS * 3:
        before = time.process_time()
        read(text)
        times.append(time.process_time() - before)
    assert sorted(times)[len(times) // 2] < 0.01

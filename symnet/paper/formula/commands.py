r"""What each sign and command of printed mathematics is: tables, and nothing else.

>>> COMMANDS["cdot"], LETTERS["δ"]
(('OPERATOR', '\\cdot'), ('NAME', '\\delta'))
"""

_GREEK = [
    "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta",
    "vartheta", "iota", "kappa", "lambda", "mu", "nu", "xi", "pi", "varpi", "rho", "varrho",
    "sigma", "varsigma", "tau", "upsilon", "phi", "varphi", "chi", "psi", "omega", "Gamma",
    "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega",
]  # fmt: skip
_SIGNS = [
    "nabla", "partial", "top", "intercal", "infty", "ell", "hbar", "emptyset", "dagger",
    "prime", "Re", "Im", "perp",
]  # fmt: skip
# Functions that are known by their names, as commands or as upright or bold words.
FUNCTIONS = [
    "ln", "log", "exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "coth", "sec", "csc",
    "cot", "arcsin", "arccos", "arctan", "max", "min", "sup", "inf", "argmax", "argmin", "arg",
    "det", "dim", "ker", "deg", "gcd", "Pr", "diag", "tr", "sgn", "sign", "relu", "ReLU",
    "softmax", "sigmoid",
]  # fmt: skip

STYLES = frozenset([
    "mathbf", "boldsymbol", "bm", "pmb", "mathcal", "mathbb", "mathfrak", "mathscr", "mathrm",
    "mathsf", "mathtt", "mathit", "mathnormal", "symbf", "symbfit", "vec", "overrightarrow",
    "underline", "bar", "overline", "hat", "widehat", "tilde", "widetilde", "dot", "ddot",
    "check", "breve", "acute", "grave", "mathring", "mathds", "mathbbm",
])  # fmt: skip
# A word in one of these is one name; in the others its letters are factors.
UPRIGHT = frozenset(["mathrm", "mathsf", "mathtt", "mathit", "operatorname", "mathop"])
# Old switches reach to the end of their group: {\bf W}.
SWITCHES = {
    "bf": "mathbf", "bfseries": "mathbf", "cal": "mathcal", "rm": "mathrm", "it": "mathit",
    "sf": "mathsf", "tt": "mathtt", "boldmath": "boldsymbol",
}  # fmt: skip
WORDS = frozenset([
    "text", "textrm", "textbf", "textit", "textnormal", "textsf", "texttt", "textsc", "textup",
    "mbox", "hbox", "intertext", "shortintertext",
])  # fmt: skip
# What only changes the look of its last argument, by the number of arguments before it.
LOOKS = {
    "boxed": 0, "fbox": 0, "framebox": 0, "smash": 0, "mathop": 0, "mathrel": 0, "mathbin": 0,
    "mathord": 0, "mathinner": 0, "mathclap": 0, "ensuremath": 0, "emph": 0,
    "textcolor": 1, "colorbox": 1, "mathcolor": 1, "bbox": 0, "uline": 0, "raisebox": 1,
    "cancel": 0, "bcancel": 0, "xcancel": 0, "cancelto": 1, "enclose": 1, "class": 1, "cssId": 1,
    "htmlClass": 1, "htmlId": 1, "displaylines": 0, "eqalign": 0,
}  # fmt: skip
# What is not seen, or only a number in the margin, by the number of its arguments.
UNSEEN = {
    "tag": 1, "tag*": 1, "label": 1, "ref": 1, "eqref": 1, "eqno": 0, "leqno": 0, "nonumber": 0,
    "notag": 0, "color": 1, "phantom": 1, "hphantom": 1, "vphantom": 1, "limits": 0,
    "nolimits": 0, "displaylimits": 0, "displaystyle": 0, "textstyle": 0, "scriptstyle": 0,
    "scriptscriptstyle": 0, "hline": 0, "strut": 0, "mathstrut": 0, "vspace": 1, "normalsize": 0,
    "small": 0, "large": 0, "Large": 0, "centering": 0, "noindent": 0, "newline": 0, "hfil": 0,
    "allowbreak": 0, "nobreak": 0, "relax": 0, "mathsurround": 0, "rule": 2, "protect": 0,
    "footnotesize": 0, "begingroup": 0, "endgroup": 0, "arraystretch": 0,
    "displaybreak": 0, "pagebreak": 0, "cline": 1, "cite": 1, "setlength": 2,
}  # fmt: skip
SIZES = frozenset([
    "big", "Big", "bigg", "Bigg", "bigl", "Bigl", "biggl", "Biggl", "bigr", "Bigr", "biggr",
    "Biggr", "bigm", "Bigm", "biggm", "Biggm",
])  # fmt: skip
TABLES = {
    "array": "", "matrix": "", "smallmatrix": "", "bmatrix": "[]", "pmatrix": "()",
    "vmatrix": "||", "Vmatrix": "‖‖", "Bmatrix": "{}", "cases": "cases", "dcases": "cases",
    "rcases": "cases", "tabular": "", "subarray": "", "bsmallmatrix": "[]", "psmallmatrix": "()",
}  # fmt: skip
# Rows of statements.
DISPLAYS = frozenset([
    "aligned", "align", "alignat", "alignedat", "flalign", "eqnarray", "split", "gather",
    "gathered", "equation", "displaymath", "multline", "multlined", "math", "IEEEeqnarray",
    "empheq", "dmath", "subequations",
])  # fmt: skip

_OPERATORS = {
    "cdot": r"\cdot", "times": r"\times", "ast": "*", "odot": r"\odot", "circ": r"\circ",
    "bullet": r"\bullet", "star": r"\star", "otimes": r"\otimes", "div": "/", "centerdot": r"\cdot",
    "oslash": r"\oslash", "slash": "/", "circledast": r"\odot", "bigodot": r"\odot",
    "bigotimes": r"\otimes", "cdotp": r"\cdot",
}  # fmt: skip
_RELATIONS = {
    "ne": r"\ne", "neq": r"\ne", "approx": r"\approx", "simeq": r"\approx", "cong": r"\approx",
    "approxeq": r"\approx", "equiv": r"\equiv", "coloneqq": ":=", "coloneq": ":=",
    "triangleq": r"\triangleq", "doteq": ":=", "eqqcolon": "=:", "leftarrow": r"\leftarrow",
    "gets": r"\leftarrow", "longleftarrow": r"\leftarrow", "to": r"\to", "rightarrow": r"\to",
    "longrightarrow": r"\to", "mapsto": r"\mapsto", "longmapsto": r"\mapsto", "le": r"\le",
    "leq": r"\le", "leqslant": r"\le", "leqq": r"\le", "ge": r"\ge", "geq": r"\ge",
    "geqslant": r"\ge", "geqq": r"\ge", "lt": "<", "gt": ">", "ll": r"\ll", "gg": r"\gg",
    "in": r"\in", "notin": r"\notin", "ni": r"\ni", "subset": r"\subset", "subseteq": r"\subseteq",
    "propto": r"\propto", "sim": r"\sim", "leftrightarrow": r"\leftrightarrow",
    "rightsquigarrow": r"\to", "hookrightarrow": r"\to", "leadsto": r"\to", "eqdef": ":=",
    "models": r"\models",
}  # fmt: skip
_SEPARATORS = {
    "Rightarrow": r"\Rightarrow", "implies": r"\Rightarrow", "Longrightarrow": r"\Rightarrow",
    "therefore": r"\Rightarrow", "iff": r"\iff", "Leftrightarrow": r"\iff",
    "Longleftrightarrow": r"\iff", "Leftarrow": r"\Leftarrow", "impliedby": r"\Leftarrow",
    "Longleftarrow": r"\Leftarrow", "because": r"\because", "forall": r"\forall",
    "exists": r"\exists", "land": ",", "mid": r"\mid", "colon": ":",
}  # fmt: skip
_BRACKETS = {
    "lvert": "|", "lVert": "‖", "langle": "⟨", "lfloor": "⌊", "lceil": "⌈", "lbrace": r"\{",
    "lbrack": "[", "lparen": "(", "llbracket": "⟦",
}  # fmt: skip
_CLOSERS = {
    "rvert": "|", "rVert": "‖", "rangle": "⟩", "rfloor": "⌋", "rceil": "⌉", "rbrace": r"\}",
    "rbrack": "]", "rparen": ")", "rrbracket": "⟧",
}  # fmt: skip
PARTNERS = {
    "(": ")", "[": "]", r"\{": r"\}", "|": "|", "‖": "‖", "⟨": "⟩", "⌊": "⌋", "⌈": "⌉", "⟦": "⟧",
}  # fmt: skip
_BIGS = {
    "sum": "sum", "prod": "prod", "int": "int", "iint": "int", "oint": "int", "lim": "lim",
    "bigcup": "cup", "bigcap": "cap",
}  # fmt: skip
_DOTS = [
    "dots", "ldots", "cdots", "vdots", "ddots", "dotsc", "dotsb", "dotsm", "dotsi", "dotso",
    "hdots", "iddots",
]  # fmt: skip
_OTHER_NAMES = {
    "part": r"\partial", "triangledown": r"\nabla", "vartriangle": r"\Delta", "bigtriangledown":
    r"\nabla", "triangle": r"\Delta", "varDelta": r"\Delta", "varSigma": r"\Sigma",
    "imath": "i", "jmath": "j", "Tr": "tr", "trace": "tr", "bigtriangleup": r"\Delta",
    "varnothing": r"\emptyset", "transpose": r"\top", "square": r"\square",
}  # fmt: skip

# command without its backslash -> (kind, what it says)
COMMANDS: dict[str, tuple[str, str]] = {
    **{name: ("NAME", f"\\{name}") for name in [*_GREEK, *_SIGNS]},
    **{name: ("NAME", name) for name in FUNCTIONS},
    **{name: ("NAME", text) for name, text in _OTHER_NAMES.items()},
    **{name: ("OPERATOR", text) for name, text in _OPERATORS.items()},
    **{name: ("RELATION", text) for name, text in _RELATIONS.items()},
    **{name: ("SEPARATOR", text) for name, text in _SEPARATORS.items()},
    **{name: ("OPEN", text) for name, text in _BRACKETS.items()},
    **{name: ("CLOSE", text) for name, text in _CLOSERS.items()},
    **{name: ("BIG", text) for name, text in _BIGS.items()},
    **dict.fromkeys(_DOTS, ("DOTS", "…")),
    **dict.fromkeys(["quad", "qquad", "hspace", "hfill", "hskip", "enspace"], ("QUAD", "")),
    **dict.fromkeys([",", ":", ";", " ", ">", "space", "thinspace", "medspace", "nobreakspace"],
                    ("THIN", "")),
    **dict.fromkeys(["!", "/", "negthinspace", "-", "@"], ("NOTHING", "")),
    **dict.fromkeys(["\\", "cr", "newline", "tabularnewline"], ("NEWROW", "")),
    "vert": ("BAR", "|"), "Vert": ("BAR", "‖"), "|": ("BAR", "‖"), "{": ("OPEN", r"\{"),
    "}": ("CLOSE", r"\}"), "pm": ("SIGN", r"\pm"), "mp": ("SIGN", r"\mp"), "prime": ("PRIME", "'"),
    "&": ("CELL", ""), "_": ("NAME", "_"), "(": ("NOTHING", ""), ")": ("NOTHING", ""),
    "[": ("NOTHING", ""), "]": ("NOTHING", ""), "lnot": ("NAME", r"\lnot"),
}  # fmt: skip

# sign -> (kind, what it says)
LETTERS: dict[str, tuple[str, str]] = {
    **{sign: ("NAME", f"\\{name}") for sign, name in zip(
        "αβγδϵεζηθϑικλμνξπϖρϱσςτυϕφχψωΓΔΘΛΞΠΣΥΦΨΩ", _GREEK, strict=True)},
    "∂": ("NAME", r"\partial"), "∇": ("NAME", r"\nabla"), "∆": ("NAME", r"\Delta"),
    "∞": ("NAME", r"\infty"), "ℓ": ("NAME", r"\ell"), "⊤": ("NAME", r"\top"), "µ": ("NAME", r"\mu"),
    "Ω": ("NAME", r"\Omega"), "⊙": ("OPERATOR", r"\odot"), "∘": ("OPERATOR", r"\circ"),
    "○": ("OPERATOR", r"\circ"), "·": ("OPERATOR", r"\cdot"), "⋅": ("OPERATOR", r"\cdot"),
    "∙": ("OPERATOR", r"\bullet"), "•": ("OPERATOR", r"\bullet"), "×": ("OPERATOR", r"\times"),
    "⊗": ("OPERATOR", r"\otimes"), "∗": ("OPERATOR", "*"), "*": ("OPERATOR", "*"),
    "⋆": ("OPERATOR", r"\star"), "★": ("OPERATOR", r"\star"), "⊘": ("OPERATOR", r"\oslash"),
    "/": ("OPERATOR", "/"), "÷": ("OPERATOR", "/"), "∕": ("OPERATOR", "/"),
    "+": ("SIGN", "+"), "-": ("SIGN", "-"), "−": ("SIGN", "-"), "–": ("SIGN", "-"),
    "±": ("SIGN", r"\pm"), "∓": ("SIGN", r"\mp"),
    "=": ("RELATION", "="), "<": ("RELATION", "<"), ">": ("RELATION", ">"),
    "≠": ("RELATION", r"\ne"), "≈": ("RELATION", r"\approx"), "≡": ("RELATION", r"\equiv"),
    "≔": ("RELATION", ":="), "←": ("RELATION", r"\leftarrow"), "→": ("RELATION", r"\to"),
    "⟵": ("RELATION", r"\leftarrow"), "⟶": ("RELATION", r"\to"), "↦": ("RELATION", r"\mapsto"),
    "≤": ("RELATION", r"\le"), "≥": ("RELATION", r"\ge"), "⩽": ("RELATION", r"\le"),
    "⩾": ("RELATION", r"\ge"), "∈": ("RELATION", r"\in"), "∉": ("RELATION", r"\notin"),
    "∝": ("RELATION", r"\propto"), "∼": ("RELATION", r"\sim"), "≜": ("RELATION", r"\triangleq"),
    "≃": ("RELATION", r"\approx"), "≪": ("RELATION", r"\ll"), "≫": ("RELATION", r"\gg"),
    "⇒": ("SEPARATOR", r"\Rightarrow"), "⟹": ("SEPARATOR", r"\Rightarrow"),
    "⇔": ("SEPARATOR", r"\iff"), "⟺": ("SEPARATOR", r"\iff"), "∴": ("SEPARATOR", r"\Rightarrow"),
    "⇐": ("SEPARATOR", r"\Leftarrow"), "∵": ("SEPARATOR", r"\because"),
    "∀": ("SEPARATOR", r"\forall"), "∃": ("SEPARATOR", r"\exists"), ",": ("SEPARATOR", ","),
    ";": ("SEPARATOR", ";"), ".": ("SEPARATOR", "."), "，": ("SEPARATOR", ","),
    "。": ("SEPARATOR", "."), "；": ("SEPARATOR", ";"), ":": ("SEPARATOR", ":"),
    "∣": ("BAR", "|"), "|": ("BAR", "|"), "‖": ("BAR", "‖"), "∥": ("BAR", "‖"),
    "(": ("OPEN", "("), "[": ("OPEN", "["), ")": ("CLOSE", ")"), "]": ("CLOSE", "]"),
    "（": ("OPEN", "("), "）": ("CLOSE", ")"),
    "⟨": ("OPEN", "⟨"), "⟩": ("CLOSE", "⟩"), "⌊": ("OPEN", "⌊"), "⌋": ("CLOSE", "⌋"),
    "⌈": ("OPEN", "⌈"), "⌉": ("CLOSE", "⌉"), "{": ("LBRACE", "{"), "}": ("RBRACE", "}"),
    "^": ("SUP", "^"), "_": ("SUB", "_"), "&": ("CELL", ""), "~": ("THIN", ""),
    "$": ("NOTHING", ""), "'": ("PRIME", "'"), "’": ("PRIME", "'"), "′": ("PRIME", "'"),
    "″": ("PRIME", "''"), "…": ("DOTS", "…"), "⋯": ("DOTS", "…"), "⋮": ("DOTS", "…"),
    "⋱": ("DOTS", "…"), "∑": ("BIG", "sum"), "∏": ("BIG", "prod"), "∫": ("BIG", "int"),
    "≝": ("RELATION", ":="),
}  # fmt: skip

# Raised and lowered signs, and what stands there: ᵀ is ^T.
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᴸˡᵀⁿᵐⁱʲᵏᵃᵇᶜᵈᵉᵗʳᵖ", "0123456789+-()LlTnmijkabcdetrp", strict=True))
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₍₎ⱼₖᵢₗₘₙₐₑₓₚₜᵣₛ", "0123456789+-()jkilmnaexptrs", strict=True))

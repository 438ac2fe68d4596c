"""What can go wrong, said so that the reader can put it right.

Every error of ours is a `SymnetError`. One that comes from a text shows the text with a caret under
the place; the command line prints the message alone and never a traceback.

>>> raise_at = ArchitectureError("expected a width", text="2-x-1", start=2)
>>> print(raise_at)
expected a width, column 3:
    2-x-1
      ^
"""


class SymnetError(Exception):
    """The base of every error of ours; `str()` is the whole message, `hint` its last line."""

    def __init__(
        self, message: str, *, text: str = "", start: int = 0, length: int = 1, hint: str = ""
    ) -> None:
        self.message = message
        self.text = text
        self.start = start
        self.length = length
        self.hint = hint
        super().__init__(message)

    def __str__(self) -> str:
        hint = f"\n{self.hint}" if self.hint else ""
        if not self.text:
            return f"{self.message}{hint}"
        # A very long text is cut to a window around the place, so that the caret stays in sight.
        left = max(0, self.start - 60)
        # One sign a character, so that the caret stands under its place.
        window = "".join(x if x.isprintable() else "�" for x in self.text[left : left + 100])
        marks = "^" * max(1, min(self.length, len(window) - (self.start - left)))
        caret = " " * (self.start - left) + marks
        return f"{self.message}, column {self.start + 1}:\n    {window}\n    {caret}{hint}"


class ArchitectureError(SymnetError):
    """A network that was not understood: a malformed string, an unknown activation, a bad width."""


class EquationError(SymnetError):
    """A formula that is not understood or says nothing: an undeclared symbol, a neuron too many."""


class LatexError(EquationError):
    """LaTeX that is not understood; it stands from `start` up to and without `end` in `text`."""

    @property
    def end(self) -> int:
        return self.start + self.length


class UnbalancedError(LatexError):
    r"""A bracket without a partner: ( ) [ ] { }, \\left and \\right, \\begin and \\end."""


class DanglingError(LatexError):
    """An operator or a relation with nothing on one of its sides."""


class NotProved(SymnetError):  # noqa: N818 - the name of a state, as users read it
    """Equations without a proof were asked to become code."""


class NotYet(SymnetError):  # noqa: N818 - as above
    """Understood, but not something this version can do."""

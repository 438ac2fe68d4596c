"""The one Jinja environment, and where its templates are.

Templates hold files, Python holds lines: a template loops and prints names, and a name that its
context lacks is an error. In a checkout `templates/` stands beside the package, in an installed
wheel inside it.

>>> TEMPLATES.name
'templates'
"""

from pathlib import Path

import jinja2

_PACKAGE = Path(__file__).parent
_INSTALLED = _PACKAGE / "templates"

TEMPLATES = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent / "templates"

ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(TEMPLATES),
    undefined=jinja2.StrictUndefined,
    autoescape=lambda name: name is not None and name.endswith(".html.jinja"),
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def render(template: str, **context: object) -> str:
    """The text of a template such as `numpy/trainer.py.jinja`, its holes filled from `context`."""
    return ENVIRONMENT.get_template(template).render(context)

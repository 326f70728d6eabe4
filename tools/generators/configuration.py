"""The page of settings: the server's from its Settings class, the client's from its table of variables."""

from __future__ import annotations

from mnemo_server.settings import Settings
from mnemos.variables import VARIABLES, Variable
from pydantic.fields import FieldInfo

#: Defaults that differ from machine to machine, in words.
_MACHINE_DEFAULTS = {"data_dir": "the platform's folder"}


def view() -> dict[str, object]:
    """Return the rows of the template: variable, default, meaning; in the order of the class."""
    prefix = Settings.model_config.get("env_prefix", "")
    rows = [
        {
            "variable": f"{prefix}{name}".upper(),
            "default": _MACHINE_DEFAULTS.get(name) or _default(field),
            "meaning": " ".join((field.description or "").split()),
        }
        for name, field in Settings.model_fields.items()
    ]
    return {"settings": rows, "client_settings": [_view_variable(variable) for variable in VARIABLES]}


def _view_variable(variable: Variable) -> dict[str, str]:
    default = f"`{variable.default}` {variable.unit}".strip() if variable.default else ""
    return {"variable": variable.name, "default": default, "meaning": variable.meaning}


def _default(field: FieldInfo) -> str:
    """Return a default as a person would type it."""
    value = field.get_default(call_default_factory=False)
    if value in (None, ()):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"

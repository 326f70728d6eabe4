"""Writes fitted models as the server reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from mnemo_server.domain.recall.corrections import AGE_FEATURES
from mnemo_server.domain.recall.features import PAIR_FEATURES, PROMPT_FEATURES
from mnemo_server.domain.recall.model import RecallModel, Regression
from mnemo_server.domain.recall.signs import SIGNS

#: What the server reads.
WEIGHTS: Final = Path(str(files("mnemo_server.services.recall"))) / "weights.json"
#: Fields of a model that aren't fitted.
LIMITS: Final = (
    "open_at",
    "question_open_at",
    "search_open_at",
    "show_from",
    "overturned_from",
    "overturned_weight",
    "question_overturned_weight",
)
_DIGITS: Final = 4
_VECTOR_DIGITS: Final = 3


def read_limits(path: Path = WEIGHTS) -> dict[str | None, dict[str, float]]:
    """Return the limits of the models in a file, by the name of their embedding model.

    Raises:
        OSError: the file can't be read.
        ValueError: it isn't of the form.
    """
    try:
        models = json.loads(path.read_text(encoding="utf-8"))["models"]
        return {one["embedding_model"]: {name: float(one[name]) for name in LIMITS} for one in models}
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} contains no models: {error!r}") from error


def write_models(models: Sequence[RecallModel], path: Path = WEIGHTS) -> None:
    """Write models; the same models make the same file."""
    text = json.dumps({"models": [to_json(model) for model in models]}, separators=(",", ":"))
    path.write_text(f"{text}\n", encoding="utf-8")


def to_json(model: RecallModel) -> dict[str, Any]:
    """Return a model as `RecallModel.read` accepts it, rounded."""
    limits: Mapping[str, float] = {name: getattr(model, name) for name in LIMITS}
    return {
        "embedding_model": model.embedding_model,
        **limits,
        "standing": _round(model.standing, SIGNS),
        "relevance": _round(model.relevance, PAIR_FEATURES),
        "overturned": _round(model.overturned, AGE_FEATURES),
        "gate": _round(model.gate, PROMPT_FEATURES),
    }


def _round(regression: Regression, names: Sequence[str]) -> dict[str, Any]:
    """Return a regression without the weights that are 0."""
    weights = {
        name: round(float(weight), _DIGITS) for name, weight in zip(names, regression.weights, strict=True)
    }
    vector = [round(float(component), _VECTOR_DIGITS) for component in regression.vector]
    return {
        "base": round(regression.base, _DIGITS),
        **({"vector": vector} if vector else {}),
        "weights": {name: weight for name, weight in weights.items() if weight},
    }

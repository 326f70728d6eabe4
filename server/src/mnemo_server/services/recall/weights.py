"""Loads the fitted models of recall that come with the package."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Final

from mnemo_server.domain.recall.model import RecallModel

_FILE: Final = "weights.json"


@cache
def load_models() -> dict[str | None, RecallModel]:
    """Return the models by the name of the embedding model that they need; None: for any other."""
    text = files("mnemo_server.services.recall").joinpath(_FILE).read_text(encoding="utf-8")
    models = [RecallModel.read(data) for data in json.loads(text)["models"]]
    return {model.embedding_model: model for model in models}


def find_model(embedding_model: str | None) -> RecallModel:
    """Return the model for vectors of an embedding model, or the one that needs none."""
    models = load_models()
    return models.get(embedding_model) or models[None]

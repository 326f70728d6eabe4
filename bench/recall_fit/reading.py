"""Reads projects with prompts, and prepares them as the server would: indexed and embedded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from mnemo_server.domain.clock import MICROSECONDS
from mnemo_server.domain.memories.memory import ACTIVE, StoredMemory
from mnemo_server.domain.recall.prompts import Prompt as Question
from mnemo_server.domain.recall.prompts import read_prompt
from mnemo_server.embedding.local.minilm import MiniLmEmbedder
from mnemo_server.index.segments.entries import EntryRow
from mnemo_server.index.segments.segment import Segment, build_segment
from mnemo_server.index.segments.vectors import Embedding, VectorSpace, encode_tokens, encode_vector
from mnemo_server.services.indexing import index_memory, indexed_text
from mnemo_server.services.recall.search import put_in_english
from mnemos_contract.memories import MemoryType

from bench.recall.datasets import Conversation
from bench.recall_blocks.prompts import Prompt, load_prompts

#: Projects written for the fit.
PROJECTS: Final = Path(__file__).resolve().parent / "projects"
_MODEL_ID: Final = 1


@dataclass(frozen=True, slots=True)
class Source:
    """A project as its files contain it."""

    conversation: Conversation
    prompts: tuple[Prompt, ...]
    set_name: str
    """The folder it comes from: results are reported for each."""


@dataclass(frozen=True, slots=True)
class PreparedPrompt:
    """A prompt that is prepared for search."""

    prompt: Prompt
    question: Question
    """The part of it that is searched."""
    text: str
    """What is searched for by keywords."""
    embedding: Embedding


@dataclass(frozen=True, slots=True)
class Project:
    """A project whose turns are indexed; the id of a memory is the place of its turn, from 1."""

    name: str
    set_name: str
    turn_ids: tuple[str, ...]
    memories: tuple[StoredMemory, ...]
    entries: tuple[EntryRow, ...]
    word_codes: Mapping[int, bytes]
    """Codes of the words of each memory, by its id."""
    space: VectorSpace
    prompts: tuple[PreparedPrompt, ...]

    def build_segment(self, places: Sequence[int] | None = None) -> Segment:
        """Return the index of the turns at these places; None: of all."""
        entries = self.entries if places is None else [self.entries[place] for place in places]
        return build_segment(entries, self.space)


def list_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files, and of each folder the JSON files in it."""
    return [file for path in paths for file in (sorted(path.glob("*.json")) if path.is_dir() else [path])]


def load_sources(paths: Sequence[Path]) -> list[Source]:
    """Read files; those of one folder belong together, so that prompts may be in a file of their own.

    Raises:
        OSError: a file can't be read.
        ValueError: a file isn't of the format, or two projects have the same name.
    """
    folders: dict[Path, list[Path]] = defaultdict(list)
    for path in list_files(paths):
        folders[path.resolve().parent].append(path)
    sources = [source for folder, files in folders.items() for source in _load_set(files, folder.name)]
    names = [source.conversation.name for source in sources]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"there are several projects named {', '.join(repeated)}")
    return sources


def _load_set(files: Sequence[Path], set_name: str) -> Iterator[Source]:
    data_set, prompts = load_prompts(files, set_name)
    for conversation in data_set.conversations:
        own = tuple(prompt for prompt in prompts if prompt.project == conversation.name)
        yield Source(conversation, own, set_name)


async def prepare_projects(sources: Sequence[Source]) -> tuple[str, list[Project]]:
    """Return the name of the local embedding model, and the projects, embedded by it."""
    embedder = MiniLmEmbedder()
    try:
        model = await embedder.prepare()
        space = VectorSpace(_MODEL_ID, model.dimensions)
        return model.name, [await _prepare(source, embedder, space) for source in sources]
    finally:
        await embedder.close()


async def _prepare(source: Source, embedder: MiniLmEmbedder, space: VectorSpace) -> Project:
    memories = tuple(make_memories(source.conversation))
    embeddings = await embedder.embed_documents([indexed_text(memory) for memory in memories])
    return Project(
        name=source.conversation.name,
        set_name=source.set_name,
        turn_ids=tuple(turn.id for session in source.conversation.sessions for turn in session.turns),
        memories=memories,
        entries=tuple(
            index_memory(memory).entry._replace(
                model_id=space.model_id, vector_code=encode_vector(embedding.vector)
            )
            for memory, embedding in zip(memories, embeddings, strict=True)
        ),
        word_codes={
            memory.id: encode_tokens(embedding.tokens)
            for memory, embedding in zip(memories, embeddings, strict=True)
        },
        space=space,
        prompts=tuple([prompt async for prompt in _prepare_prompts(source.prompts, embedder)]),
    )


async def _prepare_prompts(
    prompts: Sequence[Prompt], embedder: MiniLmEmbedder
) -> AsyncIterator[PreparedPrompt]:
    """Yield the prompts that are worth a search."""
    for prompt in prompts:
        question = read_prompt(prompt.text)
        if question is not None:
            text, words = put_in_english(question)
            yield PreparedPrompt(prompt, question, text, await embedder.embed_query(words))


def make_memories(conversation: Conversation) -> Iterator[StoredMemory]:
    """Yield the turns of a conversation as the messages that a server stores."""
    ids = count(1)
    for session in conversation.sessions:
        said_at = int(session.started_at.timestamp() * MICROSECONDS)
        for seq, turn in enumerate(session.turns):
            yield StoredMemory(
                tenant_id=1,
                id=next(ids),
                content=turn.text,
                memory_type=MemoryType.SESSION.value,
                state=ACTIVE,
                version=1,
                content_hash=b"",
                created_at=said_at,
                updated_at=said_at,
                session_id=f"{conversation.name}-{session.number}",
                seq=seq,
                role=turn.speaker,
                project=conversation.name,
            )

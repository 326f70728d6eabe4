"""Random histories of two tenants on two servers, compared with a simple model of what must be found.

Hypothesis draws the operations, their order, and the server that each goes through.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, Self

from hypothesis import strategies as st

from tests.support.interfaces.rest import RestApi, provision

#: Words that share no term.
WORDS = ["quartz", "basalt", "marble", "granite", "E4711", "src/mine.py", "缓存"]
TAGS = ["red", "blue"]
#: Two servers and two tenants, by number.
SERVERS = TENANTS = (0, 1)


@dataclass
class ExpectedMemory:
    """The expected state of a memory."""

    content: str
    tags: list[str]
    version: int = 1

    @property
    def words(self) -> set[str]:
        """The words and tags by which it is found."""
        return {*self.content.split(), *self.tags}

    def has(self, tag: str) -> bool:
        """Return whether a filter by this tag includes it."""
        return not tag or tag in self.tags


@dataclass
class Tenant:
    """The memories that a tenant must have, and the ids that it must no longer show."""

    memories: dict[str, ExpectedMemory] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)


_servers = st.sampled_from(SERVERS)
_tenants = st.sampled_from(TENANTS)
_some_words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4)
_some_tags = st.lists(st.sampled_from(TAGS), max_size=2, unique=True)
_some_picks = st.lists(st.integers(0, 99), min_size=1, max_size=3)
_picks = st.integers(0, 99)
_acts = st.sampled_from(["get", "put", "delete", "delete all"])
#: The server that is searched right after a change; the other one, or both, don't learn of the change yet.
_searched_servers = st.sampled_from([*SERVERS, None])

#: Names of methods of `SearchHistory` with their arguments. Lists of them are more varied than the runs of
#: hypothesis' own state machines, each of which leaves out most kinds.
OPERATIONS = st.one_of(
    st.tuples(st.just("store"), _servers, _tenants, _some_words, _some_tags, _searched_servers),
    st.tuples(st.just("update"), _servers, _tenants, _picks, _some_words, _searched_servers),
    st.tuples(st.just("tag"), _servers, _tenants, _picks, _some_tags, _searched_servers),
    st.tuples(st.just("delete"), _servers, _tenants, _some_picks, _searched_servers),
    st.tuples(st.just("access_foreign"), _servers, _tenants, _picks, _acts),
    st.tuples(st.just("search"), _servers, _tenants, _some_words, st.sampled_from(["", *TAGS])),
    st.tuples(st.just("forget"), _servers),
)


class SearchHistory:
    """Operations of clients of two new tenants, compared with a simple model of their memories."""

    def __init__(
        self, urls: Sequence[str], make_forget: Callable[[int], None], *, has_model: bool = False
    ) -> None:
        """Connect to the servers; `make_forget` makes one of them drop its indexes of these tenants.

        With a model, a search also finds memories that contain no word of the query.
        """
        self.tenants = [Tenant(), Tenant()]
        self._keys = [provision(urls[0]) for _ in TENANTS]
        self._stack = ExitStack()
        self._apis = [[self._stack.enter_context(RestApi(url, key)) for key in self._keys] for url in urls]
        self._make_forget = make_forget
        self._has_forgotten = False
        self._has_model = has_model

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def apply(self, name: str, *arguments: Any) -> None:
        """Apply one of `OPERATIONS`."""
        getattr(self, name)(*arguments)

    def check_everything(self) -> None:
        """Search and list everything through both servers, and request what was deleted."""
        for server, tenant in product(SERVERS, TENANTS):
            self._search_all(server, tenant)
            api, known = self._apis[server][tenant], self.tenants[tenant]
            _compare(api.page(limit=200), known.memories)
            assert {api.get(memory_id).status_code for memory_id in known.deleted} <= {404}

    def store(
        self, server: int, tenant: int, words: list[str], tags: list[str], searched: int | None
    ) -> None:
        """Store a memory; one with the same text isn't changed."""
        content, memories = " ".join(words), self.tenants[tenant].memories
        stored = self._apis[server][tenant].store(content, tags=tags)
        assert memories.setdefault(stored["id"], ExpectedMemory(content, tags)).content == content
        self._search_all(searched, tenant)

    def update(self, server: int, tenant: int, pick: int, words: list[str], searched: int | None) -> None:
        """Change the text of a memory."""
        self._change(server, tenant, pick, content=" ".join(words))
        self._search_all(searched, tenant)

    def tag(self, server: int, tenant: int, pick: int, tags: list[str], searched: int | None) -> None:
        """Change the tags of a memory."""
        self._change(server, tenant, pick, tags=tags)
        self._search_all(searched, tenant)

    def delete(self, server: int, tenant: int, chosen: list[int], searched: int | None) -> None:
        """Delete one memory alone or several together; some of them may be deleted already."""
        api, known = self._apis[server][tenant], self.tenants[tenant]
        ids = self._pick(tenant, chosen, *known.deleted)
        if len(ids) == 1:
            assert api.delete(ids[0]).status_code == 204
        elif ids:
            assert _delete_all(api, ids) == len(known.memories.keys() & set(ids))
        for memory_id in ids:
            known.memories.pop(memory_id, None)
        known.deleted = list({*known.deleted, *ids})
        self._search_all(searched, tenant)

    def access_foreign(self, server: int, tenant: int, pick: int, act: str) -> None:
        """Access a memory of the other tenant, which doesn't exist for this one."""
        api = self._apis[server][tenant]
        for memory_id in self._pick(1 - tenant, [pick]):
            if act == "delete all":
                assert _delete_all(api, [memory_id]) == 0
            else:
                arguments = ({"content": "mine now"},) if act == "put" else ()
                assert getattr(api, act)(memory_id, *arguments).status_code == 404

    def forget(self, server: int) -> None:
        """Make a server forget, at most once in a history, since it takes time."""
        if not self._has_forgotten:
            self._has_forgotten = True
            self._make_forget(server)

    def search(self, server: int, tenant: int, query: list[str], tag: str) -> None:
        """Search, and find what contains one of the words; without a model nothing else."""
        page = self._apis[server][tenant].page(q=" ".join(query), limit=200, tags=tag, min_confidence=0)
        allowed = {key: memory for key, memory in self.tenants[tenant].memories.items() if memory.has(tag)}
        matches = {key: memory for key, memory in allowed.items() if memory.words & {*query}}
        found = {hit["id"] for hit in page["memories"]}
        if self._has_model and matches.keys() <= found <= allowed.keys():
            matches = {key: allowed[key] for key in found}
        _compare(page, matches)

    def _search_all(self, server: int | None, tenant: int) -> None:
        if server is not None:
            self.search(server, tenant, [*WORDS, *TAGS], "")

    def _pick(self, tenant: int, chosen: list[int], *more: str) -> list[str]:
        """Return some of the ids of a tenant's memories and of `more`; none when there are none."""
        ids = sorted([*self.tenants[tenant].memories, *more])
        return list(dict.fromkeys(ids[pick % len(ids)] for pick in chosen)) if ids else []

    def _change(self, server: int, tenant: int, pick: int, **changes: Any) -> None:
        for memory_id in self._pick(tenant, [pick]):
            memory = self.tenants[tenant].memories[memory_id]
            response = self._apis[server][tenant].put(memory_id, changes)
            assert response.status_code == 200, response.text
            self.tenants[tenant].memories[memory_id] = replace(memory, version=memory.version + 1, **changes)


def _delete_all(api: RestApi, ids: list[str]) -> int:
    """Delete several together; return how many were deleted."""
    deleted: int = api.send("POST", "/memories/batch-delete", json={"ids": ids}).json()["deleted"]
    return deleted


def _compare(page: dict[str, Any], expected: dict[str, ExpectedMemory]) -> None:
    """Check that a page shows exactly these memories in their current state."""
    found = {
        memory["id"]: ExpectedMemory(memory["content"], memory.get("tags", []), memory["version"])
        for memory in page["memories"]
    }
    assert found == expected
    assert page["total"] == len(page["memories"]) == len(expected)

"""The ranking written down plainly over live documents, to compare with. Nothing here is fast."""

from __future__ import annotations

import math
from typing import NamedTuple

import pytest
from mnemo_server.domain.question import find_named, is_person
from mnemo_server.index.entries import EntryRow, encode_terms, facet, hash_session, hash_term

ENDS_ASKING, ASKS, TELLS_TIME = 1, 2, 4


class Document(NamedTuple):
    """A memory; one with a session is a message."""

    tokens: list
    tags: set
    session: str | None = None
    seq: int | None = None
    speaker: str | None = None
    traits: int = 0


def make_row(memory_id, document, *, revision=1, changed_at=0):
    """Make the search entry of a document; None for a deleted one."""
    if document is None:
        return EntryRow(memory_id, revision, changed_at, is_active=False, length=0, terms=b"")
    document = Document(*document)
    return EntryRow(
        memory_id,
        revision,
        changed_at,
        is_active=True,
        length=len(document.tokens),
        terms=encode_terms(document.tokens, [facet("tag", tag) for tag in document.tags]),
        session_key=None if document.session is None else hash_session(document.session),
        seq=document.seq,
        speaker=document.speaker,
        traits=document.traits,
    )


class Lexical:
    """BM25 over all documents; sums run in the order of the hashes, so that ties are ties here too."""

    def __init__(self, documents, terms):
        self.documents = documents
        count = len(documents)
        self.mean = sum(len(one[0]) for one in documents.values()) / count if count else 0
        self.frequency = {term: sum(term in one[0] for one in documents.values()) for term in set(terms)}
        rare = {term for term, df in self.frequency.items() if df <= max(0.1 * count, 64)}
        kept = rare if sum(1 for term in rare if self.frequency[term]) > 2 else set(self.frequency)
        self.idf = {
            term: math.log(1 + (count - self.frequency[term] + 0.5) / (self.frequency[term] + 0.5)) * 2.2
            for term in sorted(kept, key=hash_term)
        }
        self.best = sum(self.idf.values())

    def evidence(self, memory_id):
        """Return {term: BM25 share}."""
        tokens = self.documents[memory_id][0]
        norm = 1.2 * 0.6 + (1.2 * 0.4 / self.mean) * len(tokens) if tokens else 1
        return {term: tokens.count(term) / (tokens.count(term) + norm) for term in self.idf}

    def total(self, evidence):
        return sum(weight * evidence[term] for term, weight in self.idf.items())

    def scores(self, groups):
        """Return {memory_id: BM25} of all matches."""
        return {
            memory_id: self.total(self.evidence(memory_id)) / self.best
            for memory_id, document in self.documents.items()
            if any(term in document[0] for term in self.idf) and admits(document, groups)
        }


def admits(document, groups):
    return all(document[1] & set(group) for group in groups)


class Context:
    """The candidates of one question and what each sign adds."""

    def __init__(self, documents, question, groups, best_count):
        self.documents = {key: Document(*document) for key, document in documents.items()}
        self.question = question
        self.lexical = Lexical(self.documents, question.terms)
        self.bm25 = self.lexical.scores(groups)
        self.matches = sorted(self.bm25, key=lambda key: (-self.bm25[key], -key))
        self.best_count = best_count
        self.groups = groups
        self.candidates = self._choose()
        self.evidence = {key: self.lexical.evidence(key) for key in self.candidates}
        self.raw = {key: self.lexical.total(self.evidence[key]) for key in self.candidates}
        self.top = max(self.raw.values(), default=0)
        speakers = [self.documents[key].speaker or "" for key in self.candidates]
        self.named = find_named(question, speakers)

    def _thread(self, key):
        """Return all messages of the same session in their order."""
        document = self.documents[key]
        if document.session is None:
            return [key]
        same = [other for other, one in self.documents.items() if one.session == document.session]
        return sorted(same, key=lambda other: (self.documents[other].seq, other))

    def _near(self, key, distance):
        thread = self._thread(key)
        place = thread.index(key) + distance
        return thread[place] if 0 <= place < len(thread) else None

    def _choose(self):
        best = self.matches[: self.best_count]
        near = {self._near(key, distance) for key in best for distance in (-2, -1, 1, 2)} - {None}
        return set(best) | {key for key in near if admits(self.documents[key], self.groups)}

    def _said(self, key, distance=0):
        other = self._near(key, distance) if distance else key
        return self.raw[other] / self.top if other in self.candidates else 0

    def _is_reply(self, key):
        before = self._near(key, -1)
        asked = before in self.candidates and self.documents[before].traits & ASKS
        return bool(asked) and self.documents[before].speaker != self.documents[key].speaker

    def _coverage(self, key):
        before, behind = self._near(key, -1), self._near(key, 1)
        share = {before: 0.9 if self._is_reply(key) else 0.7, behind: 0.7}
        covered = {
            term: max(
                [own] + [share[near] * self.evidence[near][term] for near in share if near in self.candidates]
            )
            for term, own in self.evidence[key].items()
        }
        return (self.lexical.total(covered) - self.raw[key]) / self.top

    def _wording(self, key):
        traits = self.documents[key].traits
        score = 0.2 * (traits >> 3) / 3 - (0.1 if traits & ENDS_ASKING else 0)
        return score + (0.15 if traits & TELLS_TIME and self.question.asks_when else 0)

    def _literals(self, key):
        rare = {
            term: weight
            for term, weight in self.lexical.idf.items()
            if term in self.question.literals and 0 < self.lexical.frequency[term] <= 10
        }
        held = sum(weight for term, weight in rare.items() if self.evidence[key][term])
        return held / sum(rare.values()) if rare else 0

    def own_score(self, key):
        document = self.documents[key]
        score = self._said(key) + 0.4 * self._coverage(key) + 3 * self._literals(key)
        if document.session is None:
            return score + 0.4 * self._said(key)
        score += (0.3 if self._is_reply(key) else 0.1) * self._said(key, -1)
        score += 0.1 * (self._said(key, 1) + self._said(key, -2) + self._said(key, 2))
        if is_person(document.speaker):
            score += self._wording(key)
            score += 0.25 * self._said(key) if self._near(key, -1) is None else 0
        return score + (0.25 if document.speaker == self.named else 0)

    def final_scores(self):
        own = {key: self.own_score(key) for key in self.candidates}
        best = {}
        for key, score in own.items():
            group = self.documents[key].session or key
            best[group] = max(best.get(group, -math.inf), score)
        low, high = min(best.values()), max(best.values())
        span = max(high - low, 0.1)
        return {key: own[key] + 0.3 * (best[self.documents[key].session or key] - low) / span for key in own}

    def scores(self):
        """Return {memory_id: score} of the whole ranking."""
        if not self.matches:
            return {}
        final = self.final_scores()
        rest = {key: score for key, score in self.bm25.items() if key not in final}
        lowest = min(self.bm25.get(key, 0) for key in final)
        best, worst = self.bm25[self.matches[0]], max(rest.values(), default=lowest)
        low, high = min(final.values()), max(final.values())
        span = high - low
        if span < 1e-9:
            return dict.fromkeys(final, best) | rest
        shares = {key: (score - low) / span for key, score in final.items()}
        return {key: worst + (best - worst) * share for key, share in shares.items()} | rest


def _assert_same(found, memory_ids, expected):
    assert len(memory_ids) == len(expected)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def check_matches(matches, documents, terms, groups=()):
    """Compare matches with BM25 as it is defined."""
    found = dict(zip(matches.memory_ids.tolist(), matches.scores.tolist(), strict=True))
    _assert_same(found, matches.memory_ids, Lexical(documents, terms).scores(groups))
    order = [(-score, -memory_id) for memory_id, score in found.items()]
    assert order == sorted(order)
    assert all(0 < score <= 1 for score in found.values())


def check_ranking(ranking, documents, question, groups=(), *, best_count=100):
    """Compare a ranking with the definition."""
    found = dict(zip(ranking.memory_ids.tolist(), ranking.scores.tolist(), strict=True))
    _assert_same(found, ranking.memory_ids, Context(documents, question, groups, best_count).scores())
    scores = ranking.scores.tolist()
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)

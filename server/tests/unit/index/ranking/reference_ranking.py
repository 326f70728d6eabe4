"""The whole ranking of live documents in its simplest form, as a reference. Nothing here is optimised."""

from __future__ import annotations

import math

import pytest
from mnemo_server.domain.search.question import find_named, is_person

from server.tests.unit.index.ranking.reference_meaning import Meaning
from server.tests.unit.index.reference import Document, Lexical, assert_scores_equal, matches_groups

ENDS_ASKING, ASKS, TELLS_TIME = 1, 2, 4


class Kind:
    """One kind of evidence about the candidates: keywords or meaning."""

    def __init__(self, source, coverage, shares):
        self.source = source
        self.coverage = coverage
        self.shares = shares
        self.evidence = {key: source.evidence(key) for key in shares}
        self.raw = {key: source.total(self.evidence[key]) for key in shares}
        self.top = max(self.raw.values(), default=0) or 1

    def relevance(self, key):
        return self.shares[key] * self.raw[key] / self.top

    def quality(self, key):
        return self.shares[key] * self.raw[key] / (sum(self.source.weights.values()) or 1)

    def context_gain(self, key, discounts):
        """Return what neighbours add for items that the candidate covers less; {neighbour: discount}."""
        near = [(discount, self.evidence[one]) for one, discount in discounts.items() if one in self.evidence]
        best = {
            item: max([own] + [discount * evidence[item] for discount, evidence in near])
            for item, own in self.evidence[key].items()
        }
        return self.shares[key] * self.coverage * (self.source.total(best) - self.raw[key]) / self.top


class Context:
    """The candidates of one question, and what each signal adds."""

    def __init__(self, documents, question, groups, embedded, best_count):
        self.documents = {key: Document(*document) for key, document in documents.items()}
        self.question = question
        self.lexical = Lexical(self.documents, question.terms)
        has_content = embedded is not None and embedded.embedding.vector.any()
        self.meaning = Meaning(self.documents, self.lexical, embedded) if has_content else None
        self.bm25 = self.lexical.scores(groups)
        self.matches = sorted(self.bm25, key=lambda key: (-self.bm25[key], -key))
        self.groups = groups
        self.candidates = self._choose(best_count)
        self.kinds = self._gather()
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

    def _choose(self, best_count):
        best = set(self.matches[:best_count])
        best |= {key for key in self.bm25 if self._literals(key)}
        if self.meaning:
            best |= set(self.meaning.nearest(best_count, self.groups))
        near = {self._near(key, distance) for key in best for distance in (-2, -1, 1, 2)} - {None}
        return best | {key for key in near if matches_groups(self.documents[key], self.groups)}

    def _gather(self):
        has_words = {key: self.meaning is not None and self.meaning.has_words(key) for key in self.candidates}
        keywords = {key: 0.2 if has_words[key] else 1 for key in self.candidates}
        kinds = [Kind(self.lexical, 0.4, keywords)]
        if self.meaning:
            kinds.append(Kind(self.meaning, 0.9, {key: 0.8 * has_words[key] for key in self.candidates}))
        return kinds

    def _relevance(self, key, distance=0):
        other = self._near(key, distance) if distance else key
        return sum(kind.relevance(other) for kind in self.kinds) if other in self.candidates else 0

    def _is_reply(self, key):
        before = self._near(key, -1)
        refresh_requests = before in self.candidates and self.documents[before].traits & ASKS
        return bool(refresh_requests) and self.documents[before].speaker != self.documents[key].speaker

    def _coverage(self, key):
        discounts = {self._near(key, 1): 0.7, self._near(key, -1): 0.9 if self._is_reply(key) else 0.7}
        return sum(kind.context_gain(key, discounts) for kind in self.kinds)

    def _vector(self, key):
        """Return the closeness, scaled to 0 for the farthest candidate and 1 for the nearest."""
        known = [other for other in self.candidates if self.meaning and self.meaning.has_vector(other)]
        if not known:
            return 0
        if key not in known:
            return self._relevance(key)
        closeness = {other: self.meaning.closeness(other) for other in known}
        low, high = min(closeness.values()), max(closeness.values())
        return (closeness[key] - low) / (high - low) if high > low else 0

    def _wording(self, key):
        traits = self.documents[key].traits
        score = 0.2 * (traits >> 3) / 3 - (0.1 if traits & ENDS_ASKING else 0)
        return score + (0.15 if traits & TELLS_TIME and self.question.asks_when else 0)

    def _literals(self, key):
        rare = {
            term: weight
            for term, weight in self.lexical.weights.items()
            if term in self.question.literals and 0 < self.lexical.frequency[term] <= 10
        }
        weight_found = sum(weight for term, weight in rare.items() if term in self.documents[key].tokens)
        return weight_found / sum(rare.values()) if rare else 0

    def own_score(self, key):
        document = self.documents[key]
        score = self._relevance(key) + self._coverage(key) + 4 * self._literals(key) + 0.4 * self._vector(key)
        if document.session is None:
            return score + 0.4 * self._relevance(key)
        score += (0.3 if self._is_reply(key) else 0.1) * self._relevance(key, -1)
        score += 0.1 * (self._relevance(key, 1) + self._relevance(key, -2) + self._relevance(key, 2))
        if is_person(document.speaker):
            score += self._wording(key)
            score += 0.25 * self._relevance(key) if self._near(key, -1) is None else 0
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

    def _estimate(self, share):
        """Convert log odds to a probability."""
        quality = max(sum(kind.quality(key) for kind in self.kinds) for key in self.candidates)
        base, near, leader, steep = (-4.4, 2.1, 4.2, 2.3) if self.meaning else (-4.5, 3.2, 2.3, 1.2)
        share = max(share, 0)
        odds = base + near * share + leader * share**4 + steep * math.log(max(quality, 0.001))
        return 1 / (1 + math.exp(-odds))

    def scores(self):
        """Return {memory_id: score} of the whole ranking."""
        if not self.candidates:
            return {}
        final = self.final_scores()
        best = max(*final.values(), 0.001)
        scores = {key: self._estimate(score / best) for key, score in final.items()}
        lowest = min(scores.values())
        for key in self.matches:
            if key not in final:
                share = self.bm25[key] / self.bm25[self.matches[0]] / max(best, 1)
                scores[key] = min(self._estimate(share), lowest)
        return scores


def check_ranking(ranking, documents, question, groups=(), *, embedded=None, best_count=100):
    """Compare a ranking with the reference, and its explanations with its scores."""
    found = dict(zip(ranking.memory_ids.tolist(), ranking.scores.tolist(), strict=True))
    expected = Context(documents, question, groups, embedded, best_count).scores()
    # Closeness has 32 bits, about seven exact digits.
    assert_scores_equal(found, ranking.memory_ids, expected, error=1e-6 if embedded else 1e-9)
    check_scores(ranking)


def check_scores(ranking):
    """Check the properties that the scores of every ranking have."""
    scores = ranking.scores.tolist()
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    for place, score in enumerate(scores):
        assert sum(ranking.explain(place).values()) == pytest.approx(score, rel=0, abs=1e-9)

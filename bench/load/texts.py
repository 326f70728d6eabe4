"""Made-up memories, messages and questions, the same in every run."""

from __future__ import annotations

import random

_SERVICES = ["billing", "checkout", "search", "ledger", "gateway", "inbox", "scheduler", "mailer", "identity"]
_PARTS = ["migration", "retry", "cache", "index", "webhook", "timeout", "schema", "queue", "token", "backup"]
_VERBS = ["fails", "stalls", "doubles", "restarts", "drops", "rejects", "blocks", "leaks", "recovers"]
_WHENS = ["after a restart", "on Mondays", "under load", "behind the proxy", "in staging", "with two writers"]
_CAUSES = [
    "the pool is smaller than the number of workers",
    "the clock of the replica is four seconds late",
    "an old worker still holds the lock",
    "the header is stripped by the load balancer",
    "the connection string points at the wrong region",
]
_CURES = [
    "raise MAX_WORKERS to {number} and restart it",
    "run `make reset-{service}` before the next release",
    "see src/{service}/{part}.py:{number} and error E{number}",
    "ask the on-call engineer for the runbook, page {number}",
]


class Texts:
    """A source of sentences as an agent would store them, about 200 characters each."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def memory(self) -> str:
        """Return one memory."""
        pick = self._random.choice
        service, part = pick(_SERVICES), pick(_PARTS)
        cure = pick(_CURES).format(service=service, part=part, number=self._random.randrange(100, 9_999))
        return (
            f"The {part} of the {service} service {pick(_VERBS)} {pick(_WHENS)} because {pick(_CAUSES)}; "
            f"{cure}. Noted while working on the {pick(_PARTS)} of {pick(_SERVICES)}."
        )

    def question(self) -> str:
        """Return one question, seven words or so."""
        pick = self._random.choice
        return f"why {pick(_VERBS)} the {pick(_PARTS)} of {pick(_SERVICES)} {pick(_WHENS)}"

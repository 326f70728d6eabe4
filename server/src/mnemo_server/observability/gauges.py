"""Registers all gauges and counters of `/metrics`, except those of requests."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mnemo_server.index.resident.cache import SearchIndex
from mnemo_server.observability.metrics import Metrics
from mnemo_server.services.budget.ledger import Budget, Totals
from mnemo_server.services.embedding.service import EmbeddingService
from mnemo_server.services.jobs.run import Outcome
from mnemo_server.services.jobs.runner import JobRunner
from mnemo_server.wiring import Services


def offer_metrics(services: Services) -> Metrics:
    """Return the metrics with the numbers of all services registered."""
    metrics = Metrics()
    database, redactor = services.database, services.redactor
    metrics.gauge("mnemo_db_round_trips", "Statements sent to the database.", lambda: database.round_trips)
    metrics.counter("mnemo_redactions_total", "Secrets taken out of requests.", lambda: redactor.taken)
    _offer_index(metrics, services.index)
    _offer_embedding(metrics, services.embedding)
    _offer_jobs(metrics, services.job_runner)
    _offer_costs(metrics, services.budget)
    return metrics


def _offer_embedding(metrics: Metrics, embedding: EmbeddingService) -> None:
    metrics.gauge(
        "mnemo_embedder_ready", "Whether a model makes vectors: 1 or 0.", lambda: embedding.is_ready
    )
    metrics.gauge("mnemo_embedding_backlog", "Texts known to wait.", lambda: embedding.backlog)
    metrics.gauge(
        "mnemo_embedding_queue_age_seconds",
        "How long the oldest text in the queue has been waiting, in seconds.",
        lambda: embedding.queue_age_seconds,
    )
    metrics.counter("mnemo_embedding_embedded_total", "Texts embedded.", lambda: embedding.embedded)
    metrics.counter("mnemo_embedding_refused_total", "Texts refused.", lambda: embedding.refused)
    metrics.counter("mnemo_embedding_failed_total", "Texts in batches that failed.", lambda: embedding.failed)
    metrics.counter(
        "mnemo_embedding_failed_queries_total",
        "Questions without a vector.",
        lambda: embedding.failed_queries,
    )
    metrics.gauge(
        "mnemo_embedding_waiting_for_budget",
        "Texts among the backlog that wait for the next day's budget.",
        lambda: embedding.waiting_for_budget,
    )
    metrics.counter(
        "mnemo_embedding_unpaid_queries_total",
        "Questions without a vector because the budget is spent.",
        lambda: embedding.over_budget_queries,
    )


def _offer_index(metrics: Metrics, index: SearchIndex) -> None:
    codes = index.codes
    metrics.gauge("mnemo_index_bytes", "Bytes of the resident search indexes.", lambda: index.resident_bytes)
    metrics.gauge(
        "mnemo_index_code_bytes", "Bytes of the codes of words beside them.", lambda: codes.size_bytes
    )
    metrics.counter(
        "mnemo_index_code_hits_total",
        "Candidates whose codes of words were resident.",
        lambda: codes.hits,
    )
    metrics.counter(
        "mnemo_index_code_misses_total",
        "Candidates whose codes of words were read from the database.",
        lambda: codes.misses,
    )
    metrics.gauge(
        "mnemo_index_tenants", "Tenants whose search index is resident.", lambda: index.tenant_count
    )
    metrics.counter("mnemo_index_loads_total", "Search indexes loaded.", lambda: index.loads)
    metrics.counter("mnemo_index_evictions_total", "Search indexes evicted.", lambda: index.evictions)
    metrics.counter("mnemo_index_refreshes_total", "Refreshes before searches.", lambda: index.refreshes)
    metrics.counter(
        "mnemo_index_scans_total", "Searches of tenants too large for memory.", lambda: index.scans
    )


def _offer_jobs(metrics: Metrics, jobs: JobRunner) -> None:
    """Register the job counts of the whole database, some seconds old, and the outcomes of runs here."""
    metrics.gauge("mnemo_jobs_waiting", "Jobs that wait in the database.", lambda: jobs.counts.waiting)
    metrics.gauge("mnemo_jobs_running", "Jobs that any server works on.", lambda: jobs.counts.running)
    metrics.gauge("mnemo_jobs_failed", "Jobs that failed for good.", lambda: jobs.counts.failed)
    metrics.gauge(
        "mnemo_jobs_oldest_due_seconds",
        "How long the job that waits longest has been due, in seconds.",
        lambda: jobs.oldest_due_seconds,
    )
    for outcome, description in (
        (Outcome.DONE, "Runs after which nothing was left to do."),
        (Outcome.AGAIN, "Runs that went well and were not the last."),
        (Outcome.POSTPONED, "Runs that were put off, such as for want of budget."),
        (Outcome.RETRIED, "Attempts that failed and are repeated."),
        (Outcome.FAILED, "Attempts that failed and were the last."),
        (Outcome.LOST, "Runs that passed to another server."),
    ):
        read = partial(jobs.outcomes.__getitem__, outcome)
        metrics.counter(f"mnemo_job_runs_{outcome}_total", description, read)


def _offer_costs(metrics: Metrics, budget: Budget) -> None:
    """Register what models have cost since the start of this server, by kind."""

    def offer(name: str, description: str, read: Callable[[Totals], float]) -> None:
        metrics.counters(
            f"mnemo_model_{name}_total",
            description,
            "kind",
            lambda: {kind: read(totals) for kind, totals in budget.totals.items()},
        )

    offer("calls", "Requests to models.", lambda totals: totals.calls)
    offer("input_tokens", "Tokens sent to models.", lambda totals: totals.input_tokens)
    offer("output_tokens", "Tokens received from models.", lambda totals: totals.output_tokens)
    offer("cost", "What models cost, in the currency of the prices.", lambda totals: totals.cost)
    offer("refusals", "Requests that a budget didn't allow.", lambda totals: totals.refusals)

"""What was measured, as Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.common.pages import render_table
from bench.recall.datasets import DataSet
from bench.recall_blocks.hook import Block
from bench.recall_blocks.measures import Mean, Shown, compare, measure
from bench.recall_blocks.prompts import Prompt

#: Figures that are numbers rather than shares.
_NUMBERS = ("tokens", "lines", "stale turns")


def render(shown: Sequence[Shown], before: Mapping[str, Shown] | None) -> str:
    """Return a table of every figure; with earlier results also those, and the gain over the same prompts."""
    now = measure(shown)
    if before is None:
        rows = [[name, str(mean.count), _format(name, mean)] for name, mean in now.items()]
        return "\n".join(
            [*render_table(["", "prompts", "mean ± standard error"], rows), "", _describe_time(shown)]
        )
    earlier = measure(list(before.values()))
    gains = compare(before, identify(shown))
    rows = [
        [name, str(mean.count), *(_format(name, one.get(name)) for one in (earlier, now, gains))]
        for name, mean in now.items()
    ]
    head = ["", "prompts", "before", "now", "gain"]
    return "\n".join([*render_table(head, rows), "", _describe_time(shown)])


def render_blocks(shown: Sequence[Shown], data_set: DataSet, count: int) -> str:
    """Return blocks in full: of prompts that were served well, then of those that weren't, half each."""
    texts = {
        (one.name, turn.id): turn.text
        for one in data_set.conversations
        for session in one.sessions
        for turn in session.turns
    }
    good = [one for one in shown if one.prompt.kind == "relevant" and one.prompt.must in one.turns]
    bad = [one for one in shown if _is_bad(one)]
    half = -(-count // 2)
    chosen = [*_spread(good, half), *_spread(bad, count - half)]
    return "\n\n".join(_render_block(number, one, texts) for number, one in enumerate(chosen, start=1))


def _render_block(number: int, one: Shown, texts: Mapping[tuple[str, str], str]) -> str:
    expected = texts.get((one.prompt.project, one.prompt.must), "nothing: no remembered turn matters")
    title = " ".join(one.prompt.text.split())[:60]
    return (
        f"### {number}. {one.prompt.project}: {title}\n\n"
        f"```text\n{one.prompt.text}\n```\n\nWished for: {' '.join(expected.split())}\n\n"
        f"```text\n{one.block.text or '(no block)'}\n```"
    )


def to_json(shown: Sequence[Shown]) -> str:
    """Return every prompt with its block and the turns that it shows."""
    return json.dumps([_to_dict(one) for one in shown], ensure_ascii=False, indent=1)


def read_json(path: Path) -> dict[str, Shown]:
    """Read what `to_json` returned, by prompt.

    Raises:
        OSError: the file can't be read.
        ValueError: it isn't of the form.
    """
    try:
        return identify([_from_dict(item) for item in json.loads(path.read_text(encoding="utf-8"))])
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} isn't a result of this benchmark: {error!r}") from error


def identify(shown: Sequence[Shown]) -> dict[str, Shown]:
    """Return results by a key that identifies their prompts."""
    return {f"{one.prompt.project}: {one.prompt.kind}: {one.prompt.text}": one for one in shown}


def _is_bad(one: Shown) -> bool:
    if one.prompt.kind == "irrelevant":
        return bool(one.block.text)
    return one.prompt.kind == "relevant" and (not one.shows_evidence or one.misleads)


def _spread(found: Sequence[Shown], count: int) -> list[Shown]:
    """Return some of the results, spread over all of them."""
    step = max(len(found) / count, 1.0) if count else 1.0
    return [found[int(place * step)] for place in range(min(count, len(found)))]


def _format(name: str, mean: Mean | None) -> str:
    if mean is None:
        return ""
    if any(word in name for word in _NUMBERS):
        return f"{mean.value:.2f} ± {mean.error:.2f}"
    return f"{mean.value * 100:.1f} ± {mean.error * 100:.1f} %"


def _describe_time(shown: Sequence[Shown]) -> str:
    times = sorted(one.block.elapsed_ms for one in shown)
    middle, late = times[len(times) // 2], times[len(times) * 95 // 100]
    return f"Hook, process start included: p50 {middle:.0f} ms, p95 {late:.0f} ms."


def _to_dict(one: Shown) -> dict[str, object]:
    prompt = one.prompt
    return {
        "project": prompt.project,
        "kind": prompt.kind,
        "text": prompt.text,
        "evidence": sorted(prompt.evidence),
        "must": prompt.must,
        "stale": sorted(prompt.stale),
        "is_hard": prompt.is_hard,
        "language": prompt.language,
        "block": one.block.text,
        "elapsed_ms": one.block.elapsed_ms,
        "turns": list(one.turns),
        "strangers": one.foreign_lines,
    }


def _from_dict(item: Mapping[str, object]) -> Shown:
    prompt = Prompt(
        project=str(item["project"]),
        kind=item["kind"],  # type: ignore[arg-type]
        text=str(item["text"]),
        evidence=frozenset(map(str, item["evidence"])),  # type: ignore[call-overload]
        must=str(item["must"]),
        stale=frozenset(map(str, item["stale"])),  # type: ignore[call-overload]
        is_hard=bool(item["is_hard"]),
        language=str(item["language"]),
    )
    block = Block(str(item["block"]), float(str(item["elapsed_ms"])))
    return Shown(prompt, block, tuple(map(str, item["turns"])), int(str(item["strangers"])))  # type: ignore[call-overload]

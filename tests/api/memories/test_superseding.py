"""Of contradicting memories the newest is current; the older one is kept and can be read and restored."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.interfaces.rest import RestApi, ids_of, make_mark, make_messages

#: subject, what was true, what is true now, the query
PAIRS = [
    ("user/employer", "The user works at Acme", "The user works at Borealis", "where does the user work"),
    ("user/city", "The user lives in Berlin", "The user lives in Lisbon", "which city does the user live in"),
    ("user/name", "The user is called Ann Lee", "The user is called Ann Moss", "what is the user called"),
    ("user/editor", "The favourite editor is vim", "The favourite editor is helix", "favourite editor"),
    ("user/shell", "The preferred shell is bash", "The preferred shell is fish", "preferred shell"),
    ("user/language", "Answers shall be in German", "Answers shall be in English", "language of answers"),
    ("user/phone", "The phone number is 555-0100", "The phone number is 555-0199", "phone number"),
    ("user/diet", "The user eats fish", "The user eats no fish", "does the user eat fish"),
    ("user/manager", "The user reports to Bob", "The user reports to Carol", "who does the user report to"),
    ("user/timezone", "The timezone is CET", "The timezone is WET", "which timezone"),
    ("deploy/day", "Deploys happen on Tuesdays", "Deploys happen on Thursdays", "when do deploys happen"),
    ("deploy/target", "Deploys go to the Nomad cluster", "Deploys go to Kubernetes", "where do deploys go"),
    ("db/staging", "The staging database is db-7", "The staging database is db-9", "staging database"),
    ("db/engine", "The ledger runs on Postgres", "The ledger runs on TiDB", "what does the ledger run on"),
    ("api/port", "The gateway listens on port 8080", "The gateway listens on port 8443", "gateway port"),
    ("api/version", "The current API is v1alpha1", "The current API is v1alpha2", "current API version"),
    ("ci/runner", "The CI runs on Jenkins", "The CI runs on Forgejo", "what does the CI run on"),
    ("style/indent", "Indent with tabs", "Indent with four spaces", "how to indent"),
    ("oncall/who", "On call this quarter is Dave", "On call this quarter is Erin", "who is on call"),
    ("release/branch", "Releases are cut from main", "Releases are cut from stable", "branch for releases"),
]  # fmt: skip
each_pair = pytest.mark.parametrize(
    ("subject", "older", "newer", "question"), PAIRS, ids=[p[0] for p in PAIRS]
)


def stored(api: RestApi, content: str, **fields: object) -> dict:
    """Store a memory and return the whole response."""
    answer = api.post({"content": content, **fields})
    assert answer.status_code == 202, answer.text
    return answer.json()


def restore(api: RestApi, memory_id: str, **body: object):
    return api.send("POST", f"/memories/{memory_id}/restore", json=body)


def history(api: RestApi, memory_id: str) -> dict:
    answer = api.send("GET", f"/memories/{memory_id}/history")
    assert answer.status_code == 200, answer.text
    return answer.json()


def actions(api: RestApi, memory_id: str) -> list[str]:
    """Return what happened to a memory, newest first."""
    return [change["action"] for change in history(api, memory_id)["changes"]]


@each_pair
@pytest.mark.parametrize("means", ["subject", "replaces"])
def test_only_the_newest_of_a_contradiction_is_current_and_restoring_reverses_it(
    api: RestApi, *, means: str, subject: str, older: str, newer: str, question: str
):
    by_subject = {"subject": subject} if means == "subject" else {}
    api.store("Something else that the user works on, at a port of a database in a city")
    first = stored(api, older, **by_subject)["memory"]
    answer = stored(api, newer, **(by_subject or {"replaces": first["id"]}))
    second = answer["memory"]
    assert (answer["outcome"], answer["superseded"]) == ("created", [first["id"]])

    assert_holds(api, second, first, question)
    gone = api.get(first["id"]).json()
    assert (gone["superseded_by"], gone["version"], gone["content"]) == (second["id"], 2, older)
    assert gone["superseded_at"] == second["created_at"]
    for then in (first["created_at"], just_before(second["created_at"])):
        assert_holds(api, first, second, question, as_of=then)
    assert_holds(api, second, first, question, as_of=second["created_at"])
    shown = api.page(q=question, include_superseded=True)["memories"]
    assert {first["id"], second["id"]} <= set(ids_of(shown))

    answer = restore(api, first["id"])
    assert answer.status_code == 200
    back = answer.json()
    assert (back["content"], back["version"]) == (older, 3)
    assert "superseded_by" not in back
    assert_holds(api, back, second, question)
    assert api.get(second["id"]).json()["superseded_by"] == first["id"]
    # The past stays as it was.
    assert_holds(api, second, first, question, as_of=just_before(back["updated_at"]))
    assert actions(api, first["id"]) == ["restored", "superseded", "created"]
    assert actions(api, second["id"]) == ["superseded", "created"]


def assert_holds(api: RestApi, shown: dict, hidden: dict, question: str, **query: object) -> None:
    """Check that one memory is listed and found, and the other one isn't."""
    listed = api.page(limit=100, **query)
    found = api.page(q=question, limit=100, **query)
    for page in (listed, found):
        ids = ids_of(page["memories"])
        assert (shown["id"] in ids, hidden["id"] in ids) == (True, False)
        assert len(ids) == page["total"]
        texts = {memory["id"]: memory["content"] for memory in page["memories"]}
        assert texts[shown["id"]] == shown["content"]


def just_before(moment: str) -> str:
    """Return the moment a microsecond earlier."""
    head, _, fraction = moment.removesuffix("Z").partition(".")
    number = int((fraction or "0").ljust(6, "0"))
    assert number > 0  # otherwise it is at a full second, once in a million
    return f"{head}.{number - 1:06}Z"


def test_a_subject_belongs_to_its_project(api: RestApi):
    everywhere = stored(api, "The port is 1", subject="port")
    atlas = stored(api, "The port is 2", subject="port", project="atlas")
    assert "superseded" not in atlas
    again = stored(api, "The port is 3", subject="port", project="atlas")
    assert again["superseded"] == [atlas["id"]]
    assert "superseded_by" not in api.get(everywhere["id"]).json()
    assert ids_of(api.page(subject="port")["memories"]) == [again["id"], everywhere["id"]]
    assert ids_of(api.page(q="port", subject="port", project="atlas")["memories"]) == [again["id"]]
    assert api.page(subject="another")["total"] == api.page(q="port", subject="another")["total"] == 0


def test_stores_of_one_subject_form_a_chain_with_one_current_memory(api: RestApi):
    answers = [stored(api, f"The port is {number}", subject="port") for number in range(5)]
    assert api.contents(subject="port") == ["The port is 4"]
    assert api.contents(subject="port", include_superseded=True) == [
        f"The port is {number}" for number in (4, 3, 2, 1, 0)
    ]
    chain = [api.get(answer["id"]).json().get("superseded_by") for answer in answers]
    assert chain == [*(answer["id"] for answer in answers[1:]), None]
    # Replacing one of the chain by its id supersedes the memory that is current by now.
    last = stored(api, "There is no port", replaces=answers[1]["id"])
    assert last["superseded"] == [answers[4]["id"]]
    assert api.page(subject="port")["total"] == 0


@pytest.mark.parametrize("replaces", ["0" * 13, "nonsense", "ÿ"])
def test_replacing_an_unknown_memory_is_refused_and_stores_nothing(api: RestApi, replaces: str):
    answer = api.post({"content": "x", "replaces": replaces}, **{"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (404, "memory_not_found")
    assert api.page()["total"] == 0
    assert api.post({"content": "x"}, **{"Idempotency-Key": "k"}).status_code == 202


def test_replacing_a_deleted_memory_is_refused(api: RestApi):
    deleted = api.store("old")
    api.delete(deleted["id"])
    assert api.post({"content": "new", "replaces": deleted["id"]}).status_code == 404


def test_a_pinned_memory_can_be_replaced_by_its_id(api: RestApi):
    pinned = api.store("the rule", memory_type="pinned")
    answer = api.post({"content": "the new rule", "memory_type": "pinned", "replaces": pinned["id"]})
    assert (answer.status_code, answer.json()["superseded"]) == (201, [pinned["id"]])
    assert api.contents() == ["the new rule"]


def test_a_superseded_memory_can_be_updated_and_stays_superseded(api: RestApi):
    old = stored(api, "The port is 1", subject="port")
    new = stored(api, "The port is 2", subject="port")
    changed = api.put(old["id"], {"content": "Formerly the port was 1", "tags": ["history"]})
    assert changed.json()["superseded_by"] == new["id"]
    assert api.contents() == ["The port is 2"]
    assert api.contents(q="port formerly") == ["The port is 2"]
    assert api.contents(q="formerly", include_superseded=True) == ["Formerly the port was 1"]
    assert actions(api, old["id"]) == ["updated", "superseded", "created"]


def test_deleting_the_current_memory_leaves_its_subject_without_one(api: RestApi):
    old = stored(api, "The port is 1", subject="port")
    new = stored(api, "The port is 2", subject="port")
    api.delete(new["id"])
    assert api.page(subject="port")["total"] == 0
    newest = stored(api, "The port is 3", subject="port")
    assert "superseded" not in newest
    back = restore(api, old["id"]).json()
    assert (back["content"], back["version"]) == ("The port is 1", 3)
    assert api.get(newest["id"]).json()["superseded_by"] == old["id"]


def test_racing_stores_of_one_subject_leave_one_that_holds(api: RestApi, second_server):
    with RestApi(second_server.url, api.api_key) as other, ThreadPoolExecutor(8) as pool:

        def store(number: int) -> dict:
            return stored((api, other)[number % 2], f"The port is {number}", subject="port")

        answers = list(pool.map(store, range(40)))
        ids = {answer["id"] for answer in answers}
        assert len(ids) == 40
        for tenant in (api, other):
            (current,) = tenant.page(subject="port")["memories"]
            (found,) = tenant.page(q="port", limit=100)["memories"]
            assert found["id"] == current["id"]
            everything = tenant.page(subject="port", include_superseded=True, limit=100)
            assert set(ids_of(everything["memories"])) == ids
        superseded = [one for answer in answers for one in answer.get("superseded", [])]
        assert sorted(superseded) == sorted(ids - {current["id"]})


def test_messages_can_be_replaced_and_stay_in_their_session(api: RestApi):
    api.post({"session_id": "s", "messages": make_messages("The port is 8080")})
    (message,) = api.messages("s")
    stored(api, "The port is 8443", replaces=message["id"])
    assert api.contents(q="port") == ["The port is 8443"]
    assert [one["content"] for one in api.messages("s")] == ["The port is 8080"]


def test_the_history_shows_who_superseded_a_memory_and_why(api: RestApi):
    mark = make_mark()
    old = stored(api, f"old {mark}", subject="s", tags=["a"], metadata={"k": 1})["memory"]
    answer = api.post({"content": f"new {mark}", "subject": "s"}, **{"X-Mnemo-Agent-Id": "codex"}).json()
    told = history(api, old["id"])
    assert told["memory"] == api.get(old["id"]).json()
    change, creation = told["changes"]
    assert (change["action"], change["version"], change["agent_id"]) == ("superseded", 2, "codex")
    assert change["detail"] == {"reason": "subject", "by": answer["id"]}
    kept = ("content", "tags", "metadata", "subject", "version", "state", "updated_at")
    assert {name: change["before"][name] for name in kept} == {name: old[name] for name in kept}
    assert (creation["action"], creation["version"]) == ("created", 1)
    assert "before" not in creation

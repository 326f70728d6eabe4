from __future__ import annotations

from mnemo_server.services.messages import service


async def test_messages_beyond_the_maximum_size_of_a_response_need_a_limit(app, monkeypatch):
    monkeypatch.setattr(service, "MAX_ANSWER_BYTES", 1_000)
    messages = [{"role": "user", "content": f"{place} " + "x" * 300} for place in range(5)]
    await app.call("POST", "/v1alpha2/mem9s/memories", json={"messages": messages, "session_id": "s"})
    path = "/v1alpha2/mem9s/session-messages?session_id=s"

    status, response, _ = await app.call("GET", path)
    assert (status, response["fields"]["field"]) == (400, "limit_per_session")
    status, response, _ = await app.call("GET", f"{path}&limit_per_session=3")
    assert [one["seq"] for one in response["messages"]] == [2, 3, 4]

"""Handlers of sessions."""

from __future__ import annotations

from aiohttp import web
from mnemos_contract.messages import SessionMessages, SessionMessagesQuery

from mnemo_server.http.context import TenantCall
from mnemo_server.http.responses import json_response
from mnemo_server.services.messages.service import MessageService


class SessionHandlers:
    """The route `/session-messages`."""

    def __init__(self, messages: MessageService) -> None:
        self._messages = messages

    async def list_session_messages(self, call: TenantCall[SessionMessagesQuery]) -> web.Response:
        """Read the messages of some sessions."""
        limit = call.sent.limit_per_session
        messages = await self._messages.list_messages(call.caller, call.sent.session_id, limit)
        return json_response(SessionMessages.model_construct(messages=messages, limit_per_session=limit))

"""Any language model behind OpenAI's chat API: of OpenAI, of a gateway, or self-hosted."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mnemo_server.llm.chat_responses import read_completion
from mnemo_server.llm.ports import (
    Completion,
    LanguageModel,
    ModelMisconfigured,
    ModelRefused,
    ModelUnavailable,
    estimate_call,
)
from mnemo_server.openai_client import (
    Access,
    EndpointUnavailable,
    Patience,
    RequestRefused,
    SettingsRefused,
)

if TYPE_CHECKING:
    from openai import AsyncOpenAI

#: The names of the output limit: newer models of OpenAI accept only the first one, most other servers the
#: second.
_NEW_LIMIT: Final = "max_completion_tokens"
_OLD_LIMIT: Final = "max_tokens"


@dataclass(frozen=True, slots=True)
class _Form:
    """The form of a request; endpoints differ in what they accept."""

    limit: str
    in_json: bool

    def options(self, max_output_tokens: int) -> dict[str, Any]:
        """Return the members of the request that differ between forms."""
        options: dict[str, Any] = {self.limit: max_output_tokens}
        return options | {"response_format": {"type": "json_object"}} if self.in_json else options


class OpenAiLanguageModel(LanguageModel):
    """Completes texts at an endpoint."""

    def __init__(self, model: str, base_url: str | None, api_key: str | None, patience: Patience) -> None:
        """Accept the model's name, the address (None: OpenAI), the key, and the timeout and retries."""
        self._access = Access("language model's endpoint", "MNEMO_LLM", base_url, api_key)
        self._model = model
        self._patience = patience
        self._client: AsyncOpenAI | None = None
        self._opening = asyncio.Lock()
        self._is_open = True
        limits = (_NEW_LIMIT, _OLD_LIMIT) if self._access.is_openai else (_OLD_LIMIT, _NEW_LIMIT)
        #: The forms that may work, the best first; once one has worked, only that one.
        self._forms = [_Form(limit, in_json) for limit in limits for in_json in (True, False)]

    @property
    def name(self) -> str:
        """See `LanguageModel`."""
        return self._access.name_model(self._model)

    async def complete(self, system: str, user: str, max_output_tokens: int) -> Completion:
        """See `LanguageModel`.

        Wrong settings count as temporary: they aren't a fault of the request.
        """
        seconds = self._patience.seconds
        try:
            async with asyncio.timeout(seconds):  # over all forms together
                content = await self._ask(system, user, max_output_tokens)
        except TimeoutError:
            raise ModelUnavailable(f"The language model didn't respond within {seconds:g} seconds.") from None
        except EndpointUnavailable as error:
            raise ModelUnavailable(
                str(error), retry_after_seconds=error.retry_after_seconds, is_unspent=error.is_unspent
            ) from None
        except SettingsRefused as error:
            raise ModelMisconfigured(str(error), is_unspent=True) from None
        except RequestRefused as error:
            raise ModelRefused(str(error)) from None
        return read_completion(content, sent_tokens=estimate_call(system, user, 0))

    async def close(self) -> None:
        """Close the connections."""
        self._is_open = False
        if self._client is not None:
            await self._client.close()

    async def _ask(self, system: str, user: str, max_output_tokens: int) -> bytes:
        """Send a request in the first form that the endpoint accepts, and remember that form."""
        client = await self._connect()
        forms = list(self._forms)
        while True:
            form = forms.pop(0)
            try:
                content = await self._send(client, system, user, form.options(max_output_tokens))
            except RequestRefused:
                if not forms:
                    raise
            else:
                self._forms = [form]
                return content

    async def _send(self, client: AsyncOpenAI, system: str, user: str, options: dict[str, Any]) -> bytes:
        create: Any = client.chat.completions.with_raw_response.create
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        return await self._access.send(
            lambda: create(model=self._model, messages=messages, timeout=self._patience.seconds, **options),
            self._patience,
        )

    async def _connect(self) -> AsyncOpenAI:
        async with self._opening:
            if self._is_open and self._client is None:
                self._client = await asyncio.to_thread(self._access.open_client)
        if self._client is None or not self._is_open:
            raise ModelUnavailable("The language model was closed.")
        return self._client

"""Asks the graph over HTTP, and goes on asking through outages."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from types import TracebackType
from typing import Self, TypeVar

import httpx
from msgspec import Struct, json

from simulator.graph.operations import Credentials, GraphRefused, Operation, Outage, Outcome, Result
from simulator.graph.patience import Patience
from simulator.graph.watching import Thread, watch

T = TypeVar("T")
OutcomeT = TypeVar("OutcomeT", bound=Outcome)
STILL_RUNNING = "RequestInProgress"
BUSY_STATUSES = frozenset({408, 425, 429})
TIMEOUT_S = 15.0
PATIENT = Patience()


class Request(Struct, frozen=True):
    query: str
    variables: Mapping[str, object]


class Graph:
    """One client; it keeps its connections open until it is closed. Safe to share between tasks."""

    def __init__(
        self,
        url: str,
        *,
        credentials: Credentials | None = None,
        patience: Patience = PATIENT,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        """Without credentials it browses anonymously. A given `http` is shared and stays open."""
        self.url = url
        self.credentials = credentials
        self.patience = patience
        self._http = http or httpx.AsyncClient(timeout=TIMEOUT_S)
        self._owns_http = http is None

    def signed_in_as(self, credentials: Credentials) -> "Graph":
        """The same graph for another person, over the same connections."""
        return Graph(self.url, credentials=credentials, patience=self.patience, http=self._http)

    async def ask(self, operation: Operation[T], variables: Mapping[str, object], *, seen: str | None = None) -> T:
        """The operation's data. `seen`: a consistencyToken that the answer must not be older than.

        Raises:
            Outage: patience ran out.
            GraphRefused: the graph will not answer this, or the token is refused although it is fresh.
        """
        body = json.encode(Request(operation.document, variables))
        waits = self.patience.waits()
        renewed = False
        while True:
            try:
                return operation.read(await self._post(body, seen))
            except GraphRefused as refused:
                if self.credentials is None or not refused.is_stale_token or renewed:
                    raise
                self.credentials.forget()
                renewed = True
            except Outage as outage:
                wait = next(waits, None)
                if wait is None or not operation.repeatable:
                    raise
                await asyncio.sleep(max(wait, outage.retry_after_s))

    async def act(self, mutation: Operation[Result[OutcomeT]], order: object) -> OutcomeT:
        """What the mutation came to, refusals too. `order` is its input; it is sent again while its first request runs.

        Raises as `ask` does.
        """
        waits = self.patience.waits()
        while True:
            outcome = (await self.ask(mutation, {"input": order})).result
            wait = next(waits, None) if outcome.typename == STILL_RUNNING else None
            if wait is None:
                return outcome
            await asyncio.sleep(wait)

    def watch(
        self, operation: Operation[T], variables: Mapping[str, object], thread: Thread[T]
    ) -> AsyncGenerator[T, None]:
        """Each item of a subscription; after a cut it resumes where `thread` says. See `simulator.graph.watching`."""
        return watch(self.url, operation, variables, thread, self.credentials, self.patience)

    async def _post(self, body: bytes, seen: str | None) -> bytes:
        headers = {"content-type": "application/json", "accept": "application/graphql-response+json, application/json"}
        if self.credentials is not None:
            headers["authorization"] = f"Bearer {await self.credentials.token()}"
        if seen is not None:
            headers["x-consistency-token"] = seen
        try:
            response = await self._http.post(self.url, content=body, headers=headers)
        except httpx.TransportError as cut:
            raise Outage(f"The graph at {self.url} does not answer: {cut or type(cut).__name__}.") from cut
        if response.status_code in BUSY_STATUSES or response.status_code >= 500:
            raise Outage(f"The graph answered {response.status_code}.", waiting_time_s(response))
        return response.content

    async def close(self) -> None:
        if self._owns_http:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def waiting_time_s(response: httpx.Response) -> float:
    """Retry-After in seconds, 0 if there is none; its form as a date is not worth reading."""
    said = response.headers.get("retry-after", "")
    return min(float(said), 60.0) if said.isdigit() else 0.0

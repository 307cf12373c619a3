"""Executing: one subgraph's documents run for one caller, and whatever goes wrong made fit for clients."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast

from graphql import DocumentNode, ExecutionResult, GraphQLError, OperationType

from kernel.graph.context import GraphContext
from kernel.graph.documents import Documents, RequestInvalid
from kernel.graph.errors import OUTAGES, BadUserInput, Unavailable, present
from kernel.graph.federation import SubgraphSchema
from kernel.graph.limits import Limits
from runtime.logs import logger
from runtime.serving import measuring
from runtime.serving.callers import Caller
from runtime.serving.core import NotExecuted, Run, VariablesInvalid, build
from runtime.serving.requests import GraphRequest

DEADLINE_S = 15.0

Errors = list[dict[str, object]]


@dataclass(frozen=True)
class Served:
    """One subgraph and how its resolvers' context is made for a caller."""

    name: str
    schema: SubgraphSchema
    context: Callable[[Caller], GraphContext]


@dataclass(frozen=True)
class Answer:
    """A GraphQL result; `refused` when nothing was executed, so that it has errors and no data."""

    payload: dict[str, object]
    refused: bool = False

    @property
    def errors(self) -> Errors:
        return cast("Errors", self.payload.get("errors", []))


@dataclass(frozen=True)
class Operation:
    """A valid operation and who asks for it."""

    document: DocumentNode
    kind: OperationType
    name: str | None
    request: GraphRequest
    caller: Caller


class Refusing(Exception):
    """The request is refused before anything ran."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("refused")
        self.answer = answer


class Execution:
    """Runs the operations of one subgraph."""

    def __init__(
        self,
        served: Served,
        limits: Limits | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self.name = served.name
        self._served = served
        self._documents = Documents(served.schema.core, limits)
        self._deadline_s = deadline_s
        self._log = logger(f"serving.{served.name}")

    def prepare(self, request: GraphRequest, caller: Caller) -> Operation:
        """The operation to run.

        Raises:
            Refusing: the document does not parse, is beyond a limit or is not valid.
        """
        try:
            document, node = self._documents.operation(request.query, request.operation_name, request.variables)
        except RequestInvalid as invalid:
            raise Refusing(self._refused(invalid.errors, caller)) from None
        name = node.name.value if node.name else None
        return Operation(document, node.operation, name, request, caller)

    def refusal(self, error: GraphQLError, request_id: str) -> Answer:
        """The answer to a request that could not even be read."""
        return Answer({"errors": [present(error, request_id).payload]}, refused=True)

    async def execute(self, operation: Operation) -> Answer:
        """The result of a query or mutation; outages and time-outs answer UNAVAILABLE."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._deadline_s):
                result = await self._run(operation).result()
            return self._answer(result, operation.caller)
        except Refusing as refusing:
            return refusing.answer
        except TimeoutError:
            return self._answer(ExecutionResult(None, [Unavailable("It took too long: try again.")]), operation.caller)
        except Exception as error:  # noqa: BLE001  (masked and logged: nothing of it reaches the client)
            return self._failed(error, operation.caller)
        finally:
            self._measured(operation, started)

    async def subscribe(self, operation: Operation) -> AsyncGenerator[Answer, None]:
        """The results of a subscription; an error on the way is the last one."""
        started = time.perf_counter()
        watchers = measuring.WATCHERS.labels(self.name)
        watchers.inc()
        try:
            stream = await self._source(operation)
            self._measured(operation, started)
            async with aclosing(stream):
                async for result in stream:
                    measuring.ITEMS.labels(self.name).inc()
                    yield self._answer(result, operation.caller)
        except Refusing as refusing:
            yield refusing.answer
        except Exception as error:  # noqa: BLE001  (masked and logged: nothing of it reaches the client)
            yield self._failed(error, operation.caller)
        finally:
            watchers.dec()

    async def _source(self, operation: Operation) -> AsyncGenerator[ExecutionResult, None]:
        run = self._run(operation)
        try:
            async with asyncio.timeout(self._deadline_s):
                return await run.events()
        except NotExecuted as reason:
            raise Refusing(self._refused(reason.errors, operation.caller)) from None

    def _run(self, operation: Operation) -> Run:
        caller = operation.caller
        try:
            return build(self._served.schema, operation.document, operation.request, self._served.context(caller))
        except VariablesInvalid as invalid:
            for error in invalid.errors:
                error.extensions = {"code": BadUserInput.code}
            raise Refusing(self._refused(invalid.errors, caller)) from None

    def _answer(self, result: ExecutionResult, caller: Caller) -> Answer:
        payload: dict[str, object] = {"data": result.data}
        if result.errors:
            payload["errors"] = self._presented(result.errors, caller)
        return Answer(payload)

    def _refused(self, errors: Sequence[GraphQLError], caller: Caller) -> Answer:
        return Answer({"errors": self._presented(errors, caller)}, refused=True)

    def _failed(self, error: Exception, caller: Caller) -> Answer:
        known = error if isinstance(error, GraphQLError) else GraphQLError(str(error), original_error=error)
        return Answer({"data": None, "errors": self._presented([known], caller)})

    def _presented(self, errors: Sequence[GraphQLError], caller: Caller) -> Errors:
        shown: Errors = []
        for error in errors:
            presented = present(error, caller.request_id)
            if presented.cause is not None:
                self._lament(presented.cause, error.path, caller)
            extensions = cast("dict[str, str]", presented.payload["extensions"])
            measuring.ERRORS.labels(self.name, extensions["code"]).inc()
            shown.append(presented.payload)
        return shown

    def _lament(self, cause: BaseException, path: Sequence[str | int] | None, caller: Caller) -> None:
        where: dict[str, object] = {"path": path, "request_id": caller.request_id}
        if isinstance(cause, OUTAGES):  # No mistake of ours: every request meets it, so one line each must do.
            self._log.warning("an operation met an outage", error=f"{type(cause).__name__}: {cause}", **where)
        else:
            self._log.error("an operation failed", exc_info=cause, **where)

    def _measured(self, operation: Operation, started: float) -> None:
        labels = (self.name, operation.kind.value, measuring.OPERATIONS.of(operation.name))
        measuring.OPERATION_SECONDS.labels(*labels).observe(time.perf_counter() - started)

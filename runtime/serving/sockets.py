"""GraphQL over WebSocket: the graphql-transport-ws protocol to the letter.

Close codes: 4400 a frame that is none · 4401 subscribed before the acknowledgement · 4403 not admitted, or the token
has expired · 4406 another subprotocol · 4408 no initialisation in time · 4409 an id twice · 4429 initialised twice ·
1012 the process stops · 1013 tokens cannot be verified just now.
"""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing, suppress

import orjson
from graphql import OperationType
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from kernel.graph.errors import GraphProblem
from runtime.logs import request_context
from runtime.serving import measuring
from runtime.serving.callers import Caller, Door, NotAdmitted
from runtime.serving.executing import Answer, Execution, Operation, Refusing
from runtime.serving.frames import Complete, ConnectionInit, Frame, FrameInvalid, Ping, Pong, Subscribe, read_frame
from runtime.serving.requests import read_request

PROTOCOL = "graphql-transport-ws"
INIT_WITHIN_S = 3.0


class Closing(Exception):
    """Ends the socket with a close code and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Sockets:
    """The WebSocket endpoint of one subgraph."""

    def __init__(self, execution: Execution, door: Door, init_within_s: float = INIT_WITHIN_S) -> None:
        self._execution = execution
        self._door = door
        self._init_within_s = init_within_s

    async def converse(self, websocket: WebSocket) -> None:
        # Browsers never come here: they meet the router, which knows its origins. Others send no Origin.
        if "origin" in websocket.headers:
            await websocket.send_denial_response(Response(status_code=403))
            return
        if PROTOCOL not in websocket.scope["subprotocols"]:
            await websocket.accept()
            await websocket.close(4406, "Subprotocol not acceptable")
            return
        await websocket.accept(PROTOCOL)
        sockets = measuring.SOCKETS.labels(self._execution.name)
        sockets.inc()
        try:
            await Conversation(websocket, self._execution, self._door).hold(self._init_within_s)
        finally:
            sockets.dec()


class Conversation:
    """One socket from its first frame to its last; every operation on it is a task that ends with it."""

    def __init__(self, websocket: WebSocket, execution: Execution, door: Door) -> None:
        self._websocket = websocket
        self._execution = execution
        self._door = door
        self._caller: Caller | None = None
        self._initialised = False
        self._running: dict[str, asyncio.Task[None]] = {}

    async def hold(self, init_within_s: float) -> None:
        """Reads frames until either side closes."""
        try:
            async with asyncio.TaskGroup() as tasks:
                await self._listen(tasks, init_within_s)
        except* WebSocketDisconnect:
            pass
        except* Closing as group:
            await self._close(group)

    async def _close(self, group: BaseExceptionGroup[Closing]) -> None:
        reason = group.exceptions[0]
        if isinstance(reason, Closing) and self._websocket.client_state is WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnect, RuntimeError):  # The client may leave at the same moment.
                await self._websocket.close(reason.code, reason.reason)

    async def _listen(self, tasks: asyncio.TaskGroup, init_within_s: float) -> None:
        try:
            async with asyncio.timeout(init_within_s) as patience:
                while not self._initialised:
                    await self._take(await self._websocket.receive(), tasks)
                patience.reschedule(None)
                while True:
                    await self._take(await self._websocket.receive(), tasks)
        except TimeoutError:
            raise Closing(4408, "Connection initialisation timeout") from None

    async def _take(self, event: Mapping[str, object], tasks: asyncio.TaskGroup) -> None:
        frame = _frame(event)
        match frame:
            case ConnectionInit():
                await self._initialise(frame.payload)
            case Ping():
                await self._send(
                    {"type": "pong"} if frame.payload is None else {"type": "pong", "payload": frame.payload}
                )
            case Pong():
                pass
            case Subscribe():
                self._subscribe(frame, tasks)
            case Complete():
                running = self._running.pop(frame.id, None)
                if running is not None:
                    running.cancel()

    async def _initialise(self, payload: Mapping[str, object]) -> None:
        if self._initialised:
            raise Closing(4429, "Too many initialisation requests")
        self._initialised = True
        # What the router forwards comes as members of the payload, or as headers of the upgrade; key case varies.
        given = {name.lower(): value for name, value in self._websocket.headers.items()}
        given |= {name.lower(): value for name, value in payload.items() if isinstance(value, str)}
        try:
            self._caller = await self._door.admit(given)
        except NotAdmitted as refused:
            measuring.REFUSED.labels(self._execution.name, str(refused.status)).inc()
            raise Closing(1013 if refused.status == 503 else 4403, refused.message) from None
        await self._send({"type": "connection_ack"})

    def _subscribe(self, frame: Subscribe, tasks: asyncio.TaskGroup) -> None:
        caller = self._caller
        if caller is None:
            raise Closing(4401, "Unauthorized")
        if caller.remaining_s() <= 0:
            raise Closing(4403, "The token has expired.")
        if frame.id in self._running:
            raise Closing(4409, f"Subscriber for {frame.id[:80]} already exists")
        caller = caller.of_operation(frame.extensions)
        self._running[frame.id] = tasks.create_task(self._operate(frame, caller))

    async def _operate(self, frame: Subscribe, caller: Caller) -> None:
        with request_context(caller.request_id, caller.trace_id):
            try:
                operation = self._execution.prepare(read_request(frame.payload), caller)
            except GraphProblem as problem:
                await self._end(frame.id, self._execution.refusal(problem, caller.request_id))
            except Refusing as refusing:
                await self._end(frame.id, refusing.answer)
            else:
                await self._run(frame.id, operation)

    async def _run(self, identifier: str, operation: Operation) -> None:
        if operation.kind is not OperationType.SUBSCRIPTION:
            answer = await self._execution.execute(operation)
            if answer.refused:
                return await self._end(identifier, answer)
            await self._next(identifier, answer)
            return await self._end(identifier)
        async with aclosing(self._execution.subscribe(operation)) as answers:
            async for answer in answers:
                if answer.refused:
                    return await self._end(identifier, answer)
                await self._next(identifier, answer)
                # A send need not wait, so a long replay would keep the reading of frames out.
                await asyncio.sleep(0)
        return await self._end(identifier)

    async def _next(self, identifier: str, answer: Answer) -> None:
        await self._send({"id": identifier, "type": "next", "payload": answer.payload})

    async def _end(self, identifier: str, refusal: Answer | None = None) -> None:
        # The id is free again before the client reads that it is.
        if self._running.get(identifier) is asyncio.current_task():
            del self._running[identifier]
        if refusal is None:
            await self._send({"id": identifier, "type": "complete"})
        else:
            await self._send({"id": identifier, "type": "error", "payload": refusal.errors})

    async def _send(self, message: Mapping[str, object]) -> None:
        await self._websocket.send_text(orjson.dumps(message).decode())


def _frame(event: Mapping[str, object]) -> Frame:
    if event["type"] == "websocket.disconnect":
        raise WebSocketDisconnect
    text = event.get("text")
    if not isinstance(text, str):
        raise Closing(4400, "A message is text.")
    try:
        return read_frame(text)
    except FrameInvalid as invalid:
        raise Closing(4400, str(invalid)) from None

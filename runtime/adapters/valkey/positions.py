"""Couriers' positions in Valkey: a capped stream of points, and an index of where each courier was last.

The index holds four things under one hash tag: places (GEO), points (the last one of each courier, whole), and when
each was recorded and received. Whatever is lost comes back with the couriers' next reports.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any, Protocol

import msgspec
from redis.exceptions import RedisError, ResponseError

from kernel.places import Position, distance_m
from kernel.ports import Outage
from runtime.adapters.valkey.connecting import connect
from subgraphs.tracking.positions import Point, PositionTable

STREAM, GROUP = "{couriers}:stream", "tracking"
PLACES, POINTS, RECORDED, RECEIVED = (f"{{couriers}}:{name}" for name in ("places", "points", "recorded", "received"))
KEPT = 10_000
"""Points that the stream holds at least."""
TAKEN_AT_ONCE = 500
WAIT_S = 2.0
ANSWER_TIMEOUT_S = 0.8
SILENCE_S = 600
"""Whoever was not heard for so long, in platform time, is taken out of the index."""
NORTHMOST = 85.05112878
"""The index is a square of the web's Mercator map: beyond, it knows no place."""
SCREENED = 4000
"""The nearest that are looked through for those heard lately."""
ROUNDER = 1.001
"""Valkey's earth is larger by 0.03 %; what lies between the two circles is sorted out afterwards."""

_APPEND = """
local courier, recorded, received = ARGV[1], ARGV[2], ARGV[3]
if ARGV[7] ~= '0' then
  for n = 8, #ARGV do
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[7], '*', 'p', ARGV[n])
  end
end
local known = redis.call('ZSCORE', KEYS[4], courier)
if not known or tonumber(known) < tonumber(recorded) then
  redis.call('GEOADD', KEYS[2], ARGV[5], ARGV[6], courier)
  redis.call('HSET', KEYS[3], courier, ARGV[#ARGV])
  redis.call('ZADD', KEYS[4], recorded, courier)
  redis.call('ZADD', KEYS[5], received, courier)
end
local silent = redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', '(' .. ARGV[4], 'LIMIT', 0, 100)
if #silent > 0 then
  redis.call('ZREM', KEYS[2], unpack(silent))
  redis.call('HDEL', KEYS[3], unpack(silent))
  redis.call('ZREM', KEYS[4], unpack(silent))
  redis.call('ZREM', KEYS[5], unpack(silent))
end
return redis.status_reply('OK')
"""
_NEAR = """
local near = redis.call('GEOSEARCH', KEYS[1], 'FROMLONLAT', ARGV[1], ARGV[2], 'BYRADIUS', ARGV[3], 'm', 'ASC',
  'COUNT', ARGV[6])
if #near == 0 then return {} end
local received, heard = redis.call('ZMSCORE', KEYS[3], unpack(near)), {}
for n = 1, #near do
  if #heard < tonumber(ARGV[5]) and received[n] and tonumber(received[n]) >= tonumber(ARGV[4]) then
    heard[#heard + 1] = near[n]
  end
end
if #heard == 0 then return {} end
return redis.call('HMGET', KEYS[2], unpack(heard))
"""


class CourierTable(PositionTable, Protocol):
    """The read model, which answers when the index cannot."""

    async def last(self, courier_id: str) -> Point | None:
        """The courier's row. Raises Outage."""
        ...


@contextmanager
def outages() -> Generator[None]:
    """Turns whatever Valkey could not do into Outage."""
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise Outage(f"Valkey: {type(error).__name__}: {error}") from error


class ValkeyPositionStream:
    """As `subgraphs.tracking.positions.PositionStream`. Workers share what comes: each point is taken once."""

    def __init__(self, url: str, table: CourierTable, kept: int = KEPT) -> None:
        self._table, self._kept = table, kept
        # One retry: the connection in hand may be from before a restart of the server.
        self._client = connect(url, answer_timeout_s=ANSWER_TIMEOUT_S, retries=1)
        self._reader = connect(url, answer_timeout_s=WAIT_S + ANSWER_TIMEOUT_S, retries=1)
        self._append = self._client.register_script(_APPEND)
        self._near = self._client.register_script(_NEAR)
        self._decoder = msgspec.json.Decoder(Point)

    async def aclose(self) -> None:
        """Closes its connections."""
        for client in (self._client, self._reader):
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await client.aclose()

    async def save(self, points: Sequence[Point], wake: Sequence[str]) -> None:
        """As the port says."""
        await self._table.save(points, wake)

    async def last(self, courier_id: str) -> Point | None:
        """As the port says."""
        try:
            found = await self._answer(self._client.hget(POINTS, courier_id))
        except Outage:
            found = None
        return await self._table.last(courier_id) if found is None else self._decoder.decode(found)

    async def append(self, courier_id: str, points: Sequence[Point]) -> None:
        """As the port says; several points are one call, and a later point is never replaced by an earlier one."""
        await self._note(courier_id, points, self._kept)

    async def index(self, courier_id: str, points: Sequence[Point]) -> None:
        """Moves the courier in the index, for a stream that is elsewhere; as `append` otherwise."""
        await self._note(courier_id, points[-1:], 0)

    async def _note(self, courier_id: str, points: Sequence[Point], kept: int) -> None:
        if not points:
            return
        newest = points[-1]
        arguments = [
            courier_id,
            newest.recorded_at.timestamp(),
            newest.received_at.timestamp(),
            newest.received_at.timestamp() - SILENCE_S,
            *_on_the_map(newest.position),
            kept,
            *(msgspec.json.encode(point) for point in points),
        ]
        await self._answer(self._append(keys=[STREAM, PLACES, POINTS, RECORDED, RECEIVED], args=arguments))

    async def next(self) -> Sequence[Point]:
        """As the port says."""
        command = ("XREADGROUP", "GROUP", GROUP, "worker", "COUNT", TAKEN_AT_ONCE, "BLOCK", int(WAIT_S * 1000), "NOACK")
        with outages():
            async with asyncio.timeout(WAIT_S + ANSWER_TIMEOUT_S):
                try:
                    answer = await self._reader.execute_command(*command, "STREAMS", STREAM, ">")
                except ResponseError as error:
                    if not str(error).startswith("NOGROUP"):
                        raise
                    answer = None
                    await self._make_group()
        return [self._decoder.decode(fields[b"p"]) for _, fields in _entries(answer)]

    async def near(self, around: Position, radius_m: float, since: datetime, limit: int) -> Sequence[Point]:
        """As `runtime.adapters.couriers.Vicinity` says, as far as the index knows."""
        circle = (*_on_the_map(around), radius_m * ROUNDER)
        arguments = [*circle, since.timestamp(), limit, SCREENED]
        found = await self._answer(self._near(keys=[PLACES, POINTS, RECEIVED], args=arguments))
        points = [self._decoder.decode(point) for point in found if point is not None]
        return [point for point in points if distance_m(around, point.position) <= radius_m]

    async def _make_group(self) -> None:
        """From the stream's beginning: what came between a loss of everything and now is not lost, too."""
        try:
            await self._reader.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):  # another worker was quicker
                raise

    async def _answer(self, asked: Any) -> Any:
        with outages():
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await asked


def _on_the_map(place: Position) -> tuple[float, float]:
    """Longitude and latitude as the index takes them; of its two names for one meridian it looks around -180 only."""
    longitude = -180.0 if place.longitude == 180 else place.longitude
    return longitude, min(max(place.latitude, -NORTHMOST), NORTHMOST)


def _entries(answer: Any) -> Any:
    """The one stream's entries."""
    return answer[0][1] if answer else []


@asynccontextmanager
async def open_positions(url: str, table: CourierTable) -> AsyncGenerator[ValkeyPositionStream]:
    """The stream and the index of one process; opens while Valkey is away, too."""
    stream = ValkeyPositionStream(url, table)
    try:
        yield stream
    finally:
        await stream.aclose()

"""A command is stamped, informed, decided and committed once; its first outcome is every repeat's outcome."""

import asyncio
from dataclasses import replace

import pytest

from kernel.calling import Accepted, Call, IdempotencyKeyReused, Outcome, Refused
from kernel.committing import Earlier, RequestKey, StoredOutcome
from kernel.handling import Handler
from kernel.messages import Command, Refusal, Viewer
from kernel.ports import Journal, Outage
from tests.kernel.tally import TALLY, Bench, Count, Counted, Name, NameTaken, Negative, TooMuch, request
from tests.patience import AT_MOST_S
from tests.spelling import AT

pytestmark = pytest.mark.anyio

AINO = Viewer(subject="aino", roles=frozenset({"customer"}))


async def handle(bench: Bench, command: Command, asked: RequestKey | None = None) -> Outcome:
    return await bench.handler.handle(command, Call(correlation="req", viewer=AINO, request=asked))


def refusal(outcome: Outcome) -> Refusal:
    assert isinstance(outcome, Refused), outcome
    return outcome.refusal


async def test_a_command_is_stamped_and_its_event_has_its_time(bench: Bench) -> None:
    outcome = await handle(bench, Count(tally="a", by=3))
    assert isinstance(outcome, Accepted)
    assert (outcome.stream, outcome.version, outcome.fresh) == ("a", 1, True)
    (sealed,) = await bench.equipment.journal.read("a")
    assert bench.equipment.codec.open(sealed).message == Counted(at=AT, tally="a", by=3)
    assert (sealed.meta.actor, sealed.meta.correlation, sealed.topic) == ("aino", "req", "tally.events")


async def test_a_decision_without_change_writes_nothing(bench: Bench) -> None:
    outcome = await handle(bench, Count(tally="a", by=0))
    assert isinstance(outcome, Accepted)
    assert outcome.version == 0
    assert await bench.equipment.journal.read("a") == []


async def test_a_refusal_writes_nothing(bench: Bench) -> None:
    assert refusal(await handle(bench, Count(tally="a", by=101))) == TooMuch(left=100)
    assert await bench.equipment.journal.read("a") == []


async def test_a_repeated_command_is_not_refused_for_what_it_did_itself(bench: Bench) -> None:
    call = Call(correlation="req", viewer=AINO, command_id="cmd_once")
    first = await bench.handler.handle(Count(tally="a", by=60), call)
    again = await bench.handler.handle(Count(tally="a", by=60), call)
    assert isinstance(first, Accepted)
    assert again == Accepted(stream="a", version=1, token=first.token, fresh=False)
    assert len(await bench.equipment.journal.read("a")) == 1


async def test_facts_may_refuse_before_anything_is_loaded(bench: Bench) -> None:
    assert refusal(await handle(bench, Count(tally="a", by=-1))) == Negative()


async def test_a_claim_that_is_taken_becomes_its_refusal(bench: Bench) -> None:
    assert isinstance(await handle(bench, Name(tally="a", name="first")), Accepted)
    assert refusal(await handle(bench, Name(tally="b", name="first"))) == NameTaken()


async def test_a_repeat_gets_the_first_outcome(bench: Bench) -> None:
    first = await handle(bench, Count(tally="a", by=3), request("k1"))
    again = await handle(bench, Count(tally="a", by=3), request("k1"))
    assert isinstance(first, Accepted)
    assert isinstance(again, Accepted)
    assert (again.stream, again.version, again.token, again.fresh) == (first.stream, 1, first.token, False)
    assert await bench.stored("a") == 3


async def test_a_repeat_of_a_refusal_stays_refused_though_it_would_now_be_accepted(bench: Bench) -> None:
    await handle(bench, Name(tally="a", name="first"))
    first = refusal(await handle(bench, Name(tally="b", name="first"), request("k1")))
    other = await handle(bench, Name(tally="b", name="second"), request("k1"))
    assert (first, refusal(other)) == (NameTaken(), NameTaken())


async def test_the_same_key_with_another_input_is_refused(bench: Bench) -> None:
    await handle(bench, Count(tally="a", by=3), request("k1", "three"))
    assert isinstance(refusal(await handle(bench, Count(tally="a", by=4), request("k1", "four"))), IdempotencyKeyReused)


async def test_keys_of_others_are_other_keys(bench: Bench) -> None:
    await handle(bench, Count(tally="a", by=3), request("k1"))
    eeros = RequestKey(actor="eero", mutation="count", key="k1", fingerprint="a")
    assert isinstance(await handle(bench, Count(tally="a", by=3), eeros), Accepted)
    assert await bench.stored("a") == 6


async def test_a_remedy_runs_once_and_the_stored_refusal_names_it(bench: Bench) -> None:
    first = refusal(await handle(bench, Count(tally="a", by=101), request("k1")))
    again = refusal(await handle(bench, Count(tally="a", by=101), request("k1")))
    assert isinstance(first, TooMuch)
    assert first.elsewhere is not None
    assert again == first
    assert await bench.stored(first.elsewhere) == 1


async def test_fifty_at_once_with_one_key_have_one_effect(bench: Bench) -> None:
    outcomes = await asyncio.gather(*(handle(bench, Count(tally="a", by=2), request("k1")) for _ in range(50)))
    assert {type(outcome) for outcome in outcomes} == {Accepted}
    assert await bench.stored("a") == 2


async def test_those_who_lose_the_race_for_a_stream_decide_again(bench: Bench) -> None:
    outcomes = await asyncio.gather(*(handle(bench, Count(tally="a", by=1)) for _ in range(8)))
    assert {type(outcome) for outcome in outcomes} == {Accepted}
    assert await bench.stored("a") == 8


async def test_a_command_known_by_its_id_is_not_handled_twice(bench: Bench) -> None:
    call = Call(correlation="req", command_id="cmd_1")
    first = await bench.handler.handle(Count(tally="a", by=3), call)
    again = await bench.handler.handle(Count(tally="a", by=3), call)
    assert isinstance(first, Accepted)
    assert isinstance(again, Accepted)
    assert (first.fresh, again.fresh) == (True, False)
    assert await bench.stored("a") == 3


async def test_a_stream_longer_than_a_page_is_read_to_its_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kernel.planning.PAGE", 2)
    for number in range(1, 6):
        outcome = await handle(bench, Count(tally="a", by=20))
        assert isinstance(outcome, Accepted)
        assert outcome.version == number
    assert refusal(await handle(bench, Count(tally="a", by=1))) == TooMuch(left=0)


@pytest.mark.parametrize("key", ["a", "log:tally"])
async def test_a_commit_wakes_who_watches_its_stream_or_its_journal(bench: Bench, key: str) -> None:
    async with bench.equipment.signals.watch([key]) as wakeup:
        await handle(bench, Count(tally="a", by=0))
        assert not await wakeup.wait(0)
        await handle(bench, Count(tally="a", by=1))
        assert await wakeup.wait(AT_MOST_S)


class Interrupted:
    """A journal that is away for the first refusal it should store."""

    def __init__(self, journal: Journal) -> None:
        self.read, self.commit, self.known = journal.read, journal.commit, journal.known
        self.outcome, self.rows = journal.outcome, journal.rows
        self._refuse, self.refusals = journal.refuse, 0

    async def refuse(self, request: RequestKey, outcome: StoredOutcome) -> Earlier | None:
        self.refusals += 1
        if self.refusals == 1:
            raise Outage("right now")
        return await self._refuse(request, outcome)


async def test_a_remedy_is_not_repeated_when_its_refusal_could_not_be_stored(bench: Bench) -> None:
    interrupted = replace(bench.equipment, journal=Interrupted(bench.equipment.journal))
    handler = Handler(TALLY, interrupted)
    call = Call(correlation="req", viewer=AINO, request=request("k1"))
    with pytest.raises(Outage):
        await handler.handle(Count(tally="a", by=101), call)
    refused = refusal(await handler.handle(Count(tally="a", by=101), call))
    assert isinstance(refused, TooMuch)
    assert refused.elsewhere is not None
    assert await bench.stored(refused.elsewhere) == 1

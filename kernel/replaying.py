"""Replaying: the letters of a key are digested after all, in log order, while workers run or not."""

from kernel.committing import Advance
from kernel.consuming import Digest
from kernel.equipment import Equipment
from kernel.log import START


async def replay(digest: Digest, key: str, equipment: Equipment) -> int:
    """Digests the letters of `key` until none is left; stops by raising at the first that still fails.

    Returns how many it digested. Each letter goes in the transaction that digests it, so that neither a crash nor a
    second replay digests it twice. Workers let records of the key queue as long as there is a letter, and take the
    next one themselves when there is none.
    """
    done = 0
    while letters := await equipment.dead_letters.letters(digest.name, key):
        for letter in letters:
            record = letter.record
            taken = Advance(
                consumer=digest.name,
                topic=record.topic,
                partition=record.partition,
                before=START,
                after=record.at,
                letter=record.id,
            )
            done += await digest.digest([equipment.codec.open(record)], taken)
    return done

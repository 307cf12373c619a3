"""Consumers are told apart by their names: checkpoints, letters and what is measured are kept under them."""

from collections import Counter

from projections import FEEDS, PROJECTIONS
from runtime.wiring import SUBGRAPHS


def test_no_two_consumers_share_a_name() -> None:
    names = [
        *(projection.view.name for projection in PROJECTIONS),
        *(feed.name for feed in FEEDS),
        *(reaction.name for subgraph in SUBGRAPHS for reaction in subgraph.reactions),
        *(effect.name for subgraph in SUBGRAPHS for effect in subgraph.effects),
        *(intake.name for subgraph in SUBGRAPHS for intake in subgraph.intakes),
    ]
    assert [name for name, times in Counter(names).items() if times > 1] == []


def test_every_view_of_a_subgraph_is_kept_by_somebody() -> None:
    kept = {projection.view.name for projection in PROJECTIONS}
    declared = {projection.view.name for subgraph in SUBGRAPHS for projection in subgraph.projections}
    assert declared <= kept

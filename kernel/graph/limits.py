"""Limits: one pass over a parsed document that measures everything an attacker could inflate, before validation.

Every selection is visited once however often its fragment is spread, so that measuring is linear in the document.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
)

from kernel.graph.errors import LimitExceeded
from kernel.graph.shapes import Shapes
from kernel.messages import Value

SIZES = ("first", "last")
PORTION = 100
"""Joins are counted for so many keys at a time: some routers fetch them so, and each has counted the whole before."""


class Limits(Value):
    """How much one document may ask for."""

    characters: int = 15_000
    tokens: int = 1_000
    depth: int = 12
    aliases: int = 30  # A router may have to rename what several clients' fields share, so more than the edge allows.
    directives: int = 50
    fragments: int = 20
    root_fields: int = 20
    root_mutations: int = 4
    selections: int = 120
    """Of one selection set: the check for overlapping fields compares each with each."""
    cost: int = 5_000
    assumed_list: int = 5
    """What a list without `first` or `last` is taken to hold."""


@dataclass(frozen=True)
class Weight:
    """What a selection set comes to, the fragments it spreads included."""

    depth: int = 0
    cost: int = 0
    fields: int = 0
    """Fields at the top of the set."""


@dataclass
class Measure:
    """What one operation of a document comes to, with the variables of one request."""

    shapes: Shapes
    limits: Limits
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, object]
    aliases: int = 0
    directives: int = 0
    visited: int = 0
    """How many selections were looked at: the work that measuring took."""
    sized_by: set[str] = field(default_factory=set[str])
    """The variables that sizes were taken from; with the same values the measure is the same."""
    _weights: dict[tuple[str, bool], Weight] = field(default_factory=dict[tuple[str, bool], Weight])

    def operation(self, node: OperationDefinitionNode) -> Weight:
        """The weight of the whole operation.

        Raises:
            LimitExceeded: it is beyond a limit.
        """
        self.directives += len(node.directives or ())
        weight = self._set(node.selection_set, self.shapes.roots.get(node.operation.value, ""), sliced=False)
        limits = self.limits
        roots = limits.root_mutations if node.operation is OperationType.MUTATION else limits.root_fields
        self._hold("fields at the root", weight.fields, roots)
        self._hold("levels", weight.depth, limits.depth)
        self._hold("aliases", self.aliases, limits.aliases)
        self._hold("directives", self.directives, limits.directives)
        self._hold("cost", weight.cost, limits.cost)
        return weight

    def _hold(self, what: str, found: int, allowed: int) -> None:
        if found > allowed:
            raise LimitExceeded(f"The document asks for too much: more than {allowed} ({what}).")

    def _set(self, node: SelectionSetNode | None, parent: str, *, sliced: bool) -> Weight:
        if node is None:
            return Weight()
        self._hold("selections in one set", len(node.selections), self.limits.selections)
        depth = cost = fields = 0
        for selection in node.selections:
            self.visited += 1
            self.directives += len(selection.directives or ())
            match selection:
                case FieldNode():
                    weight = self._field(selection, parent, sliced=sliced)
                case InlineFragmentNode():
                    condition = selection.type_condition
                    inner = condition.name.value if condition else parent
                    weight = self._set(selection.selection_set, inner, sliced=sliced)
                case FragmentSpreadNode():
                    weight = self._fragment(selection.name.value, sliced=sliced)
                case _:
                    continue
            depth, cost, fields = max(depth, weight.depth), cost + weight.cost, fields + weight.fields
        return Weight(depth, cost, fields)

    def _fragment(self, name: str, *, sliced: bool) -> Weight:
        known = self._weights.get((name, sliced))
        definition = self.fragments.get(name)
        if known is not None or definition is None:
            return known or Weight()
        self._weights[name, sliced] = Weight()  # A cycle weighs nothing here: validation refuses it.
        weight = self._set(definition.selection_set, definition.type_condition.name.value, sliced=sliced)
        self._weights[name, sliced] = weight
        return weight

    def _field(self, node: FieldNode, parent: str, *, sliced: bool) -> Weight:
        if node.alias is not None:
            self.aliases += 1
        shape = self.shapes.field(parent, node.name.value)
        size = self._size(node)
        inner = self._set(node.selection_set, shape.type, sliced=size is not None)
        if size is None:
            # The lists right beneath a sized field (edges, nodes) are as long as it says, not longer.
            size = self.limits.assumed_list if shape.is_list and not sliced else 1
        return Weight(depth=inner.depth + 1, cost=size * (shape.cost + inner.cost), fields=1)

    def _size(self, node: FieldNode) -> int | None:
        """What `first`, `last` or the number of representations say; None for a field without a size."""
        for argument in node.arguments or ():
            name, value = argument.name.value, argument.value
            if name in SIZES and isinstance(value, IntValueNode):
                return max(1, int(value.value[:12]))
            if isinstance(value, VariableNode) and (name in SIZES or name == "representations"):
                self.sized_by.add(value.name.value)
                given = self.variables.get(value.name.value)
                if isinstance(given, list):
                    count = len(given)  # pyright: ignore[reportUnknownArgumentType]  # only its length matters
                    return max(1, min(count, PORTION))
                return max(1, given) if isinstance(given, int) else 1
        return None


def measure(
    shapes: Shapes,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, object],
    limits: Limits,
) -> Measure:
    """Measures `operation`, with the defaults of the variables that are not given.

    Raises:
        LimitExceeded: the document or the operation is beyond a limit.
    """
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    if len(fragments) > limits.fragments:
        raise LimitExceeded(f"The document asks for too much: more than {limits.fragments} (fragments).")
    found = Measure(shapes, limits, fragments, {**dict(_defaults(operation)), **variables})
    found.operation(operation)
    return found


def _defaults(operation: OperationDefinitionNode) -> Iterator[tuple[str, int]]:
    for definition in operation.variable_definitions or ():
        if isinstance(definition.default_value, IntValueNode):
            yield definition.variable.name.value, int(definition.default_value.value[:12])

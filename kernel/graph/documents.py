"""Documents: parsed, measured and validated once, then known by their hash."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    IntValueNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    StringValueNode,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from kernel.graph.errors import VALIDATION_FAILED, BadUserInput, LimitExceeded, code_of
from kernel.graph.limits import Limits, measure
from kernel.graph.shapes import shapes_of
from kernel.graph.variables import MAX_DIGITS, check_text

CACHED_CHARACTERS = 400_000
"""How much document text is kept parsed, least recently used first to go; a parsed document takes ≈ 50 × its text."""

_RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)


class RequestInvalid(Exception):
    """The document or the choice of operation is refused, with the errors the client gets."""

    def __init__(self, *errors: GraphQLError) -> None:
        super().__init__(*(error.message for error in errors))
        self.errors: Sequence[GraphQLError] = errors


@dataclass
class _Known:
    document: DocumentNode
    errors: list[GraphQLError] | None = None
    """What validation said; None before it was asked."""
    measured: set[str | None] = field(default_factory=set[str | None])
    """Operations that measured within the limits whatever the variables."""


class _Literals(Visitor):
    """Holds the document's literals to the bounds of variables."""

    def enter_string_value(self, node: StringValueNode, *_: object) -> None:
        check_text(node.value)

    def enter_int_value(self, node: IntValueNode, *_: object) -> None:
        if len(node.value) > MAX_DIGITS:
            raise BadUserInput(f"An integer may have at most {MAX_DIGITS} digits.")


class Documents:
    """The documents of one schema; parsing and validating cost most of a request, so both are remembered."""

    def __init__(self, schema: GraphQLSchema, limits: Limits | None = None, *, introspection: bool = False) -> None:
        self._schema = schema
        self._limits = limits or Limits()
        self._shapes = shapes_of(schema)
        self._rules = _RULES if introspection else (*_RULES, NoSchemaIntrospectionCustomRule)
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._sizes: dict[bytes, int] = {}

    def operation(
        self, text: str, name: str | None, variables: Mapping[str, object]
    ) -> tuple[DocumentNode, OperationDefinitionNode]:
        """The document in `text` and its operation called `name`, or its only one.

        Raises:
            RequestInvalid: it does not parse, is beyond a limit, or is not valid for the schema.
        """
        try:
            known = self._parsed(text)
            operation = self._chosen(known.document, name)
            if name not in known.measured:
                found = measure(self._shapes, known.document, operation, variables, self._limits)
                if not found.sized_by:
                    known.measured.add(name)
        except GraphQLError as error:
            raise RequestInvalid(error) from None
        if known.errors is None:
            known.errors = self._validated(known.document)
        if known.errors:
            raise RequestInvalid(*known.errors)
        return known.document, operation

    def sizes(self) -> Sequence[int]:
        """The lengths of the documents that are known."""
        return [*self._sizes.values()]

    def _parsed(self, text: str) -> _Known:
        if len(text) > self._limits.characters:
            raise LimitExceeded(f"The document has more than {self._limits.characters} characters.")
        digest = hashlib.sha256(text.encode()).digest()
        known = self._known.get(digest)
        if known is not None:
            self._known.move_to_end(digest)
            return known
        known = _Known(_parse(text, self._limits))
        self._known[digest] = known
        self._sizes[digest] = len(text)
        while sum(self._sizes.values()) > CACHED_CHARACTERS:
            oldest, _ = self._known.popitem(last=False)
            del self._sizes[oldest]
        return known

    def _chosen(self, document: DocumentNode, name: str | None) -> OperationDefinitionNode:
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        chosen = [node for node in operations if name is None or (node.name is not None and node.name.value == name)]
        if len(chosen) != 1:
            raise BadUserInput("Name one operation of the document." if operations else "There is no operation.")
        return chosen[0]

    def _validated(self, document: DocumentNode) -> list[GraphQLError]:
        try:
            visit(document, _Literals())
            errors = validate(self._schema, document, self._rules, max_errors=5, hide_suggestions=True)
        except GraphQLError as error:
            return [error]
        for error in errors:
            if code_of(error) not in {VALIDATION_FAILED, BadUserInput.code}:
                error.extensions = {"code": VALIDATION_FAILED}
        return errors


def _parse(text: str, limits: Limits) -> DocumentNode:
    try:
        return parse(
            text, max_lexical_tokens=limits.tokens, max_comments=limits.tokens, allow_empty_selection_sets=False
        )
    except GraphQLSyntaxError as error:
        if "contains more than" in error.message:
            raise LimitExceeded(error.message.removeprefix("Syntax Error: ")) from None
        raise
    except RecursionError:
        raise LimitExceeded("The document is nested too deeply.") from None

"""The executor of graphql-core behind typed functions.

Strawberry's own `Schema.execute` would parse, validate and run its extensions for every request; here the document
comes prepared, and only executing is left.
"""
# graphql-core's executor is generic over a context type that its own functions leave open.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportMissingTypeArgument=false
# pyright: reportUnknownParameterType=false, reportUnknownArgumentType=false, reportArgumentType=false

import dataclasses
from collections.abc import AsyncGenerator, Awaitable
from inspect import isawaitable

from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    GraphQLError,
    create_source_event_stream,
    execute_root_selection_set,
    execute_subscription_event,
    map_source_to_response_event,
)
from strawberry.execution import optimized_is_awaitable

from kernel.graph.context import GraphContext
from kernel.graph.federation import SubgraphSchema
from runtime.serving.requests import GraphRequest


class NotExecuted(Exception):
    """The operation could not begin: its variables do not fit, or its source stream could not be made."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(*(error.message for error in errors))
        self.errors = errors


class VariablesInvalid(NotExecuted):
    """The variables do not fit their types."""


class Run:
    """One operation about to be executed."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def result(self) -> ExecutionResult:
        """The result of a query or mutation. Field errors are in it; it raises for nothing a resolver raises."""
        outcome = execute_root_selection_set(self._executor)
        return await outcome if isawaitable(outcome) else outcome

    async def events(self) -> AsyncGenerator[ExecutionResult, None]:
        """The results of a subscription, each executed with nothing kept from the one before.

        Raises:
            NotExecuted: the source stream could not be made.
        """
        created = create_source_event_stream(self._executor)
        source = await created if isawaitable(created) else created
        if isinstance(source, ExecutionResult):
            raise NotExecuted(source.errors or [])
        return map_source_to_response_event(self._executor, source, _told_afresh)


def build(schema: SubgraphSchema, document: DocumentNode, request: GraphRequest, context: GraphContext) -> Run:
    """Coerces the variables and chooses the operation.

    Raises:
        VariablesInvalid: the variables do not fit.
    """
    executor = schema.execution_context_class.build(
        schema.core,
        document,
        None,
        context,
        request.variables,
        request.operation_name,
        is_awaitable=optimized_is_awaitable,
        max_coercion_errors=5,
        hide_suggestions=True,
        operation_extensions=None,
    )
    if isinstance(executor, list):
        raise VariablesInvalid(executor)
    return Run(executor)


def _told_afresh(executor: Executor) -> Awaitable[ExecutionResult] | ExecutionResult:
    """Executes one event; loaders of the event before must not answer with yesterday's rows."""
    executor.context_value = dataclasses.replace(executor.context_value, kept={})
    return execute_subscription_event(executor)

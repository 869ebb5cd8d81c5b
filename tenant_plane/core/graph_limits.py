"""How much a GraphQL document may ask for: tokens, depth, aliases, cost. Measured by hand, in one walk, before it runs.

Strawberry's own limiters build their validation rules anew for every request and know no cost.
"""

from collections.abc import AsyncIterator
from functools import cache

import strawberry
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLObjectType,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)
from strawberry.extensions import MaxTokensLimiter, SchemaExtension
from strawberry.types.execution import ExecutionContext

from shared.errors import RateLimited

MOST_TOKENS = 2000
MOST_DEPTH = 8
MOST_ALIASES = 30
MOST_COST = 20_000
DEFAULT_FIRST = 50
"""The default of most ``first``."""


class TokenLimit(MaxTokensLimiter):
    def __init__(self) -> None:
        super().__init__(MOST_TOKENS)


class DocumentLimits(SchemaExtension):
    """Depth, aliases and cost in one walk over the document, after validation and before any resolver."""

    async def on_execute(self) -> AsyncIterator[None]:
        spend = self.execution_context.context.spend
        if spend is not None:
            try:
                await spend()
            except RateLimited as error:
                raise GraphQLError(error.detail, extensions={"code": error.code, "status": error.status}) from None
        measure = Measure(self.execution_context)
        if measure.depth > MOST_DEPTH:
            raise too_much(f"The document is {measure.depth} levels deep; {MOST_DEPTH} are possible.")
        if measure.aliases > MOST_ALIASES:
            raise too_much(f"The document has {measure.aliases} aliases; {MOST_ALIASES} are possible.")
        if measure.cost > MOST_COST:
            raise too_much(f"The document costs {measure.cost}; {MOST_COST} is possible. Ask for fewer rows.")
        yield


class Measure:
    """Every field and every use of a fragment costs one, times ``first`` of each list around it. Introspection is free:
    it touches no data.
    """

    def __init__(self, context: ExecutionContext) -> None:
        document = context.graphql_document
        assert document is not None
        self._variables = dict(context.variables or {})
        self._lists = _lists_of(context.schema)
        definitions = document.definitions
        self._fragments = {d.name.value: d for d in definitions if isinstance(d, FragmentDefinitionNode)}
        self.depth = self.aliases = self.cost = 0
        for definition in definitions:
            if isinstance(definition, OperationDefinitionNode) and _is_asked(definition, context.operation_name):
                for variable in definition.variable_definitions or ():
                    if isinstance(variable.default_value, IntValueNode):
                        self._variables.setdefault(variable.variable.name.value, int(variable.default_value.value))
                self._walk(definition.selection_set, depth=1, times=1)

    def _walk(self, selections: SelectionSetNode | None, *, depth: int, times: int) -> None:
        # The limits themselves bound the walk: a fragment bomb is over one of them long before it is unfolded.
        if selections is None or self.depth > MOST_DEPTH or self.aliases > MOST_ALIASES or self.cost > MOST_COST:
            return
        for node in selections.selections:
            if isinstance(node, FragmentSpreadNode):
                self.cost += times  # fragments that use each other twice double with every level
                self._walk(self._fragments[node.name.value].selection_set, depth=depth, times=times)
            elif isinstance(node, FieldNode):
                if node.name.value.startswith("__"):
                    continue
                self.depth = max(self.depth, depth)
                self.aliases += node.alias is not None
                self.cost += times
                self._walk(node.selection_set, depth=depth + 1, times=times * self._first(node))
            else:
                self._walk(getattr(node, "selection_set", None), depth=depth, times=times)

    def _first(self, node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value == "first":
                if isinstance(argument.value, IntValueNode):
                    return max(1, int(argument.value.value))
                if isinstance(argument.value, VariableNode):
                    given = self._variables.get(argument.value.name.value)
                    return max(1, given) if isinstance(given, int) else DEFAULT_FIRST
        return self._lists.get(node.name.value, 1)


@cache
def _lists_of(schema: strawberry.Schema) -> dict[str, int]:
    """How many a list field gives when the document does not say: the default of its ``first``."""
    return {
        name: definition.args["first"].default_value or DEFAULT_FIRST
        for type_ in schema._schema.type_map.values()
        if isinstance(type_, GraphQLObjectType)
        for name, definition in type_.fields.items()
        if "first" in definition.args
    }


def _is_asked(operation: OperationDefinitionNode, name: str | None) -> bool:
    return name is None or (operation.name is not None and operation.name.value == name)


def too_much(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "QUERY_TOO_EXPENSIVE", "status": 400})

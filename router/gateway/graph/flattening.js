/** Fragments of a valid operation written out where they are spread, as far as the type is certain there. */

import { getNamedType, isAbstractType, isObjectType, Kind } from "graphql";

/**
 * The operation alone in a document, and every fragment that surely applies dissolved into the fields around it. The
 * executor forgets that a field must not be null when it stands in a fragment: what holds it would come back without it.
 * Called after the limits, which bound the fields that fragments spread into.
 * @param {import("graphql").GraphQLSchema} schema @param {import("graphql").OperationDefinitionNode} operation
 * @param {Map<string, import("graphql").FragmentDefinitionNode>} fragments
 * @returns {import("graphql").DocumentNode}
 */
export function flattened(schema, operation, fragments) {
  const selectionSet = flat({ schema, fragments }, operation.selectionSet, schema.getRootType(operation.operation));
  return { kind: Kind.DOCUMENT, definitions: [{ ...operation, selectionSet }] };
}

function flat(graph, selectionSet, type) {
  const selections = selectionSet.selections.flatMap((selection) =>
    selection.kind === Kind.FIELD ? [flatField(graph, selection, type)] : flatFragment(graph, selection, type),
  );
  return { ...selectionSet, selections };
}

function flatField(graph, node, type) {
  const field = type.getFields?.()[node.name.value];
  if (!field || !node.selectionSet) return node;
  return { ...node, selectionSet: flat(graph, node.selectionSet, getNamedType(field.type)) };
}

function flatFragment(graph, node, type) {
  const fragment = node.kind === Kind.FRAGMENT_SPREAD ? graph.fragments.get(node.name.value) : node;
  const { typeCondition } = fragment;
  const condition = typeCondition ? graph.schema.getType(typeCondition.name.value) : type;
  const certain = isObjectType(type) && applies(graph.schema, condition, type);
  const inside = flat(graph, fragment.selectionSet, certain ? type : condition);
  const { directives = [] } = node;
  if (certain && !directives.length) return inside.selections;
  if (certain && inside.selections.every((selection) => !selection.directives?.length))
    return inside.selections.map((selection) => ({ ...selection, directives })); // a condition of all is one of each
  return [{ kind: Kind.INLINE_FRAGMENT, typeCondition, directives, selectionSet: inside }];
}

function applies(schema, condition, type) {
  return condition === type || (isAbstractType(condition) && schema.isSubType(condition, type));
}

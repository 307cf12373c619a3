/** What an operation may cost at most, in objects: list sizes multiply, leaves are free. */

import { getNamedType, getNullableType, isCompositeType, isLeafType, isListType, Kind } from "graphql";

import { Refused } from "../errors.js";

const SIZE_UNKNOWN = 5; // of a list without size argument or @listSize: a menu's categories, an order's lines
const PAGE_UNKNOWN = 20; // of a page whose `first` is not given; subgraphs refuse those
const MUTATION = 10;

/**
 * The cost of one operation as a function of its variables. Called after the limits, which bound the fields that
 * fragments spread into.
 * @returns {(variables: Record<string, unknown>) => number}
 */
export function compileCost(schema, operation, fragments) {
  const root = schema.getRootType(operation.operation);
  const own = operation.operation === "mutation" ? operation.selectionSet.selections.length * MUTATION : 0;
  const inside = compileSelections({ schema, fragments }, operation.selectionSet, root, null);
  return (variables) => own + inside(variables);
}

/** @param {number} most */
export function checkCost(cost, variables, most) {
  const value = cost(variables);
  if (!(value <= most))
    throw new Refused(
      400,
      "LIMIT_EXCEEDED",
      `The operation may touch ${Math.ceil(value)} objects; at most ${most} are allowed.`,
    );
}

function compileSelections(graph, selectionSet, type, page) {
  const parts = selectionSet.selections.map((selection) => compileSelection(graph, selection, type, page));
  return (variables) => parts.reduce((sum, part) => sum + part(variables), 0);
}

function compileSelection(graph, selection, type, page) {
  if (selection.kind === Kind.FIELD) return compileField(graph, selection, type, page);
  const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? graph.fragments.get(selection.name.value) : selection;
  const condition = fragment.typeCondition?.name.value;
  return compileSelections(graph, fragment.selectionSet, condition ? graph.schema.getType(condition) : type, page);
}

/** @param page size of the page that this field is a direct part of, for `edges` and `nodes` */
function compileField(graph, node, type, page) {
  const field = type.getFields?.()[node.name.value];
  if (!field) return () => 0; // __typename and introspection
  const named = getNamedType(field.type);
  const weight = weightOf(field, named);
  const size = sizeOf(field, node);
  const isList = isListType(getNullableType(field.type));
  const inside =
    node.selectionSet && isCompositeType(named)
      ? compileSelections(graph, node.selectionSet, named, isList ? null : size)
      : () => 0;
  const times = isList ? (size ?? page ?? (() => SIZE_UNKNOWN)) : () => 1;
  return (variables) => times(variables) * (weight + inside(variables));
}

function weightOf(field, named) {
  const given = argumentOf(field, "cost", "weight");
  if (given) return Math.max(0, Number(given.value) || 0);
  return isLeafType(named) ? 0 : 1;
}

/** Size of the list or page by its arguments or @listSize; null when neither says anything. */
function sizeOf(field, node) {
  const named = argumentOf(field, "listSize", "slicingArguments")?.values?.map(({ value }) => value) ?? [
    "first",
    "last",
  ];
  const slicing = named.filter((name) => field.args.some((argument) => argument.name === name));
  const assumed = Number(argumentOf(field, "listSize", "assumedSize")?.value ?? NaN);
  if (!slicing.length) return Number.isFinite(assumed) ? () => Math.max(0, assumed) : null;
  const given = slicing
    .map((name) => node.arguments?.find((argument) => argument.name.value === name)?.value)
    .filter(Boolean);
  return (variables) => {
    const sizes = given.map((value) => sizeFrom(value, variables)).filter((size) => size !== null);
    return sizes.length ? Math.max(...sizes) : Number.isFinite(assumed) ? assumed : PAGE_UNKNOWN;
  };
}

function sizeFrom(value, variables) {
  const size = Number(value.kind === Kind.VARIABLE ? (variables[value.name.value] ?? NaN) : (value.value ?? NaN));
  return Number.isFinite(size) ? Math.max(0, size) : null;
}

function argumentOf(field, directive, argument) {
  const applied = field.astNode?.directives?.find(
    ({ name }) => name.value === directive || name.value === `federation__${directive}`,
  );
  return applied?.arguments?.find(({ name }) => name.value === argument)?.value;
}

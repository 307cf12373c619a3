/** From the text of a document to operations that may run: parsed, measured, validated, remembered. */

import { GraphQLError, Kind, NoSchemaIntrospectionCustomRule, parse, specifiedRules, validate, visit } from "graphql";

import { Refused } from "../errors.js";
import { compileCost } from "./cost.js";
import { flattened } from "./flattening.js";
import { checkLimits, fragmentsOf, LIMITS, within } from "./limits.js";
import { createRecent } from "./recent.js";

const REMEMBERED = { entries: 1000, weight: 300_000 }; // in characters, each of which costs about 100 bytes
const INTROSPECTION = new Set(["__schema", "__type", "__typename"]);

/**
 * @typedef {object} Operation
 * @property {"query" | "mutation" | "subscription"} kind
 * @property {string | undefined} name
 * @property {import("graphql").DocumentNode} document
 * @property {import("graphql").OperationDefinitionNode} node
 * @property {boolean} introspects answered here, by no subgraph
 * @property {(variables: object) => number} cost
 */

/**
 * A function `find(text, operationName)` that returns the Operation or throws Refused. Refusals are remembered too,
 * for validating a large document costs more than anything else here.
 */
export function createDocuments(schema, { introspection }) {
  const remembered = createRecent(REMEMBERED);
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  return function find(text, operationName) {
    within("characters", text.length);
    let entry = remembered.get(text);
    if (!entry) {
      entry = attempt(() => compile(schema, text, rules, introspection));
      remembered.set(text, entry, text.length);
    }
    if (entry instanceof Refused) throw entry;
    return choose(entry, operationName);
  };
}

function attempt(work) {
  try {
    return work();
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
}

/** @returns {Map<string | undefined, Operation>} */
function compile(schema, text, rules, introspection) {
  const document = parsed(text);
  checkLimits(document);
  const problems = validate(schema, document, rules, { maxErrors: 10 });
  if (problems.length) throw refusedBy(problems, "GRAPHQL_VALIDATION_FAILED", introspection);
  forgetPlaces(document);
  const fragments = fragmentsOf(document);
  const operations = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  return new Map(operations.map((node) => [node.name?.value, operationOf(schema, document, node, fragments)]));
}

/** @returns {Operation} */
function operationOf(schema, document, node, fragments) {
  const answeredHere = introspects(node, fragments);
  return {
    kind: node.operation,
    name: node.name?.value,
    document: answeredHere ? document : flattened(schema, node, fragments),
    node,
    introspects: answeredHere,
    cost: compileCost(schema, node, fragments),
  };
}

/** Where things stood in the text is most of a document's memory, and of no use once it is valid. */
function forgetPlaces(document) {
  visit(document, {
    enter(node) {
      node.loc = undefined;
    },
  });
}

function parsed(text) {
  try {
    return parse(text, { maxTokens: LIMITS.tokens });
  } catch (error) {
    if (!(error instanceof GraphQLError))
      throw new Refused(400, "GRAPHQL_PARSE_FAILED", "The document cannot be parsed.");
    if (/tokens/.test(error.message)) within("tokens", Infinity);
    throw refusedBy([error], "GRAPHQL_PARSE_FAILED", true);
  }
}

/** Without introspection the wording of validation would still tell the schema, name by name: nothing is told. */
function refusedBy(errors, code, mayTell) {
  if (!mayTell) return new Refused(400, code, "The document does not fit the schema.");
  const problems = errors.map(({ message, locations }) => ({ message, locations }));
  return new Refused(400, code, problems[0].message, { problems, byDocument: true });
}

function choose(operations, operationName) {
  if (operations.size === 0) throw new Refused(400, "BAD_USER_INPUT", "The document holds no operation.");
  if (operationName == null || operationName === "") {
    if (operations.size === 1) return operations.values().next().value;
    throw new Refused(400, "BAD_USER_INPUT", "The document holds several operations: name one in operationName.");
  }
  const operation = operations.get(operationName);
  if (!operation) throw new Refused(400, "BAD_USER_INPUT", "The document holds no operation of that name.");
  return operation;
}

/** Whether only introspection is asked for. Refuses a mixture: no planner answers both at once. */
function introspects(node, fragments) {
  const names = rootNames(node.selectionSet, fragments, new Set());
  const asking = [...names].filter((name) => name !== "__typename");
  const own = asking.filter((name) => INTROSPECTION.has(name));
  if (own.length && own.length < asking.length) {
    throw new Refused(400, "BAD_USER_INPUT", "Ask for the schema and for data in two operations.");
  }
  return node.operation !== "subscription" && own.length === asking.length;
}

function rootNames(selectionSet, fragments, names) {
  for (const selection of selectionSet.selections) {
    if (selection.kind === Kind.FIELD) names.add(selection.name.value);
    else rootNames((fragments.get(selection.name?.value) ?? selection).selectionSet, fragments, names);
  }
  return names;
}

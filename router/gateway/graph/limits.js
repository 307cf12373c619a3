/** How large a document may be, found in one memoised pass before validation. */

import { Kind, visit } from "graphql";

import { Refused } from "../errors.js";

export const LIMITS = Object.freeze({
  characters: 15_000,
  tokens: 1000,
  depth: 12,
  aliases: 15,
  directives: 50,
  rootFields: 20,
  rootMutations: 4,
  fragments: 20,
  fields: 2000,
  introspections: 2,
});
const INTROSPECTION = new Set(["__schema", "__type"]);
const ZERO = Object.freeze({ depth: 0, fields: 0, aliases: 0, directives: 0, roots: 0, introspections: 0 });

/** Throws Refused when the document is larger than LIMITS or uses names and numbers that no graph of ours has. */
export function checkLimits(document) {
  const fragments = fragmentsOf(document);
  within("fragments", fragments.size);
  checkTokens(document);
  const memo = new Map();
  const total = { ...ZERO };
  for (const definition of document.definitions) {
    total.directives += definition.directives?.length ?? 0;
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue; // fragments count where they are spread
    const size = measure(definition.selectionSet, fragments, memo);
    total.depth = Math.max(total.depth, size.depth);
    for (const name of ["fields", "aliases", "directives"]) total[name] += size[name];
    within("rootFields", size.roots);
    within("introspections", size.introspections);
    if (definition.operation === "mutation") within("rootMutations", size.roots);
  }
  for (const name of ["depth", "fields", "aliases", "directives"]) within(name, total[name]);
}

export function fragmentsOf(document) {
  const fragments = document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
  return new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
}

/** Size of a selection with every fragment spread in it; a fragment is walked once, however often it is spread. */
function measure(selectionSet, fragments, memo) {
  const size = { ...ZERO };
  for (const selection of selectionSet.selections) {
    const part = measureSelection(selection, fragments, memo);
    size.depth = Math.max(size.depth, part.depth);
    for (const name of ["fields", "aliases", "directives", "roots", "introspections"]) size[name] += part[name];
  }
  return size;
}

function measureSelection(selection, fragments, memo) {
  const directives = selection.directives?.length ?? 0;
  if (selection.kind === Kind.FIELD) {
    const inside = selection.selectionSet ? measure(selection.selectionSet, fragments, memo) : ZERO;
    const introspects = INTROSPECTION.has(selection.name.value); // inside, graphql-js has a rule of its own for depth
    return {
      depth: 1 + (introspects ? 0 : inside.depth),
      fields: 1 + inside.fields,
      aliases: (selection.alias ? 1 : 0) + inside.aliases,
      directives: directives + inside.directives,
      roots: 1,
      introspections: introspects ? 1 : 0,
    };
  }
  const inside =
    selection.kind === Kind.FRAGMENT_SPREAD
      ? measureFragment(selection.name.value, fragments, memo)
      : measure(selection.selectionSet, fragments, memo);
  return { ...inside, directives: directives + inside.directives };
}

function measureFragment(name, fragments, memo) {
  const known = memo.get(name);
  if (known) return known;
  const fragment = fragments.get(name);
  if (!fragment) return ZERO; // validation names it
  memo.set(name, ZERO); // a cycle ends here; validation refuses it
  const size = measure(fragment.selectionSet, fragments, memo);
  memo.set(name, size);
  return size;
}

/**
 * The executor merges results in plain objects: an alias `__proto__` would write into the prototype of every object,
 * `toString` would meet what is there already. Integers beyond 2^53 lose digits on their way, so they are not accepted.
 */
function checkTokens(document) {
  visit(document, {
    Field(node) {
      if (node.alias && isReserved(node.alias.value)) throw refusedName(node.alias.value);
    },
    VariableDefinition(node) {
      if (isReserved(node.variable.name.value)) throw refusedName(node.variable.name.value);
    },
    IntValue(node) {
      if (!Number.isSafeInteger(Number(node.value))) throw refusedNumber();
    },
    FloatValue(node) {
      if (!Number.isFinite(Number(node.value))) throw refusedNumber();
    },
  });
}

function isReserved(name) {
  return name.startsWith("__") || name in Object.prototype;
}

function refusedName(name) {
  return new Refused(400, "BAD_USER_INPUT", `The name '${name.slice(0, 40)}' is reserved: choose another alias.`);
}

export function refusedNumber() {
  return new Refused(400, "BAD_USER_INPUT", "Numbers must be finite and integers must lie within ±(2^53 - 1).");
}

const WORDS = {
  characters: "characters",
  tokens: "tokens",
  depth: "levels",
  aliases: "aliases",
  directives: "directives",
  rootFields: "root fields",
  rootMutations: "mutations",
  fragments: "fragments",
  fields: "fields",
  introspections: "introspection fields",
};

export function within(name, value) {
  if (value > LIMITS[name])
    throw new Refused(400, "LIMIT_EXCEEDED", `A document may have at most ${LIMITS[name]} ${WORDS[name]}.`);
}

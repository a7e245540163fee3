// Holds the attributes of nodes against the operators' specifications: unknown ones, wrong types, values there are none of, required ones that are missing.
import type { Attribute, FunctionBody, Model, Node } from '../graph/model';
import type { Problem, ProblemCode } from '../graph/problem';
import { subgraphs } from '../graph/traverse';
import { nodeLabel } from '../graph/verify';
import { elementTypeFromCode } from '../tensor/elementType';
import { type AttributeSpec, type Signature, signatureOf } from './signature';
import { opsetOf } from './table';

/** What is said of a node's attribute. */
export interface AttributeProblem {
  readonly code: Extract<ProblemCode, 'unknown-attribute' | 'attribute-type' | 'attribute-value' | 'missing-attribute'>;
  readonly node: Node;
  readonly attribute: string;
  /** What the operator says of it; undefined where it has no such attribute. */
  readonly spec: AttributeSpec | undefined;
  readonly signature: Signature;
  readonly message: string;
}

/** Every attribute that does not fit its operator. What the table does not know (custom domains, functions of the model, other versions) is not judged. */
export function* attributeProblems(model: Pick<Model, 'graph' | 'functions' | 'opsetImports'>): Generator<AttributeProblem> {
  const functions = new Set(model.functions.map(({ domain, name }) => `${domain}\u0000${name}`));
  yield* problemsOf(model.graph.nodes, model.opsetImports, functions);
  for (const body of model.functions) yield* problemsOf(body.nodes, importsOf(body, model.opsetImports), functions);
}

/** The same as warnings, as the verifier has them. */
export function attributeWarnings(model: Model): Problem[] {
  return [...attributeProblems(model)].map(({ code, message, node }) => ({ code, severity: 'warning', message, item: nodeLabel(node) }));
}

/** How a node's operator is called; undefined where the model does not import its operator set, or it is not known. */
export function signatureOfNode(node: Node, imports: ReadonlyMap<string, number>): Signature | undefined {
  return imports.size === 0 ? undefined : signatureOf(node.domain, node.opType, opsetOf(node, imports));
}

function importsOf({ opsetImports }: FunctionBody, model: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  return opsetImports.size === 0 ? model : opsetImports;
}

function* problemsOf(nodes: readonly Node[], imports: ReadonlyMap<string, number>, functions: ReadonlySet<string>): Generator<AttributeProblem> {
  for (const node of nodes) {
    const signature = functions.has(`${node.domain}\u0000${node.opType}`) ? undefined : signatureOfNode(node, imports);
    if (signature !== undefined) yield* problemsOfNode(node, signature);
    if (node.attributes.size > 0) for (const { graph } of subgraphs(node)) yield* problemsOf(graph.nodes, imports, functions);
  }
}

function* problemsOfNode(node: Node, signature: Signature): Generator<AttributeProblem> {
  const { attributes, op } = signature;
  for (const [name, attribute] of node.attributes) {
    const spec = attributes.get(name);
    const about = { node, attribute: name, spec, signature };
    if (spec === undefined) yield { ...about, code: 'unknown-attribute', message: `${op} has no attribute "${name}" in version ${signature.since} of its operator set.` };
    else if (spec.type !== attribute.type) yield { ...about, code: 'attribute-type', message: `"${name}" of ${op} is of type ${spec.type}, not ${attribute.type}.` };
    else {
      const wrong = attribute.reference === undefined ? wrongValue(spec, attribute) : undefined;
      if (wrong !== undefined) yield { ...about, code: 'attribute-value', message: `"${name}" of ${op} cannot be ${wrong}${spec.values === undefined ? ': no element type has this number' : `: it is one of ${spec.values.join(', ')}`}.` };
    }
  }
  for (const [name, spec] of attributes) if (spec.required && !node.attributes.has(name)) yield { node, attribute: name, spec, signature, code: 'missing-attribute', message: `${op} needs the attribute "${name}".` };
}

/** The value, as it is to be said, where it is none the attribute can have. 0 stands for an element type that is not said. */
function wrongValue({ values, elementType }: AttributeSpec, attribute: Attribute): string | undefined {
  if (elementType && attribute.type === 'int') return attribute.value === 0 || elementTypeFromCode(Number(attribute.value)) !== undefined ? undefined : String(attribute.value);
  if (values === undefined) return undefined;
  const said = attribute.type === 'string' ? [attribute.value] : attribute.type === 'strings' ? attribute.value : [];
  const wrong = said.find((value) => !values.includes(value));
  return wrong === undefined ? undefined : `"${wrong}"`;
}

/**
 * Builds an ONNX model in code: each call adds a node and gives the name of its result, so a graph reads like the
 * formula that it computes. Operators and their attributes are those of opset 17.
 */

import {
  ATTRIBUTE_TYPES,
  ELEMENT_TYPES,
  encodeModel,
  type AttributeProto,
  type ElementType,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "./onnx-proto.js";

const IR_VERSION = 8;
const OPSET_VERSION = 17;

/** A tensor inside one graph. */
export interface Value {
  readonly name: string;
}

/** A number is fixed; a text names a size that is known only when the model runs. */
export type Dimension = number | string;

/** Operators in use that have no attributes, or none in use. */
type PlainOperator =
  "Abs" | "Div" | "Expand" | "Greater" | "Less" | "Max" | "Mul" | "Neg" | "Reshape" | "Sub" | "Where";

/** The others, each with the attributes in use. */
interface Operators {
  ArgMin: { axis: number; keepdims: 0 | 1 };
  AveragePool: {
    kernel_shape: readonly number[];
    strides: readonly number[];
    pads: readonly number[];
    count_include_pad: 0 | 1;
  };
  Cast: { to: number };
  Conv: { kernel_shape: readonly number[]; strides: readonly number[]; pads: readonly number[] };
  GatherElements: { axis: number };
  MaxPool: { kernel_shape: readonly number[]; strides: readonly number[]; pads: readonly number[] };
  ReduceMax: { axes: readonly number[]; keepdims: 0 | 1 };
  ReduceMean: { axes: readonly number[]; keepdims: 0 | 1 };
  ReduceMin: { axes: readonly number[]; keepdims: 0 | 1 };
  Resize: { mode: "linear" | "nearest"; coordinate_transformation_mode: "half_pixel" };
}

export class OnnxGraph {
  readonly #name: string;
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  #count = 0;

  constructor(name: string) {
    this.#name = name;
  }

  input(name: string, type: ElementType, shape: readonly Dimension[]): Value {
    this.#inputs.push(valueInfo(name, type, shape));
    return { name };
  }

  /** A float32 tensor, row-major; a lone number is a scalar. */
  float(values: number | readonly number[], dims: readonly number[] = []): Value {
    const elements = Float32Array.from(typeof values === "number" ? [values] : values);
    return this.#initializer("float32", dims, new Uint8Array(elements.buffer), elements.length);
  }

  /** A one-dimensional int64 tensor: a shape, sizes or axes. */
  ints(values: readonly number[]): Value {
    const elements = BigInt64Array.from(values, (value) => BigInt(value));
    return this.#initializer("int64", [values.length], new Uint8Array(elements.buffer), elements.length);
  }

  /** Adds a node; `null` leaves an optional input out. */
  node(opType: PlainOperator, inputs: readonly (Value | null)[]): Value;
  node<Type extends keyof Operators>(
    opType: Type,
    inputs: readonly (Value | null)[],
    attributes: Operators[Type],
  ): Value;
  node(
    opType: string,
    inputs: readonly (Value | null)[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): Value {
    const name = this.#fresh(opType.toLowerCase());
    this.#nodes.push({
      name,
      opType,
      input: inputs.map((input) => input?.name ?? ""),
      output: [name],
      attribute: Object.entries(attributes).map(([key, value]) => attributeProto(key, value)),
    });
    return { name };
  }

  cast(value: Value, to: ElementType): Value {
    return this.node("Cast", [value], { to: ELEMENT_TYPES[to] });
  }

  /** Makes `value` a result of the model under `name`. */
  output(name: string, value: Value, type: ElementType, shape: readonly Dimension[]): void {
    this.#nodes.push({ name, opType: "Identity", input: [value.name], output: [name], attribute: [] });
    this.#outputs.push(valueInfo(name, type, shape));
  }

  /** The model as the bytes of a `.onnx` file. */
  encode(): Uint8Array {
    return encodeModel({
      irVersion: IR_VERSION,
      producerName: "sluice",
      opsetImport: [{ domain: "", version: OPSET_VERSION }],
      graph: {
        name: this.#name,
        node: this.#nodes,
        initializer: this.#initializers,
        input: this.#inputs,
        output: this.#outputs,
      },
    });
  }

  #initializer(type: ElementType, dims: readonly number[], rawData: Uint8Array, count: number): Value {
    const wanted = dims.reduce((product, dim) => product * dim, 1);
    if (wanted !== count)
      throw new RangeError(`A tensor of shape [${dims.join(", ")}] needs ${wanted} elements: got ${count}`);
    const name = this.#fresh("constant");
    this.#initializers.push({ name, dims, dataType: ELEMENT_TYPES[type], rawData });
    return { name };
  }

  #fresh(prefix: string): string {
    return `${prefix}_${this.#count++}`;
  }
}

function valueInfo(name: string, type: ElementType, shape: readonly Dimension[]): ValueInfoProto {
  const dim = shape.map((size) => (typeof size === "number" ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: ELEMENT_TYPES[type], shape: { dim } } } };
}

type AttributeValue = number | string | readonly number[];

function attributeProto(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === "number") return { name, type: ATTRIBUTE_TYPES.int, i: value };
  if (typeof value === "string")
    return { name, type: ATTRIBUTE_TYPES.string, s: new TextEncoder().encode(value) };
  return { name, type: ATTRIBUTE_TYPES.ints, ints: value };
}

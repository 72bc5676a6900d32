/** A model of one node, `y = x + x`, as the bytes of an ONNX file: enough to meet a real session. */

/** `shape` names each dimension of `x`; text is a dimension that the model leaves free. */
export function doublingModel(shape: readonly (number | string)[]): Uint8Array {
  const value = (name: string) => message([1, text(name)], [2, message([1, tensorType(shape)])]);
  const node = message([1, text("x")], [1, text("x")], [2, text("y")], [4, text("Add")]);
  const graph = message([1, node], [2, text("doubling")], [11, value("x")], [12, value("y")]);
  // ModelProto: ir_version 8, operator set 13 of the default domain (onnx.proto of the ONNX project).
  return message([1, 8], [8, message([2, 13])], [7, graph]);
}

/** TypeProto.Tensor: elem_type 1 is float32. */
function tensorType(shape: readonly (number | string)[]): Uint8Array {
  const dimensions = shape.map((size) => message(typeof size === "number" ? [1, size] : [2, text(size)]));
  return message([1, 1], [2, message(...dimensions.map((dimension) => [1, dimension] as const))]);
}

type Field = readonly [number, number | Uint8Array];

/** Protocol Buffers wire format: a varint field, or a length-delimited one. */
function message(...fields: readonly Field[]): Uint8Array {
  const bytes: number[] = [];
  for (const [field, value] of fields) {
    if (typeof value === "number") bytes.push(...varint(field << 3), ...varint(value));
    else bytes.push(...varint((field << 3) | 2), ...varint(value.length), ...value);
  }
  return Uint8Array.from(bytes);
}

function varint(value: number): readonly number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

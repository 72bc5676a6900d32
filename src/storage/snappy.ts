/** Reads Snappy (google/snappy, `format_description.txt`), in which level compresses its blocks. */

/** Larger than any block that was written here; a damaged length asks for no more. */
const SIZE_MAX = 128 * 1024 * 1024;

/** Null where it is no Snappy. */
export function uncompress(bytes: Buffer): Buffer | null {
  let at = 0;
  let size = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    if (byte === undefined || shift > 28) return null;
    size += (byte & 127) * 2 ** shift;
    if (byte < 128) break;
  }
  if (size > SIZE_MAX) return null;
  const output = Buffer.alloc(size);
  let end = 0;
  while (at < bytes.length) {
    const tag = bytes[at++] ?? 0;
    const kind = tag & 3;
    if (kind === 0) {
      let length = tag >>> 2;
      if (length >= 60) {
        const digits = length - 59;
        if (at + digits > bytes.length) return null;
        length = bytes.readUIntLE(at, digits);
        at += digits;
      }
      length += 1;
      if (at + length > bytes.length || end + length > size) return null;
      bytes.copy(output, end, at, at + length);
      at += length;
      end += length;
      continue;
    }
    const offsetBytes = kind === 1 ? 1 : kind === 2 ? 2 : 4;
    if (at + offsetBytes > bytes.length) return null;
    const low = bytes.readUIntLE(at, offsetBytes);
    at += offsetBytes;
    const offset = kind === 1 ? ((tag >>> 5) << 8) + low : low;
    const length = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    if (offset === 0 || offset > end || end + length > size) return null;
    // A copy may run into what it writes: byte by byte.
    for (let i = 0; i < length; i++, end++) output[end] = output[end - offset] ?? 0;
  }
  return end === size ? output : null;
}

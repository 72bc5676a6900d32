/**
 * The first byte of each value. They are part of the wire format: new ones may be added, none may change its meaning.
 *
 * Below `TAG_NULL` a tag is itself the value, an integer from 0 to 127. After the others follow, in order:
 *
 * - `INTEGER` varint n, `NEGATIVE` varint for -1 - n, `NUMBER` float64, `BIGINT` text of hexadecimal digits
 * - `TEXT` and `REF` text: varint length, UTF-8
 * - `ARRAY` and `SET` varint count, values; `MAP` varint count, keys and values in turn
 * - `OBJECT` varint count; unless that is 0, uint8 length of the keys in bytes (255 if it is more), keys as texts, values
 * - `BYTES` uint8 kind, varint length, bytes; `ATTACHMENT` uint8 kind, varint index
 * - `ERROR` uint8 flags, name, message, and by the flags code, details, cause
 *
 * All fixed-width numbers are little-endian.
 */

export const TAG_NULL = 0x80;
export const TAG_UNDEFINED = 0x81;
export const TAG_FALSE = 0x82;
export const TAG_TRUE = 0x83;
export const TAG_INTEGER = 0x84;
export const TAG_NEGATIVE = 0x85;
export const TAG_NUMBER = 0x86;
export const TAG_BIGINT = 0x87;
export const TAG_TEXT = 0x88;
export const TAG_ARRAY = 0x89;
export const TAG_OBJECT = 0x8a;
export const TAG_MAP = 0x8b;
export const TAG_SET = 0x8c;
export const TAG_ERROR = 0x8d;
export const TAG_REF = 0x8e;
export const TAG_BYTES = 0x8f;
export const TAG_ATTACHMENT = 0x90;

export const ERROR_HAS_CODE = 1;
/** Its `retry` is "backoff". */
export const ERROR_BACKS_OFF = 2;
export const ERROR_HAS_DETAILS = 4;
export const ERROR_HAS_CAUSE = 8;
/** All of the flags. */
export const ERROR_FLAGS = 15;

/** Stands for a total length of keys that does not fit its byte. */
export const KEYS_LONG = 0xff;

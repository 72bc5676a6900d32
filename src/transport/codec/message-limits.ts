/** Limits of one message: the encoder refuses what the decoder of another node would refuse. */

/** Arrays, objects, Maps, Sets and errors inside each other. It ends cycles too. */
export const DEPTH_MAX = 64;

/** Items, properties and entries in total; one that needs memory beyond its slot counts as several. */
export const ELEMENTS_MAX = 1_000_000;

/** Elements that a Map, a Set, an error or a byte array counts as: even empty, each takes 200 to 400 bytes. */
export const HEAVY_ELEMENTS = 8;

/** Elements that an array in shared memory counts as. */
export const SHARED_ELEMENTS = 64;

/** An error's cause, the cause of that and so on; deeper ones are left out. */
export const CAUSES_MAX = 4;

/** Hexadecimal digits of a bigint. */
export const BIGINT_DIGITS_MAX = 4_096;

/** Byte arrays of at least this size, in bytes, travel beside the message, uncopied. */
export const ATTACHMENT_BYTES_MIN = 4_096;

/** What one message may hold: the encoder refuses what the decoder of another node would refuse. */

/** Arrays, objects, Maps, Sets and errors inside each other. A cycle ends here too. */
export const DEPTH_MAX = 64;

/** Items, properties and entries in all; one that needs memory beyond its slot counts as several. */
export const ELEMENTS_MAX = 1_000_000;

/** Elements that a Map, a Set, an error or an array of bytes counts for: each takes 200 to 400 bytes, however empty it is. */
export const HEAVY_ELEMENTS = 8;

/** Elements that an array in shared memory counts for. */
export const SHARED_ELEMENTS = 64;

/** An error's cause, its cause and so on; what is deeper is left out. */
export const CAUSES_MAX = 4;

/** Hexadecimal digits of a bigint. */
export const BIGINT_DIGITS_MAX = 4_096;

/** Byte arrays of at least this travel beside the message, uncopied. */
export const ATTACHMENT_BYTES_MIN = 4_096;

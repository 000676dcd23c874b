/** These packages bring no types of their own. */
declare module 'lz4js' {
  /** Throws for what is not an LZ4 frame. */
  export const decompress: (frame: Uint8Array) => Uint8Array;
}

declare module 'snappyjs' {
  /** Throws for what is not one raw Snappy block. */
  export const uncompress: (block: Uint8Array) => Uint8Array;
}

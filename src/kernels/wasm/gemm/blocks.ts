import { DEPTH } from "./multiply.js";

/** A part of a sum: its first entry and their number. */
export type Block = readonly [first: number, length: number];

/** A sum over `depth` entries in as few parts as the product takes, all about as long and even. */
export function depthBlocks(depth: number): Block[] {
  const count = Math.ceil(depth / DEPTH);
  return evenBlocks(depth, 2 * Math.ceil(depth / count / 2));
}

/** `size` entries in parts of `length`, of which the last may be shorter. */
export function evenBlocks(size: number, length: number): Block[] {
  const blocks: Block[] = [];
  for (let first = 0; first < size; first += length) blocks.push([first, Math.min(length, size - first)]);
  return blocks;
}

/**
 * Transformed filters that are kept while their weights stay as they are. Weights are arrays that anyone may write to,
 * so nothing but the weights themselves can tell: filters are used only where every bit of the weights equals that of a
 * copy that is kept with them. Comparing takes a few hundredths of a convolution, since it ends at the first difference
 * and runs at the memory's speed, and transforming anew took up to a half of small ones.
 *
 * A model that is run once or trained would pay for a copy that is never used. So filters are kept from the second run
 * on in which some of the weights, spread over all, are what they were.
 */
import { free, lasts, memory, onFree, take } from "../memory.js";
import { FilterTransform } from "./convolve.js";
import type { Plan } from "./plan.js";
import { scanKernels } from "./scan.js";

/** Bytes that are kept at most; what was not used for the longest goes first. */
const MOST_BYTES = 512 << 20;
const MOST_ENTRIES = 1024;
/** Weights that tell whether a run is worth keeping filters for. */
const SAMPLES = 32;

interface Kept {
  readonly weight: number;
  /** Bits of some weights as they were in the last run. */
  samples: Int32Array;
  /** A block with the transformed filters and, behind them, the weights that they are made of. */
  block: { readonly at: number; readonly bytes: number } | undefined;
}

/** In the order of their last use; made with the first. */
let entries: Map<string, Kept> | undefined;
let bytesKept = 0;

/** The filters of this plan, transformed from the weights as they are now; undefined where none are kept. */
export function keptFilters(plan: Plan, weight: number): number | undefined {
  if (!lasts(weight)) return undefined;
  const { variant, problem, filterPanels, filterPanel } = plan;
  const { filters, channels, turned } = problem;
  const key = [weight, filters, channels, turned, variant.flavour, variant.size, variant.rows].join();
  const [weights, transformed] = [36 * filters * channels, filterPanels * filterPanel];
  const samples = samplesOf(weight, weights / 4);
  const all = allEntries();
  const known = all.get(key);
  const entry = known ?? { weight, samples, block: undefined };
  all.delete(key);
  all.set(key, entry);
  for (const [oldest, other] of all) {
    if (all.size <= MOST_ENTRIES) break;
    all.delete(oldest);
    drop(other);
  }
  if (entry.block && scanKernels().same(weight, entry.block.at + transformed, weights) === 0) drop(entry);
  if (known && !entry.block && samples.every((bits, i) => bits === entry.samples[i])) {
    entry.block = makeRoom(all, transformed + weights);
    if (entry.block) {
      const { at } = entry.block;
      new FilterTransform(plan).all(weight, at);
      new Int32Array(memory().buffer).copyWithin((at + transformed) / 4, weight / 4, (weight + weights) / 4);
    }
  }
  entry.samples = samples;
  return entry.block?.at;
}

function samplesOf(weight: number, count: number): Int32Array {
  const bits = new Int32Array(memory().buffer, weight, count);
  const step = Math.max(1, Math.floor(count / SAMPLES));
  return Int32Array.from({ length: Math.ceil(count / step) }, (_, i) => bits[i * step]!);
}

function allEntries(): Map<string, Kept> {
  if (entries) return entries;
  const all = new Map<string, Kept>();
  // Filters go with the weights that they are made of.
  onFree((at, bytes) => {
    for (const [key, entry] of all) {
      if (entry.weight < at || entry.weight >= at + bytes) continue;
      all.delete(key);
      drop(entry);
    }
  });
  entries = all;
  return all;
}

/** Takes room, from what was not used for the longest if need be. */
function makeRoom(all: Map<string, Kept>, bytes: number): Kept["block"] {
  if (bytes > MOST_BYTES) return undefined;
  for (const entry of all.values()) {
    if (bytesKept + bytes <= MOST_BYTES) break;
    drop(entry);
  }
  const at = take(bytes);
  if (at === undefined) return undefined;
  bytesKept += bytes;
  return { at, bytes };
}

function drop(entry: Kept): void {
  if (!entry.block) return;
  const { at, bytes } = entry.block;
  entry.block = undefined;
  bytesKept -= bytes;
  free(at, bytes);
}

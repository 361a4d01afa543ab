/**
 * Transformed filters that are kept while their weights stay as they are. Weights are arrays that anyone may write to,
 * so nothing but the weights themselves can tell: filters are used only where every bit of the weights equals that of a
 * copy that is kept with them. Comparing takes a few hundredths of a convolution, since it runs at the memory's speed and
 * ends at the first difference; transforming anew takes up to a half of one with small images.
 *
 * A model that is run once or trained would pay for copies that are never used. So filters are kept from the second run
 * on in which some of the weights, spread over all, are what they were in the one before.
 */
import { free, lasts, memory, onFree, take } from "../memory.js";
import { FilterTransform } from "./convolve.js";
import type { Plan } from "./plan.js";
import { scanKernels } from "./scan.js";

/** Weights that tell whether a run is worth keeping filters for. */
const SAMPLES = 32;

interface Entry {
  readonly weight: number;
  /** Bits of some weights as they were in the last run. */
  samples: Int32Array;
  /** The transformed filters and, behind them, the weights that they are made of. */
  block: { readonly at: number; readonly bytes: number } | undefined;
}

export class KeptFilters {
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  /** What was not used for the longest goes first where there are more entries or bytes. */
  constructor(
    private readonly mostEntries = 1024,
    private readonly mostBytes = 512 << 20,
  ) {
    onFree((at, bytes) => this.#forget(at, at + bytes));
  }

  /** Where the filters are that the weights give as they are now; undefined where none are kept. */
  find(plan: Plan, weight: number): number | undefined {
    if (!lasts(weight)) return undefined;
    const { variant, problem, filterPanels, filterPanel } = plan;
    const { filters, channels, kernel, stride, turned } = problem;
    const weights = (4 * filters * channels * kernel * kernel) / (stride * stride);
    const transformed = filterPanels * filterPanel;
    const { flavour, points, rows } = variant;
    const key = [weight, filters, channels, kernel, stride, turned, flavour, points, rows].join();
    const entry = this.#use(key) ?? this.#add(key, weight);
    if (entry.block) {
      if (scanKernels().same(weight, entry.block.at + transformed, weights) !== 0) return entry.block.at;
      this.#drop(entry);
    }
    const samples = samplesOf(weight, weights / 4);
    const steady = samples.every((bits, i) => bits === entry.samples[i]);
    entry.samples = samples;
    if (!steady) return undefined;
    entry.block = this.#take(transformed + weights);
    if (!entry.block) return undefined;
    const { at } = entry.block;
    new FilterTransform(plan).all(weight, at);
    new Int32Array(memory().buffer).copyWithin((at + transformed) / 4, weight / 4, (weight + weights) / 4);
    return at;
  }

  #use(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry && this.#entries.delete(key)) this.#entries.set(key, entry);
    return entry;
  }

  #add(key: string, weight: number): Entry {
    for (const [oldest, other] of this.#entries) {
      if (this.#entries.size < this.mostEntries) break;
      this.#entries.delete(oldest);
      this.#drop(other);
    }
    const entry = { weight, samples: new Int32Array(0), block: undefined };
    this.#entries.set(key, entry);
    return entry;
  }

  #take(bytes: number): Entry["block"] {
    if (bytes > this.mostBytes) return undefined;
    for (const entry of this.#entries.values()) {
      if (this.#bytes + bytes <= this.mostBytes) break;
      this.#drop(entry);
    }
    const at = take(bytes);
    if (at === undefined) return undefined;
    this.#bytes += bytes;
    return { at, bytes };
  }

  #drop(entry: Entry): void {
    if (!entry.block) return;
    const { at, bytes } = entry.block;
    entry.block = undefined;
    this.#bytes -= bytes;
    free(at, bytes);
  }

  /** Filters go with the weights that they are made of. */
  #forget(from: number, to: number): void {
    for (const [key, entry] of this.#entries) {
      if (entry.weight < from || entry.weight >= to) continue;
      this.#entries.delete(key);
      this.#drop(entry);
    }
  }
}

function samplesOf(weight: number, count: number): Int32Array {
  const bits = new Int32Array(memory().buffer, weight, count);
  const step = Math.max(1, Math.floor(count / SAMPLES));
  return Int32Array.from({ length: Math.ceil(count / step) }, (_, i) => bits[i * step]!);
}

let kept: KeptFilters | undefined;

/** The process's kept filters. */
export function keptFilters(): KeptFilters {
  kept ??= new KeptFilters();
  return kept;
}

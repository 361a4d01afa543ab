/**
 * What a change did, when the two runs lie minutes or days apart. The processor's clock differs between runs, so a case's
 * time is expressed by the time of the peak kernel, which has its turns in between: their quotient does not depend on the
 * clock. Other work on the machine only ever makes a turn slower, so the fastest sample of each turn stands for it; the
 * medians of the turns are compared, and the bootstrap says how far chance alone could have moved them.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Random } from "../../src/tensor/random.js";
import { median } from "./measure.js";

/** The fastest sample of every turn, in seconds: of a case, and of the peak kernel between its turns. */
export interface Turns {
  readonly times: readonly number[];
  readonly peak: readonly number[];
}

/** By the case's name. */
export type Saved = Readonly<Record<string, Turns>>;

export interface Comparison {
  /** New time : old time, each by its peak kernel; below 1 is faster. */
  readonly ratio: number;
  /** Where the ratio of the medians lies in 99 of 100 resamples. */
  readonly low: number;
  readonly high: number;
  readonly verdict: "faster" | "slower" | "noise";
}

/**
 * Two runs of the same code differ by this much, though each by itself spreads less: the engine compiles and lays out
 * memory anew. A difference below it is noise, whatever its interval says.
 */
export const MIN_DIFFERENCE = 0.03;
const RESAMPLES = 2000;

export function compare(before: Turns, after: Turns): Comparison {
  const random = new Random(1);
  const drawn = (values: readonly number[]) => median(values.map(() => values[random.integer(values.length)]!));
  const ratioOf = (middle: typeof median) =>
    ((middle(after.times) / middle(after.peak)) * middle(before.peak)) / middle(before.times);
  const ratios = Array.from({ length: RESAMPLES }, () => ratioOf(drawn)).sort((a, b) => a - b);
  const [low, high] = [ratios[Math.floor(0.005 * RESAMPLES)]!, ratios[Math.ceil(0.995 * RESAMPLES) - 1]!];
  const ratio = ratioOf(median);
  const faster = high < 1 && ratio < 1 - MIN_DIFFERENCE;
  const slower = low > 1 && ratio > 1 + MIN_DIFFERENCE;
  return { ratio, low, high, verdict: faster ? "faster" : slower ? "slower" : "noise" };
}

/** The fastest sample of every turn. */
export function fastest(turns: readonly (readonly number[])[]): number[] {
  return turns.map((samples) => Math.min(...samples));
}

/** Adds the turns to those that the file holds of other cases. */
export function save(file: string, measured: Saved): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ ...read(file), ...measured })}\n`);
}

/** @throws Error where there is no such file. */
export function load(file: string, name: string): Saved {
  const found = read(file);
  if (!found) throw new Error(`Nothing was saved as "${name}". Run: npm run bench -- --save ${name}`);
  return found;
}

function read(file: string): Saved | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Saved;
  } catch {
    return undefined;
  }
}

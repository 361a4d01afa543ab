/** Times functions in turns, so that whatever else the machine does for a while slows all of them alike. */
import Benchmark from "benchmark";

/** Something whose runs are timed. */
export interface Contestant {
  readonly name: string;
  /** Runs for about `seconds`, at least once, and gives the seconds of one run, one sample or several. */
  sample(seconds: number): Promise<readonly number[]>;
}

/** Shortest stretch of runs that counts as one sample, in seconds: the clock's steps and the loop around it vanish in it. */
const SHORTEST = 2e-3;

/** A function that does its work before it returns, timed by Benchmark.js. `before` is called ahead of every stretch. */
export function timed(name: string, run: () => unknown, before: () => void = () => {}): Contestant {
  const options = { minSamples: 1, minTime: SHORTEST };
  const benchmark = new Benchmark(name, run, options) as Benchmark & { readonly options: { maxTime?: number } };
  return {
    name,
    sample: async (seconds) => {
      before();
      benchmark.options.maxTime = seconds;
      const share = coreShare();
      benchmark.run();
      if (benchmark.error) throw benchmark.error as unknown as Error;
      const owned = share();
      return benchmark.stats.sample.map((period) => period * owned);
    },
  };
}

/** A function whose work is done when its promise is, timed by the same clock. */
export function timedAsync(name: string, run: () => Promise<unknown>): Contestant {
  let count = 1;
  return {
    name,
    sample: async (seconds) => {
      const samples: number[] = [];
      const started = performance.now();
      do {
        const share = coreShare();
        const from = performance.now();
        for (let i = 0; i < count; i++) await run();
        const period = (performance.now() - from) / 1000 / count;
        if (period * count >= SHORTEST || samples.length > 0) samples.push(period * share());
        count = Math.max(1, Math.ceil(SHORTEST / period));
      } while (samples.length === 0 || performance.now() - started < 1000 * seconds);
      return samples;
    },
  };
}

/**
 * What share of the time until the call this process had a core. Time that other processes took from it is not a time of
 * ours: a busy machine would otherwise add it to whichever contestant it hits.
 */
export function coreShare(): () => number {
  const [wall, processor] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(processor);
    return Math.min(1, (user + system) / 1000 / (performance.now() - wall));
  };
}

export interface Turns {
  /** How often each contestant's turn comes. */
  readonly rounds: number;
  /** Seconds for all the turns of one contestant. A slow one has fewer turns, but never fewer than `fewest`. */
  readonly seconds: number;
  readonly fewest?: number;
  /** Called ahead of every turn. */
  readonly onTurn?: (name: string) => void;
}

/**
 * Every contestant's samples, one list a turn. All have their first turn before any has its second, so that a disturbance
 * of some seconds hits a turn of each and not all turns of one. The first round warms up; a run that takes all the time
 * that there is counts at once.
 */
export async function inTurns(
  contestants: readonly Contestant[],
  { rounds, seconds, fewest = 3, onTurn = () => {} }: Turns,
): Promise<(readonly number[])[][]> {
  const samples: (readonly number[])[][] = contestants.map(() => []);
  const spent = contestants.map(() => 0);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, contestant] of contestants.entries()) {
      onTurn(contestant.name);
      if (spent[i]! > seconds && samples[i]!.length >= fewest) continue;
      const from = performance.now();
      const got = await contestant.sample(seconds / rounds);
      const took = (performance.now() - from) / 1000;
      if (round === 0 && took < seconds / 2) continue;
      samples[i]!.push(got);
      spent[i]! += took;
    }
  }
  return samples;
}

/** Seconds of one run: the median of all samples, and the quartiles around it. */
export interface Summary {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly samples: number;
}

export function summarize(turns: readonly (readonly number[])[]): Summary {
  const samples = turns.flat();
  const [low, median, high] = quartiles(samples);
  return { median, low, high, samples: samples.length };
}

/** The first, second and third quartile of `samples`, interpolated between neighbors. */
export function quartiles(samples: readonly number[]): readonly [number, number, number] {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (fraction: number) => {
    const place = fraction * (sorted.length - 1);
    const low = sorted[Math.floor(place)]!;
    return low + (place % 1) * (sorted[Math.ceil(place)]! - low);
  };
  return [at(0.25), at(0.5), at(0.75)];
}

export function median(samples: readonly number[]): number {
  return quartiles(samples)[1];
}

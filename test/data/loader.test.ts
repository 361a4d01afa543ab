import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { type Batch, DataLoader, type DataLoaderState, Dataset, randomNoise, type Transform } from "../../src/data.js";
import { ArgumentError, StateError } from "../../src/shape/errors.js";
import { defaultRandom, manualSeed, Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";

/** Sample i is [i], target i. */
function numbers(length: number): Dataset<Int32Array> {
  const values = Int32Array.from({ length }, (_, i) => i);
  return new Dataset(new Tensor(Float32Array.from(values), [length, 1]), values);
}

const epoch = (loader: DataLoader<Int32Array>): number[][] => Array.from(loader, ({ targets }) => [...targets]);
const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);
const anyOptions = fc.record({ batchSize: fc.integer({ min: 1, max: 7 }), shuffle: fc.boolean() });

describe("epochs", () => {
  test("every sample comes once an epoch, in batches of batchSize, the last one smaller or dropped", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 7, max: 40 }),
        anyOptions,
        fc.boolean(),
        fc.integer(),
        (n, options, dropLast, seed) => {
          const loader = new DataLoader(numbers(n), { ...options, dropLast, random: new Random(seed) });
          const { batchSize } = options;
          for (let e = 0; e < 2; e++) {
            const batches = epoch(loader);
            expect(batches.length).toBe(loader.length);
            expect(batches.length).toBe(dropLast ? Math.floor(n / batchSize) : Math.ceil(n / batchSize));
            const sizes = batches.map((batch) => batch.length);
            expect(sizes.slice(0, -1).every((size) => size === batchSize)).toBe(true);
            expect(sizes.at(-1)).toBe(dropLast || n % batchSize === 0 ? batchSize : n % batchSize);
            const samples = batches.flat();
            expect(new Set(samples).size).toBe(samples.length);
            if (!dropLast) expect(sorted(samples)).toEqual([...numbers(n).targets]);
          }
        },
      ),
    );
  });
  test("without shuffle, the order is the data set's; defaults are torch's", () => {
    expect(epoch(new DataLoader(numbers(3)))).toEqual([[0], [1], [2]]);
  });
  test("inputs and targets stay together", () => {
    for (const { inputs, targets } of new DataLoader(numbers(9), { batchSize: 4, shuffle: true })) {
      expect([...inputs.data]).toEqual([...targets]);
    }
  });
  test("every epoch has an order of its own; the same seed gives the same orders", () => {
    const make = () => new DataLoader(numbers(20), { batchSize: 20, shuffle: true, random: new Random(3) });
    const [a, b] = [make(), make()];
    const orders = [epoch(a), epoch(a), epoch(a)];
    expect(orders[0]).not.toEqual(orders[1]);
    expect(orders[1]).not.toEqual(orders[2]);
    expect([epoch(b), epoch(b), epoch(b)]).toEqual(orders);
  });
  test("without a generator, manualSeed decides", () => {
    const state = defaultRandom().state;
    const run = (seed: number) => {
      manualSeed(seed);
      return epoch(new DataLoader(numbers(20), { batchSize: 20, shuffle: true }));
    };
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
    defaultRandom().state = state;
  });
  test("a batch shares no memory with another one or with the data", () => {
    const data = numbers(4);
    const loader = new DataLoader(data, { batchSize: 2 });
    const kept = [...loader];
    for (const { inputs, targets } of loader) {
      inputs.data.fill(-1);
      targets.fill(-1);
    }
    expect(kept.map(({ targets }) => [...targets])).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect([...data.inputs.data]).toEqual([0, 1, 2, 3]);
  });
  test("a data set of one's own needs length and batch", () => {
    const squares = {
      length: 5,
      batch: (rows: Uint32Array) => ({
        inputs: new Tensor(
          Float32Array.from(rows, (row) => row ** 2),
          [rows.length, 1],
        ),
        targets: new Tensor(Float32Array.from(rows), [rows.length]),
      }),
    };
    const loader = new DataLoader(squares, { batchSize: 3 });
    expect(Array.from(loader, ({ inputs }) => [...inputs.data])).toEqual([
      [0, 1, 4],
      [9, 16],
    ]);
    expectTypeOf(loader).toExtend<Iterable<Batch<Tensor>>>();
  });
});

describe("transforms", () => {
  test("see every batch and draw from the loader's generator, so that the seed decides", () => {
    const run = () => {
      const options = { batchSize: 4, shuffle: true, random: new Random(5), transform: randomNoise(1) };
      return Array.from(new DataLoader(numbers(10), options), ({ inputs }) => [...inputs.data]);
    };
    expect(run()).toEqual(run());
  });
  test("may change the targets", () => {
    const shifted: Transform<Int32Array> = ({ inputs, targets }) => ({ inputs, targets: targets.map((t) => t + 10) });
    expect(epoch(new DataLoader(numbers(3), { batchSize: 3, transform: shifted }))).toEqual([[10, 11, 12]]);
  });
});

describe("resuming", () => {
  /** All inputs and targets of the next `count` batches, over as many epochs as it takes. */
  function* stream(loader: DataLoader<Int32Array>): Generator<number[]> {
    for (;;) for (const { inputs, targets } of loader) yield [...targets, ...inputs.data];
  }
  const take = (batches: Generator<number[]>, count: number) =>
    Array.from({ length: count }, () => batches.next().value);

  test("a state that JSON kept gives the batches that would have come, in the middle of an epoch or after its last batch", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), anyOptions, fc.nat(12), fc.integer(), (n, options, before, seed) => {
        const make = (random: Random) => new DataLoader(numbers(n), { ...options, random, transform: randomNoise(1) });
        const loader = make(new Random(seed));
        const batches = stream(loader);
        take(batches, before);
        const state = JSON.parse(JSON.stringify(loader.stateDict())) as DataLoaderState;
        const want = take(batches, 10);

        const resumed = make(new Random(seed + 1));
        resumed.loadStateDict(state);
        expect(resumed.stateDict()).toEqual(state);
        expect(take(stream(resumed), 10)).toEqual(want);
      }),
    );
  });
  test("the resumed epoch has only the batches that were left", () => {
    const make = () => new DataLoader(numbers(6), { batchSize: 2, shuffle: true, random: new Random(1) });
    const loader = make();
    const first = make();
    const whole = epoch(first);
    for (const left of [2, 1, 0]) {
      const fresh = make();
      const batches = fresh[Symbol.iterator]();
      for (let given = 0; given < 3 - left; given++) batches.next();
      loader.loadStateDict(fresh.stateDict());
      expect(epoch(loader)).toEqual(whole.slice(3 - left));
      expect(epoch(loader)).toEqual(epoch(first));
      first.loadStateDict(make().stateDict());
      epoch(first);
    }
  });
  test("a loop that break left can go on after loadStateDict; without it, a new epoch starts", () => {
    const loader = new DataLoader(numbers(4));
    for (const { targets } of loader) if (targets[0] === 1) break;
    const state = loader.stateDict();
    expect(epoch(loader)).toEqual([[0], [1], [2], [3]]);
    loader.loadStateDict(state);
    expect(epoch(loader)).toEqual([[2], [3]]);
    expect(epoch(loader)).toEqual([[0], [1], [2], [3]]);
  });
  test("between epochs a state has no epoch", () => {
    const loader = new DataLoader(numbers(4));
    expect(loader.stateDict().epoch).toBe(null);
    epoch(loader);
    expect(loader.stateDict().epoch).toBe(null);
  });
  test.each([{ shuffle: true }, { transform: randomNoise(1) }])(
    "two loops that draw from one loader are refused: %o",
    (options) => {
      const loader = new DataLoader(numbers(4), options);
      const first = loader[Symbol.iterator]();
      first.next();
      loader[Symbol.iterator]().next();
      expect(() => first.next()).toThrow(
        new StateError(
          "DataLoader expects one loop over it at a time where it shuffles or its transform draws, but another one was started or a state was loaded before this one ended. Usual cause: two nested loops over one loader: make two.",
        ),
      );
    },
  );
  test("loops in which nothing is drawn run side by side, each to its own end", () => {
    const loader = new DataLoader(numbers(4), { transform: (batch) => batch });
    const pairs: number[][] = [];
    for (const a of loader) for (const b of loader) pairs.push([a.targets[0] ?? -1, b.targets[0] ?? -1]);
    expect(pairs).toEqual([0, 1, 2, 3].flatMap((a) => [0, 1, 2, 3].map((b) => [a, b])));
    expect(epoch(loader)).toEqual([[0], [1], [2], [3]]);
  });
});

describe("bad arguments", () => {
  const cause = "Usual cause: an empty part of a split, or a batchSize beyond a small data set.";
  test.each([
    [
      () => new DataLoader(numbers(3).inputs as never),
      "DataLoader expects a Dataset, or an object with length and batch(rows), but got a Tensor. Usual cause: a tensor: new Dataset(inputs, targets).",
    ],
    [
      () => new DataLoader(numbers(3), { batchSize: 0 }),
      "DataLoader expects batchSize to be a positive integer, but got 0. Usual cause: a division without Math.floor, or an undefined variable.",
    ],
    [
      () => new DataLoader(numbers(3), 64 as never),
      "DataLoader expects its options to be an object of batchSize, shuffle, dropLast, transform, random, but got 64. Usual cause: torch's positional arguments are named here.",
    ],
    [
      () => new DataLoader(numbers(3), { batch_size: 2 } as never),
      'DataLoader expects each option to be one of batchSize, shuffle, dropLast, transform, random, but got "batch_size". Usual cause: a misspelling of batchSize.',
    ],
    [
      () => new DataLoader(numbers(3), { shuffle: 1 as never }),
      "DataLoader expects shuffle to be true or false, but got 1.",
    ],
    [
      () => new DataLoader(numbers(3), { random: 7 as never }),
      "DataLoader expects random to be a Random, but got 7. Usual cause: a bare seed: new Random(seed).",
    ],
    [
      () => new DataLoader(numbers(3), { transform: [randomNoise(1)] as never }),
      "DataLoader expects transform to be a function such as randomShift(2), but got [a Function]. Usual cause: several transforms: compose(a, b).",
    ],
    [
      () => epoch(new DataLoader(numbers(3), { transform: (() => undefined) as never })),
      "DataLoader expects what its transform returns to be { inputs, targets } with a Tensor of inputs, but got undefined. Usual cause: a function without return, or one that returns the inputs alone.",
    ],
    [
      () => epoch(new DataLoader({ length: 3, batch: async () => numbers(1) } as never)),
      "DataLoader expects what its data set returns to be { inputs, targets } with a Tensor of inputs, but got a Promise. Usual cause: an asynchronous function: what it waits for has to be there before the epoch.",
    ],
    [() => new DataLoader(numbers(0)), `DataLoader expects samples for one batch at least, but got 0. ${cause}`],
    [
      () => new DataLoader(numbers(3), { batchSize: 4, dropLast: true }),
      `DataLoader expects samples for one batch at least, but got 3 with a batchSize of 4 and dropLast. ${cause}`,
    ],
  ])("%s is refused", (call, message) => {
    expect(call).toThrow(new ArgumentError(message));
  });

  const loader = new DataLoader(numbers(4), { batchSize: 2 });
  const good = loader.stateDict();
  const damaged =
    "DataLoader.loadStateDict expects what stateDict returned, but its random state or its epoch is missing or damaged. Usual cause: a checkpoint written by hand or by another version.";
  test.each([
    [
      "other data",
      { ...good, samples: 5 },
      "DataLoader.loadStateDict expects a state of 4 samples in batches of 2, but got one of 5 in batches of 2. Usual cause: resuming with other data or another batchSize than the run was started with.",
    ],
    [
      "another batch size",
      { ...good, batchSize: 3 },
      "DataLoader.loadStateDict expects a state of 4 samples in batches of 2, but got one of 4 in batches of 3. Usual cause: resuming with other data or another batchSize than the run was started with.",
    ],
    ["no random state", { ...good, random: undefined }, damaged],
    ["a random state of zeros", { ...good, random: [0, 0, 0, 0] }, damaged],
    ["a random state of fractions", { ...good, random: [0.5, 1, 1, 1] }, damaged],
    ["no epoch", { ...good, epoch: undefined }, damaged],
    ["too many batches", { ...good, epoch: { random: good.random, batches: 3 } }, damaged],
    ["an epoch without random state", { ...good, epoch: { batches: 1 } }, damaged],
  ])("a state with %s is refused and changes nothing", (_, state, message) => {
    expect(() => loader.loadStateDict(state as DataLoaderState)).toThrow(new StateError(message));
    expect(loader.stateDict()).toEqual(good);
  });
});

/** Plans of networks that are drawn: each pass changes how they run, not what they give. */
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { passes } from "../../src/graph/passes.js";
import { gradcheck, type Parameter, type Tensor } from "../../src/index.js";
import { eachBackend, onBackend } from "../support/backends.js";
import { normal } from "../support/layers.js";
import { bitsOf, type Drawn, draw, KINDS } from "./networks.js";

const picks = fc.record({
  kind: fc.nat(Object.keys(KINDS).length - 1),
  x: fc.nat(19),
  y: fc.nat(19),
});
const drawn: fc.Arbitrary<Drawn> = fc.record({
  picks: fc.array(picks, { minLength: 1, maxLength: 14 }),
  inputs: fc.integer({ min: 1, max: 3 }),
  seed: fc.nat(1000),
});

interface Trial {
  readonly network: Drawn;
  /** Which of the outputs get no gradient. */
  readonly without: number;
  readonly inputGradient: boolean;
  /** Which of the layers are frozen. */
  readonly frozen: number;
}
const trial: fc.Arbitrary<Trial> = fc.record({
  network: drawn,
  without: fc.nat(15),
  inputGradient: fc.boolean(),
  frozen: fc.nat(255),
});

const ALL = { ...passes };
afterEach(() => {
  Object.assign(passes, ALL);
});

/** All that a training step and two inferences leave behind, as bits. */
function run({ network, without, inputGradient, frozen }: Trial): Record<string, string> {
  const { net, inputShapes } = draw(network);
  net.children().forEach((child, i) => {
    if ((frozen >> (i % 8)) & 1 && i % 3 === 0) child.freeze();
  });
  const xs = inputShapes.map((shape, i) => normal(shape, network.seed + i));
  const seen: Record<string, string> = {};
  const step = (name: string) => {
    const ys = net.forward(...(xs as [Tensor])) as readonly Tensor[];
    for (const [i, y] of ys.entries()) seen[`${name}: output ${i}`] = bitsOf(y);
    const dys = ys.map((y, i) => ((without >> i) & 1 && i < ys.length - 1 ? undefined : normal(y.shape, i)));
    const back = net.backward(dys, { inputGradient }) as Tensor | readonly Tensor[] | undefined;
    for (const [i, dx] of [back ?? []].flat().entries()) seen[`${name}: gradient of input ${i}`] = bitsOf(dx);
    for (const [key, parameter] of net.namedParameters() as [string, Parameter][]) {
      seen[`${name}: gradient of ${key}`] = bitsOf(parameter.hasGrad ? parameter.grad : undefined);
    }
    for (const [key, value] of Object.entries(net.stateDict())) seen[`${name}: ${key}`] = bitsOf(value);
  };
  step("training");
  net.eval();
  step("inference");
  step("inference again");
  net.train();
  step("training again");
  return seen;
}

eachBackend("a network that is drawn", () => {
  test.each(["epilogues", "order", "places", "gradients"] as const)(
    "gives the same bits without the pass %s",
    (pass) => {
      fc.assert(
        fc.property(trial, (drawing) => {
          const expected = run(drawing);
          passes[pass] = false;
          try {
            expect(run(drawing), draw(drawing.network).kinds.join("\n")).toEqual(expected);
          } finally {
            passes[pass] = true;
          }
        }),
        { numRuns: 40 },
      );
    },
  );

  test("gives the same bits without any pass", () => {
    fc.assert(
      fc.property(trial, (drawing) => {
        const expected = run(drawing);
        Object.assign(passes, { epilogues: false, order: false, places: false, gradients: false });
        try {
          expect(run(drawing), draw(drawing.network).kinds.join("\n")).toEqual(expected);
        } finally {
          Object.assign(passes, ALL);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("gradients of a network that is drawn", () => {
  test.each([true, false])("agree with differences in double precision, in train mode: %s", (training) => {
    fc.assert(
      fc.property(drawn, (network) => {
        onBackend("reference", () => {
          const { net, inputShapes, kinds } = draw({ ...network, smooth: true });
          if (!training) net.eval();
          const report = gradcheck(net, inputShapes, { seed: network.seed, samples: 4, tolerance: 1e-5 });
          // The differences of a large loss are rounded: a gradient that is 0, as of a bias before a norm, is not there.
          const largest = Math.max(...report.entries.map(({ worst }) => Math.abs(worst.backward)));
          for (const { name, relativeError, worst } of report.entries) {
            const gap = Math.abs(worst.backward - worst.difference);
            const isRight = relativeError <= 1e-5 || gap <= 1e-9 * largest;
            expect(isRight, `${name}\n${kinds.join("\n")}\n${report}`).toBe(true);
          }
        });
      }),
      { numRuns: 40 },
    );
  });
});

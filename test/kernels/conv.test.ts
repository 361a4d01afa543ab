/** What the kernels promise about the arrays that they are given: which they overwrite, and which they add to. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { run } from "../../src/kernels/backend.js";
import { convKernels } from "../../src/ops/conv2d.js";
import { linearKernels } from "../../src/ops/linear.js";
import { convGeometry, convSettings } from "../../src/shape/conv.js";
import { sizeOf } from "../../src/shape/shape.js";
import { eachBackend } from "../support/backends.js";
import { convCase } from "../support/convolution.js";
import { integers } from "../support/layers.js";

const dirty = (length: number) => new Float32Array(length).fill(7);
const clean = (length: number) => new Float32Array(length);

eachBackend("kernels", () => {
  test("a convolution overwrites y and dx, and adds to dweight", () => {
    fc.assert(
      fc.property(convCase, (c) => {
        const g = convGeometry(convSettings("Conv2d", c.inChannels, c.outChannels, c.kernelSize, c), c.shape);
        const x = integers(c.shape, c.seed).data;
        const weight = integers(
          [c.outChannels * (c.inChannels / c.groups) * c.kernelSize[0] * c.kernelSize[1]],
          1,
        ).data;
        const ySize = g.batch * g.outChannels * g.outHeight * g.outWidth;
        const dy = integers([ySize], 2).data;
        const results = [clean, dirty].map((fill) => {
          const [y, dx, dweight] = [fill(ySize), fill(sizeOf(c.shape)), fill(weight.length)];
          run(convKernels, [x, weight, y], (kernels, x, weight, y) => kernels.forward(g, x, weight, undefined, y));
          run(convKernels, [dy, weight, dx], (kernels, dy, weight, dx) => kernels.inputGradient(g, dy, weight, dx));
          run(convKernels, [x, dy, dweight], (kernels, x, dy, dweight) => kernels.weightGradient(g, x, dy, dweight));
          return { y, dx, dweight };
        });
        expect(results[1]!.y).toEqual(results[0]!.y);
        expect(results[1]!.dx).toEqual(results[0]!.dx);
        expect(results[1]!.dweight).toEqual(results[0]!.dweight.map((value) => value + 7));
      }),
      { numRuns: 40 },
    );
  });

  test("Linear overwrites y and dx, and adds to dweight", () => {
    const g = { rows: 5, inFeatures: 3, outFeatures: 7 };
    const [x, weight, dy] = [15, 21, 35].map((size) => integers([size], size).data) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const results = [clean, dirty].map((fill) => {
      const [y, dx, dweight] = [fill(35), fill(15), fill(21)];
      run(linearKernels, [x, weight, y], (kernels, x, weight, y) => kernels.forward(g, x, weight, undefined, y));
      run(linearKernels, [dy, weight, dx], (kernels, dy, weight, dx) => kernels.inputGradient(g, dy, weight, dx));
      run(linearKernels, [x, dy, dweight], (kernels, x, dy, dweight) => kernels.weightGradient(g, x, dy, dweight));
      return { y, dx, dweight };
    });
    expect(results[1]!.y).toEqual(results[0]!.y);
    expect(results[1]!.dx).toEqual(results[0]!.dx);
    expect(results[1]!.dweight).toEqual(results[0]!.dweight.map((value) => value + 7));
  });
});

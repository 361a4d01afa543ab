/** What the loss, the targets and the decoding of a YOLO network refuse, word for word. */
import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError, StateError } from "../../src/shape/errors.js";
import { tensor, zeros } from "../../src/tensor/create.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { decodeYolo, type YoloHead, YoloLoss, type YoloLossOptions, yoloTargets } from "../../src/vision.js";
import { expectError } from "../support/errors.js";

describe("YoloLoss", () => {
  const anchors = [
    { width: 8, height: 8 },
    { width: 8, height: 24 },
  ];
  const head = { anchors, numClasses: 2, stride: 8 };

  test("refuses heads and options that cannot be", () => {
    const refused = (options: object, made: unknown, text: string) =>
      expectError(
        () => new YoloLoss(made as YoloHead, options as YoloLossOptions<"mean">),
        ArgumentError,
        `YoloLoss expects ${text}`,
      );
    for (const name of ["boxWeight", "objectWeight", "emptyWeight", "classWeight"]) {
      refused({ [name]: -1 }, head, `${name} to be a number ≥ 0, but got -1.`);
    }
    refused({ ignoreThreshold: 60 }, head, "ignoreThreshold to be a number from 0 to 1, but got 60.");
    refused({ reduction: "none" }, head, 'reduction to be one of "mean", "sum", but got "none".');
    refused({}, 8, "its head to be { anchors, numClasses, stride }, but got 8.");
    refused(
      {},
      { ...head, anchors: 5 },
      "anchors to be a list of one size at least, but got 5. Usual cause: a number of anchors: fitAnchors finds as many sizes.",
    );
    refused(
      {},
      { ...head, anchors: [] },
      "anchors to be a list of one size at least, but got []. Usual cause: a number of anchors: fitAnchors finds as many sizes.",
    );
    refused(
      {},
      { ...head, anchors: [{ width: 8, height: Number.NaN }] },
      "anchors with a finite width and height above 0, but anchor 0 is 8×NaN. Usual cause: sizes as [width, height] instead of { width, height }.",
    );
    refused(
      {},
      { ...head, numClasses: 0 },
      "numClasses to be a positive integer, but got 0. Usual cause: a division without Math.floor, or an undefined variable.",
    );
    refused({}, { ...head, stride: 0 }, "stride to be a number above 0, but got 0.");
  });

  test("refuses predictions and targets that do not fit, and stays as it was", () => {
    const loss = new YoloLoss(head);
    const good = zeros([1, 14, 2, 3]);
    loss.forward(good, yoloTargets([[]]));
    const refused = (
      prediction: unknown,
      target: unknown,
      kind: typeof ShapeError | typeof ArgumentError,
      text: string,
    ) => expectError(() => loss.forward(prediction as Tensor, target as Tensor), kind, text);
    const noTargets = zeros([1, 1, 5]);
    refused(
      [1],
      noTargets,
      ArgumentError,
      "YoloLoss.forward expects its prediction to be a Tensor. Usual cause: a plain array: wrap it with tensor(data, shape).",
    );
    refused(
      zeros([14, 2, 3]),
      noTargets,
      ShapeError,
      "YoloLoss expects an input [N, anchors · (5 + numClasses), H, W], but got [14, 2, 3]. Usual cause: a picture without batch dimension.",
    );
    refused(
      zeros([1, 30, 2, 3]),
      noTargets,
      ShapeError,
      "YoloLoss expects 14 channels (2 anchors × (5 + 2 classes)), but its input [1, 30, 2, 3] has 30. Usual cause: a network made for another number of anchors or classes.",
    );
    refused(
      good,
      [[]],
      ArgumentError,
      "YoloLoss.forward expects its target to be a Tensor. Usual cause: lists of objects: yoloTargets makes a tensor of them.",
    );
    for (const shape of [
      [1, 5],
      [2, 1, 5],
      [1, 1, 4],
      [1, 1, 5, 1],
    ]) {
      refused(
        good,
        zeros(shape),
        ShapeError,
        `YoloLoss expects targets [1, maxObjects, 5], x, y, width, height and label of each object, but got [${shape.join(", ")}]. Usual cause: the targets of another batch.`,
      );
    }
    // No class, no size, or a center beyond each of the four edges.
    const rows = [
      [8, 0, 8, 8, 2],
      [8, 0, 8, 8, 0.5],
      [8, 0, 8, 8, -2],
      [8, 0, 0, 8, 1],
      [8, 0, 8, Number.NaN, 1],
      [8, 0, Infinity, 8, 1],
      [20, 0, 8, 8, 1],
      [-5, 0, 8, 8, 1],
      [8, 12, 8, 8, 1],
      [8, -5, 8, 8, 1],
    ];
    for (const row of rows) {
      refused(
        good,
        tensor([0, 0, 8, 8, 1, ...row], [1, 2, 5]),
        ArgumentError,
        `YoloLoss expects objects with a label from 0 to 1 (or -1 for none), a size above 0, and a center inside of the grid of 24×16 pixels, but object 1 of picture 0 is [${row.join(", ")}]. Usual cause: boxes as corners, in cells or as shares of the picture, where x, y, width and height in pixels belong.`,
      );
    }
    // The first forward still waits for its backward.
    expect(loss.backward().shape).toEqual(good.shape);
    expectError(
      () => loss.backward(),
      StateError,
      "YoloLoss.backward expects a forward before it, but none waits for its backward. Usual cause: backward called twice, before forward, or after two forwards, of which a loss keeps the last.",
    );
  });
});

test("yoloTargets refuses what is not an object, and too many", () => {
  const object = { label: 3, region: { x: 10, y: 8, width: 14, height: 20 } };
  const refused = (run: () => unknown, text: string) => expectError(run, ArgumentError, `yoloTargets expects ${text}`);
  refused(() => yoloTargets([[], [object, object]], { maxObjects: 1 }), "at most 1 objects per picture, but got 2.");
  refused(
    () => yoloTargets([], { maxObjects: 0 }),
    "maxObjects to be a positive integer, but got 0. Usual cause: a division without Math.floor, or an undefined variable.",
  );
  refused(
    () => yoloTargets([], 4 as never),
    "its options to be an object of maxObjects, but got 4. Usual cause: torch's positional arguments are named here.",
  );
  for (const label of [-1, 0.5]) {
    refused(
      () => yoloTargets([[{ ...object, label }]]),
      `a label to be an integer ≥ 0, but got ${label}. Usual cause: a division without Math.floor, or an undefined variable.`,
    );
  }
  refused(
    () => yoloTargets([[{ label: 1, region: { x: 1, y: 2, width: 0, height: 3 } }]]),
    "boxes with a finite width and height above 0, but box 0 is 0×3. Usual cause: sizes as [width, height] instead of { width, height }.",
  );
  refused(
    () => yoloTargets([[{ label: 1, region: { x: Number.NaN, y: 2, width: 3, height: 4 } }]]),
    "boxes of finite numbers with a width and height of at least 0, but box 0 is { x: NaN, y: 2, width: 3, height: 4 }. Usual cause: corners [x1, y1, x2, y2] where a size belongs, or a network whose output is NaN.",
  );
});

test("decodeYolo refuses options and outputs that cannot be", () => {
  const head = { anchors: [{ width: 10, height: 20 }], numClasses: 2, stride: 16 };
  const one = (...numbers: number[]) => tensor(numbers, [1, 7, 1, 1]);
  const refused = (run: () => unknown, text: string, kind: typeof ArgumentError | typeof ShapeError = ArgumentError) =>
    expectError(run, kind, text);
  const output = one(0, 0, 0, 0, 0, 0, 0);
  for (const name of ["scoreThreshold", "iouThreshold"]) {
    refused(
      () => decodeYolo(output, head, { [name]: 50 }),
      `decodeYolo expects ${name} to be a number from 0 to 1, but got 50.`,
    );
  }
  refused(
    () => decodeYolo(output, head, 0.5 as never),
    "decodeYolo expects its options to be an object of scoreThreshold, iouThreshold, but got 0.5. Usual cause: torch's positional arguments are named here.",
  );
  refused(
    () => decodeYolo(output, { ...head, stride: -8 }),
    "decodeYolo expects stride to be a number above 0, but got -8.",
  );
  refused(
    () => decodeYolo(zeros([1, 8, 2, 3]), head),
    "decodeYolo expects 7 channels (1 anchors × (5 + 2 classes)), but its input [1, 8, 2, 3] has 8. Usual cause: a network made for another number of anchors or classes.",
    ShapeError,
  );
  refused(
    () => decodeYolo(one(0, 0, 0, 0, Number.NaN, 0, 0), head),
    "nms expects scores that are numbers, but score 0 is NaN. Usual cause: a network whose output is NaN.",
  );
  refused(
    () => decodeYolo(one(0, 0, Number.NaN, 0, 9, 0, 9), head),
    "nms expects boxes of finite numbers with a width and height of at least 0, but box 0 is { x: NaN, y: -2, width: NaN, height: 20 }. Usual cause: corners [x1, y1, x2, y2] where a size belongs, or a network whose output is NaN.",
  );
});

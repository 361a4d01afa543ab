/** Likely mistakes in what is given to readers and writers: each ends in a sentence, none in something else. */
import { describe, expect, test } from "vitest";
import { gunzip, imagesToTensor, labelsToInt32, normalize, readIdx } from "../../src/data.js";
import { ones, type Tensor } from "../../src/index.js";
import {
  readNpy,
  readNpz,
  readSafetensors,
  readSafetensorsMetadata,
  readWeightsManifest,
  writeNpy,
  writeNpz,
  writeSafetensors,
} from "../../src/io.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import {
  centerCrop,
  crop,
  decodeImage,
  encodePng,
  imageToTensor,
  letterbox,
  resize,
  tensorToImage,
  toChannels,
  toImageData,
} from "../../src/vision.js";

async function errorOf(call: () => unknown): Promise<Error> {
  try {
    await call();
  } catch (error) {
    return error as Error;
  }
  return expect.fail("nothing was thrown");
}

const readers = { gunzip, readIdx, readNpy, readNpz, readSafetensors, readSafetensorsMetadata, decodeImage };

describe.each(Object.entries(readers))("%s", (who, read) => {
  test.each([
    [undefined, "undefined"],
    [null, "null"],
    ["digits.npy", "a string"],
    [[1, 2, 3], "[1, 2, 3]"],
    [{}, "an object"],
    [Promise.resolve(new Uint8Array(3)), "a Promise"],
    [7, "7"],
  ])("%j instead of bytes", async (value, got) => {
    const error = await errorOf(() => read(value as never));
    expect(error).toEqual(
      new ArgumentError(
        `${who.replace("Metadata", "")} expects the bytes of a file (a Uint8Array or ArrayBuffer), but got ${got}. Usual cause: a path instead of the file's content, a missing await, or readFile with an encoding.`,
      ),
    );
  });

  test("a buffer that was transferred", async () => {
    const given = [
      (buffer: ArrayBuffer) => buffer,
      (buffer: ArrayBuffer) => new Uint8Array(buffer, 4, 8),
      (buffer: ArrayBuffer) => new DataView(buffer),
    ];
    for (const bytesOf of given) {
      const buffer = writeNpy(ones([2])).buffer;
      const bytes = bytesOf(buffer);
      structuredClone(buffer, { transfer: [buffer] });
      expect(await errorOf(() => read(bytes))).toEqual(
        new ArgumentError(
          `${who.replace("Metadata", "")} expects the bytes of a file, but got a buffer whose memory is elsewhere. Usual cause: postMessage or structuredClone that transferred it: read it before, or send a copy.`,
        ),
      );
    }
  });
});

describe("options", () => {
  const file = writeNpy(ones([2]));
  const manifest = [{ weights: [], paths: [] }];
  const calls: Record<string, (options: never) => unknown> = {
    readNpy: (options) => readNpy(file, options),
    readNpz: (options) => readNpz(writeNpz({}), options),
    readSafetensors: (options) => readSafetensors(writeSafetensors({}), options),
    readWeightsManifest: (options) => readWeightsManifest(manifest, () => file, options),
    decodeImage: (options) => decodeImage(file, options),
    gunzip: (options) => gunzip(file, options),
    writeSafetensors: (options) => writeSafetensors({}, options),
    imageToTensor: (options) => imageToTensor({ width: 1, height: 1, data: new Uint8Array(1) }, options),
    imagesToTensor: (options) => imagesToTensor({ shape: [1, 1, 1], data: new Uint8Array(1) }, options),
    normalize: (options) => normalize(options),
  };
  test.each(Object.entries(calls))("%s: an object or a sentence", async (who, call) => {
    for (const [value, got] of [
      [null, "null"],
      ["float64", '"float64"'],
      [64, "64"],
    ] as const) {
      const error = await errorOf(() => call(value as never));
      expect(error).toBeInstanceOf(ArgumentError);
      expect(error.message).toMatch(`${who} expects its options to be an object of `);
      expect(error.message).toMatch(`, but got ${got}. Usual cause:`);
    }
  });
  test.each(["readNpy", "readNpz", "readSafetensors", "readWeightsManifest"])(
    "%s: a precision that there is none of",
    async (who) => {
      expect((await errorOf(() => calls[who]?.({ dtype: "f4" } as never))).message).toBe(
        `${who} expects dtype to be one of "float32", "float64", but got "f4".`,
      );
    },
  );
});

describe("tensors by name", () => {
  const cause =
    "Usual cause: the model itself instead of model.stateDict(), a Map (Object.fromEntries), or a missing await.";
  const state = { a: ones([2]) };
  test.each([
    [new Map(Object.entries(state)), "a Map"],
    [Promise.resolve(state), "a Promise"],
    [Object.entries(state), "[[…]]"],
    [new (class Net {})(), "a Net"],
    [ones([2]), "a Tensor"],
    [new Float32Array(2), "a Float32Array"],
    [undefined, "undefined"],
    [null, "null"],
    ["a", '"a"'],
  ])("%o is none", (value, got) => {
    for (const [who, write] of Object.entries({ writeSafetensors, writeNpz })) {
      expect(() => write(value as never)).toThrow(
        new ArgumentError(`${who} expects tensors by name as a plain object, but got ${got}. ${cause}`),
      );
    }
  });

  test("an object without prototype is one", () => {
    const bare = Object.assign(Object.create(null) as Record<string, Tensor>, state);
    expect(writeSafetensors(bare)).toEqual(writeSafetensors(state));
    expect(writeNpz(bare)).toEqual(writeNpz(state));
  });

  test("metadata is a plain object, too", () => {
    for (const [value, got] of [
      [new Map([["k", "v"]]), "a Map"],
      [[["k", "v"]], "[[…]]"],
      ["pt", '"pt"'],
    ] as const) {
      expect(() => writeSafetensors(state, { metadata: value as never })).toThrow(
        new ArgumentError(
          `writeSafetensors expects metadata as a plain object, but got ${got}. Usual cause: a Map: Object.fromEntries(map).`,
        ),
      );
    }
  });
});

describe("numbers with a shape", () => {
  test("imagesToTensor: as many bytes as the shape says, no fewer and no more", () => {
    for (const length of [0, 4, 11, 13]) {
      expect(() => imagesToTensor({ shape: [3, 2, 2], data: new Uint8Array(length) })).toThrow(
        new ShapeError(
          `imagesToTensor expects 12 bytes for the shape [3, 2, 2], but got ${length}. Usual cause: a part of the data with the shape of all of them.`,
        ),
      );
    }
  });

  test("labelsToInt32: as many labels as the shape says", () => {
    expect(() => labelsToInt32({ shape: [3], data: [1, 2] })).toThrow(
      new ShapeError(
        "labelsToInt32 expects 3 labels for the shape [3], but got 2. Usual cause: a part of the data with the shape of all of them.",
      ),
    );
  });

  test.each([undefined, null, 7, {}, new Map(), Promise.resolve([1])])("%o is none", (value) => {
    const list = "labels to be class indices in an array, an Int32Array or a Tensor";
    for (const [call, expected] of [
      [labelsToInt32, `labelsToInt32 expects ${list}, but got `],
      [imagesToTensor, "imagesToTensor expects an array { shape, data } as readIdx returns it, but got "],
    ] as [(value: never) => unknown, string][]) {
      expect(() => call(value as never)).toThrow(ArgumentError);
      expect(() => call(value as never)).toThrow(expected);
    }
  });

  test("data without a shape", () => {
    expect(() => labelsToInt32({ data: [1] } as never)).toThrow(
      "labelsToInt32 expects an array { shape, data } as readIdx returns it, but got an object.",
    );
  });

  test("statistics are numbers or lists of them", () => {
    expect(() => normalize({ mean: ones([3]) as never })).toThrow(
      new ArgumentError(
        "normalize expects mean to be a number or an array of one per channel, but got a Tensor. Usual cause: a typed array or a tensor: turn it into an array with Array.from(x.data).",
      ),
    );
  });
});

describe("pictures", () => {
  const calls: Record<string, (picture: never) => unknown> = {
    imageToTensor,
    encodePng,
    toImageData,
    toChannels: (picture) => toChannels(picture, 3),
    resize: (picture) => resize(picture, 2, 2),
    letterbox: (picture) => letterbox(picture, 2, 2),
    crop: (picture) => crop(picture, { x: 0, y: 0, width: 1, height: 1 }),
    centerCrop: (picture) => centerCrop(picture, 1, 1),
  };
  const size = { width: 2, height: 2 };
  test.each([
    [new Uint8Array(12), "a Uint8Array"],
    [Promise.resolve({ ...size, data: new Uint8Array(4) }), "a Promise"],
    [undefined, "undefined"],
    ["photo.png", '"photo.png"'],
    [size, "an object"],
    [ones([1, 2, 2]), "data that is a Float32Array"],
    [{ ...size, data: [1, 2, 3, 4] }, "data that is [1, 2, 3, 4]"],
    [{ ...size, data: new Uint16Array(4) }, "data that is a Uint16Array"],
  ])("%o is none", async (value, got) => {
    for (const [who, call] of Object.entries(calls)) {
      expect(await errorOf(() => call(value as never))).toEqual(
        new ArgumentError(
          `${who} expects a picture { width, height, data } whose data is a Uint8Array or Uint8ClampedArray, but got ${got}. Usual cause: the bytes of a file: await decodeImage(bytes) first; a missing await; or a tensor: tensorToImage(x).`,
        ),
      );
    }
  });

  test("tensorToImage takes a tensor", () => {
    expect(() => tensorToImage(new Uint8Array(4) as never)).toThrow(
      new ArgumentError(
        "tensorToImage expects a Tensor, but got a Uint8Array. Usual cause: a plain array, or a tensor after JSON or postMessage, which tensor(data) converts.",
      ),
    );
  });
});

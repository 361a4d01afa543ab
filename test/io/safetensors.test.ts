import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../../src/io.js";
import { BatchNorm2d } from "../../src/layers/batch-norm.js";
import { Conv2d } from "../../src/layers/conv2d.js";
import { Linear } from "../../src/layers/linear.js";
import { Sequential } from "../../src/layers/sequential.js";
import { ArgumentError } from "../../src/shape/errors.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";
import {
  anyName,
  anyRecord,
  ascii,
  expectPython,
  expectSame,
  expectSameRecord,
  fromBase64,
  python,
} from "../support/files.js";
import { normal } from "../support/layers.js";

/** A file with this header, padded or not as given, and this many bytes of data. */
function file(header: string, dataBytes = 0, length = ascii(header).length): Uint8Array {
  const text = ascii(header);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (shape: string, offsets: string, dtype = "F32") =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;

const header = (bytes: Uint8Array) =>
  new TextDecoder().decode(bytes.subarray(8, 8 + (bytes[0] ?? 0) + 256 * (bytes[1] ?? 0)));

describe("round trip", () => {
  test("reading what was written gives the same bits, names and metadata", () => {
    fc.assert(
      fc.property(anyRecord, fc.dictionary(anyName, anyName), (tensors, metadata) => {
        const { __metadata__, ...allowed } = tensors;
        const bytes = writeSafetensors(allowed, { metadata });
        expectSameRecord(readSafetensors(bytes), allowed);
        expect(readSafetensorsMetadata(bytes)).toEqual({ ...metadata });
      }),
    );
  });

  test("double precision survives when it is asked for", () => {
    const x = new Tensor(Float64Array.of(1 / 3, -0, Number.NaN, Infinity, 5e-324), [5]);
    const bytes = writeSafetensors({ x });
    expect(header(bytes)).toContain('"dtype":"F64"');
    expectSame(readSafetensors(bytes, { dtype: "float64" }).x, x);
    expectSame(readSafetensors(bytes).x, x.to("float32"));
  });

  test("what is read shares no memory with the file, also from a Buffer at an odd offset", () => {
    const bytes = writeSafetensors({ x: new Tensor(Float32Array.of(1, 2), [2]) });
    const odd = Buffer.alloc(bytes.length + 3);
    odd.set(bytes, 3);
    for (const source of [bytes, odd.subarray(3)]) {
      const { x } = readSafetensors(source);
      source.fill(0);
      expect(x?.data).toEqual(Float32Array.of(1, 2));
    }
  });

  test("a model's state survives, running statistics and counters included", () => {
    const make = (seed: number) => {
      const random = new Random(seed);
      return new Sequential(new Conv2d(1, 2, 3, { random }), new BatchNorm2d(2), new Linear(4, 3, { random }));
    };
    const [saved, loaded] = [make(1), make(2)];
    saved.forward(normal([2, 1, 6, 6], 1)); // in train mode: moves the running statistics
    const bytes = writeSafetensors(saved.stateDict());
    loaded.loadStateDict(readSafetensors(bytes));
    expectSameRecord(loaded.stateDict(), saved.stateDict());
    expect(loaded.stateDict()["1.num_batches_tracked"]?.item()).toBe(1);
    expect(header(bytes)).toContain('"1.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,8]}');
  });

  test("an ArrayBuffer and a DataView are bytes, too", () => {
    const { buffer } = writeSafetensors({ x: new Tensor(Float32Array.of(1), []) });
    expect(readSafetensors(buffer).x?.data).toEqual(Float32Array.of(1));
    expect(readSafetensors(new DataView(buffer)).x?.data).toEqual(Float32Array.of(1));
  });
});

describe("layout", () => {
  // The bytes that Hugging Face's own tests expect of their serialize(): safetensors/src/tensor.rs, test_serialization,
  // test_empty and test_serialization_forced_alignement.
  const ramp = (shape: number[]) =>
    new Tensor(
      Float32Array.from({ length: 6 }, (_, i) => i),
      shape,
    );
  const data = new Uint8Array(Float32Array.from({ length: 6 }, (_, i) => i).buffer);
  test.each([
    ["attn.0", ramp([1, 2, 3]), 64, '{"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}'],
    ["attn0", ramp([1, 1, 2, 3]), 72, '{"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}       '],
  ])("%s is written as by Hugging Face's library", (name, tensor, length, text) => {
    const want = [length, 0, 0, 0, 0, 0, 0, 0, ...ascii(text), ...data];
    expect([...writeSafetensors({ [name]: tensor })]).toEqual(want);
  });

  test("no tensors at all are {} padded to 8 bytes", () => {
    expect([...writeSafetensors({})]).toEqual([8, 0, 0, 0, 0, 0, 0, 0, ...ascii("{}      ")]);
    const withMetadata = writeSafetensors({}, { metadata: { framework: "pt" } });
    expect([...withMetadata]).toEqual([40, 0, 0, 0, 0, 0, 0, 0, ...ascii('{"__metadata__":{"framework":"pt"}}     ')]);
  });

  test("larger elements come first, then names in order; num_batches_tracked is I64 as in torch", () => {
    const bytes = writeSafetensors({
      b: new Tensor(Float32Array.of(1), [1]),
      a: new Tensor(Float32Array.of(2), []),
      d: new Tensor(Float64Array.of(3), []),
      "bn.num_batches_tracked": new Tensor(Float32Array.of(7), []),
    });
    const text =
      '{"bn.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"d":{"dtype":"F64","shape":[],"data_offsets":[8,16]},' +
      '"a":{"dtype":"F32","shape":[],"data_offsets":[16,20]},"b":{"dtype":"F32","shape":[1],"data_offsets":[20,24]}}';
    expect(header(bytes).trimEnd()).toBe(text);
    const numbers = bytes.slice(-24);
    expect(new BigInt64Array(numbers.buffer, 0, 1)).toEqual(BigInt64Array.of(7n));
    expect(new Float64Array(numbers.buffer, 8, 1)).toEqual(Float64Array.of(3));
    expect(new Float32Array(numbers.buffer, 16, 2)).toEqual(Float32Array.of(2, 1));
    expectSame(readSafetensors(bytes)["bn.num_batches_tracked"], new Tensor(Float32Array.of(7), []));
  });
});

describe("a file written by Python", () => {
  const bytes = fromBase64(python.safetensors.file);
  test.each(Object.entries(python.safetensors.tensors))("%s has Python's numbers", (name, want) => {
    expectPython(readSafetensors(bytes)[name], want);
    expectPython(readSafetensors(bytes, { dtype: "float64" })[name], want, "float64");
  });
  test("names, their order and the metadata are Python's", () => {
    expect(Object.keys(readSafetensors(bytes))).toEqual(Object.keys(python.safetensors.tensors));
    expect(readSafetensorsMetadata(bytes)).toEqual(python.safetensors.metadata);
  });
});

describe("other valid files", () => {
  test("header in any order, with white space; an empty tensor between others", () => {
    const text = `\n{ "b" : ${entry("[1]", "[ 4, 8 ]")},\t"none":${entry("[0]", "[4,4]")}, "a":${entry("[]", "[0,4]")} }  `;
    const { a, b, none } = readSafetensors(file(text, 8));
    expect([a?.shape, b?.shape, none?.shape]).toEqual([[], [1], [0]]);
  });
  test("escaped names", () => {
    expect(Object.keys(readSafetensors(file(`{"\\u00e4\\n\\ud83e\\udd86":${entry("[0]", "[0,0]")}}`)))).toEqual([
      "ä\n🦆",
    ]);
  });
  test("booleans are 0 and 1 whatever the byte", () => {
    const bytes = file(`{"x":${entry("[3]", "[0,3]", "BOOL")}}`, 3);
    bytes.set([0, 1, 200], bytes.length - 3);
    expect(readSafetensors(bytes).x?.data).toEqual(Float32Array.of(0, 1, 1));
  });
});

describe("bad arguments", () => {
  const one = new Tensor(Float32Array.of(1), [1]);
  test.each([
    [
      () => readSafetensors(writeSafetensors({}), { dtype: "float16" as never }),
      'readSafetensors expects dtype to be one of "float32", "float64", but got "float16".',
    ],
    [
      () => readSafetensors("model.safetensors" as never),
      "readSafetensors expects the bytes of a file (a Uint8Array or ArrayBuffer), but got a string. Usual cause: a path instead of the file's content, a missing await, or readFile with an encoding.",
    ],
    [
      () => readSafetensors(Promise.resolve(one) as never),
      "readSafetensors expects the bytes of a file (a Uint8Array or ArrayBuffer), but got a Promise. Usual cause: a path instead of the file's content, a missing await, or readFile with an encoding.",
    ],
    [
      () => writeSafetensors({ x: [1] as never }),
      'writeSafetensors expects tensors by name, but "x" is no Tensor. Usual cause: the model itself instead of model.stateDict(), or metadata that belongs into the options.',
    ],
    [
      () => writeSafetensors({ __metadata__: one }),
      'writeSafetensors expects tensors by name, but "__metadata__" is no name that the format allows. Usual cause: the model itself instead of model.stateDict(), or metadata that belongs into the options.',
    ],
    [
      () => writeSafetensors({ "\ud800": one }),
      'writeSafetensors expects tensors by name, but "\\ud800" is no name that the format allows. Usual cause: the model itself instead of model.stateDict(), or metadata that belongs into the options.',
    ],
    [
      () => writeSafetensors({ num_batches_tracked: new Tensor(Float32Array.of(0.5), []) }),
      'writeSafetensors expects "num_batches_tracked" to hold integers, but got 0.5.',
    ],
    [
      () => writeSafetensors({}, { metadata: { epoch: 3 as never } }),
      'writeSafetensors expects metadata to be text, but "epoch" is number. Usual cause: a number or an object: turn it into text with String or JSON.stringify.',
    ],
    [
      () => writeSafetensors({}, { metadata: { epoch: "\udfff" } }),
      'writeSafetensors expects metadata to be text, but "epoch" is not valid Unicode. Usual cause: a number or an object: turn it into text with String or JSON.stringify.',
    ],
  ])("%s", (call, message) => {
    expect(call).toThrow(new ArgumentError(message));
  });
});

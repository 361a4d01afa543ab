/** The three face networks with face-api's weights, what face-api itself computes, and its sample photographs. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Layer } from "../../src/index.js";
import { readWeightsManifest } from "../../src/io.js";
import { fromFaceApi } from "../../src/models.js";
import type { Box, Pixels } from "../../src/vision.js";
import { readFixture, type Stored } from "./fixtures.js";

export interface ExpectedFace {
  readonly score: number;
  readonly box: Box;
  readonly landmarks: readonly (readonly [x: number, y: number])[];
  readonly dlib_rect: Box;
  readonly landmark_crop: Box;
  readonly descriptor_crop: Box;
  readonly descriptor_b64: string;
  readonly crops_sha256?: { readonly landmark: string; readonly descriptor: string };
}

interface Scored {
  readonly score: number;
  readonly box: Box;
}

export interface ExpectedImage {
  readonly file: string;
  readonly jpeg_sha256: string;
  readonly width: number;
  readonly height: number;
  readonly rgb_sha256: string;
  readonly tiny_raw: Stored;
  readonly tiny_boxes_before_nms: readonly Scored[];
  readonly tiny_low_threshold: Record<string, { readonly boxes_before_nms: number; readonly kept: readonly Scored[] }>;
  readonly tiny_other_sizes: Record<string, readonly Scored[]>;
  readonly faces: readonly ExpectedFace[];
}

interface NetCase {
  readonly input: { readonly height: number; readonly width: number; readonly seed: number };
  readonly input_size: number | null;
  readonly output: Stored;
  /** What the network itself gives, before the padding is undone. */
  readonly raw_output?: Stored;
}

export interface ExpectedFaces {
  readonly images: readonly ExpectedImage[];
  /** Euclidean distances between the descriptors of these faces: [number of the sample, face in it]. */
  readonly distances: { readonly order: readonly [number, number][]; readonly matrix: readonly number[][] };
  readonly nets: Record<string, NetCase>;
}

export const expectedFaces = readFixture<ExpectedFaces>("face_expected.json");

const folder = dirname(createRequire(import.meta.url).resolve("@vladmandic/face-api/package.json"));

/** A file of the package. */
export function faceApiFile(path: string): Buffer {
  return readFileSync(join(folder, path));
}

export function faceApiTensors(model: string) {
  return readWeightsManifest(faceApiFile(`model/${model}_model-weights_manifest.json`), (path) =>
    faceApiFile(`model/${path}`),
  );
}

/** The network with face-api's weights of this name, in eval mode. */
export async function withWeights<L extends Layer>(network: L, model: string): Promise<L> {
  network.loadStateDict(fromFaceApi(await faceApiTensors(model)));
  return network.eval();
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Bytes floor(256 · mulberry32(seed)), `[height, width, 3]`. */
export function syntheticPixels({ height, width, seed }: NetCase["input"]): Pixels {
  let a = seed | 0;
  const data = Uint8Array.from({ length: height * width * 3 }, () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * 256);
  });
  return { width, height, data };
}

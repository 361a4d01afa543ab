/** The published weights of the three face networks, and what face-api makes of them (test/fixtures/faces.json). */
import { readFileSync } from "node:fs";
import type { Layer } from "../../src/graph/layer.js";
import { readWeightsManifest } from "../../src/io.js";
import { FaceLandmarks, FaceRecognition, faceStateDict, TinyFaceDetector } from "../../src/models.js";
import type { Pixels } from "../../src/vision.js";
import { readFixture, type Stored } from "./fixtures.js";

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Scored {
  readonly score: number;
  readonly box: Box;
}

interface Fixture {
  readonly nets: Record<
    string,
    {
      readonly input: { readonly height: number; readonly width: number; readonly seed: number };
      readonly input_size: number | null;
      readonly output: Stored;
      readonly raw_output?: Stored;
    }
  >;
  readonly images: {
    readonly file: string;
    readonly width: number;
    readonly height: number;
    readonly rgb_sha256: string;
    readonly tiny_low_threshold: Record<string, { readonly kept: Scored[] }>;
    readonly tiny_other_sizes: Record<string, Scored[]>;
    readonly faces: (Scored & {
      readonly landmarks: number[];
      readonly landmark_crop: Box;
      readonly descriptor_crop: Box;
      readonly descriptor: number[];
      readonly crops?: { readonly landmark: string; readonly descriptor: string };
    })[];
  }[];
}

export const faces = readFixture<Fixture>("faces.json");

const folder = new URL("../../node_modules/@vladmandic/face-api/", import.meta.url);
export const photograph = (file: string) => readFileSync(new URL(file, folder));

export async function faceTensors(net: string) {
  const read = (path: string) => photograph(`model/${path}`);
  return readWeightsManifest(read(`${net}_model-weights_manifest.json`), read);
}

async function loaded<L extends Layer>(network: L, net: string): Promise<L> {
  network.eval().loadStateDict(faceStateDict(await faceTensors(net)));
  return network;
}

export async function faceNetworks() {
  return {
    detector: await loaded(new TinyFaceDetector(), "tiny_face_detector"),
    landmarks: await loaded(new FaceLandmarks(), "face_landmark_68"),
    recognition: await loaded(new FaceRecognition(), "face_recognition"),
  };
}

/** The pixels that the fixture's recipe draws: ⌊256 · mulberry32(seed)⌋. */
export function drawn({ width, height, seed }: { width: number; height: number; seed: number }): Pixels {
  let state = seed;
  const data = new Uint8Array(width * height * 3).map(() => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) >>> 24;
  });
  return { width, height, data };
}

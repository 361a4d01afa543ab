/**
 * Recognises faces in photographs with face-api's published weights: boxes and landmarks, drawn into pictures, and names.
 * The photographs and weights are those of the package `@vladmandic/face-api`, read from where npm put it.
 */
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Layer } from "faltung";
import { readWeightsManifest } from "faltung/io";
import { FaceLandmarks, FaceRecognition, faceStateDict, TinyFaceDetector } from "faltung/models";
import { type Box, EmbeddingStore, type Face, type Pixels, recogniseFaces, UNKNOWN } from "faltung/vision";
import { encode } from "fast-png";
import { decode } from "jpeg-js";
import type { Example } from "./example.js";

const folder = dirname(createRequire(import.meta.url).resolve("@vladmandic/face-api/package.json"));

async function loaded(network: Layer, name: string): Promise<Layer> {
  const read = (path: string) => readFile(join(folder, "model", path));
  const tensors = await readWeightsManifest(await read(`${name}_model-weights_manifest.json`), read);
  network.loadStateDict(faceStateDict(tensors));
  return network.eval();
}

/** Colours the pixels of a small square. */
function dot({ width, height, data }: Pixels, x: number, y: number, radius: number): void {
  for (let row = Math.round(y) - radius; row <= y + radius; row++) {
    for (let column = Math.round(x) - radius; column <= x + radius; column++) {
      if (row < 0 || column < 0 || row >= height || column >= width) continue;
      data.set([255, 220, 0], (row * width + column) * 4);
    }
  }
}

function outline(picture: Pixels, { x, y, width, height }: Box): void {
  for (let i = 0; i <= width; i++) for (const edge of [y, y + height]) dot(picture, x + i, edge, 1);
  for (let i = 0; i <= height; i++) for (const edge of [x, x + width]) dot(picture, edge, y + i, 1);
}

export const example: Example = {
  title: "Recognises faces in photographs with published weights",
  run: async ({ out, quick }) => {
    const networks = {
      detector: await loaded(new TinyFaceDetector(), "tiny_face_detector"),
      landmarks: await loaded(new FaceLandmarks(), "face_landmark_68"),
      recognition: await loaded(new FaceRecognition(), "face_recognition"),
    };
    // The first photograph's faces get names; whom the others show is then looked up.
    const store = new EmbeddingStore({ threshold: 0.6 });
    const found: Face[] = [];
    let unknown = 0;
    let milliseconds = 0;
    const photographs = quick ? 2 : 6;
    for (let n = 1; n <= photographs; n++) {
      const picture = decode(await readFile(join(folder, "demo", `sample${n}.jpg`)), { useTArray: true });
      const start = performance.now();
      const faces = recogniseFaces(networks, picture);
      milliseconds += performance.now() - start;
      for (const [i, { box, landmarks, descriptor, score }] of faces.entries()) {
        const { name, distance } = store.match(descriptor);
        if (name === UNKNOWN) unknown++;
        console.log(`sample${n}, face ${i + 1}: score ${score.toFixed(2)}, ${name} (${distance.toFixed(2)})`);
        outline(picture, box);
        for (const { x, y } of landmarks) dot(picture, x, y, 1);
      }
      if (n === 1) for (const [i, { descriptor }] of faces.entries()) store.add(`person ${i + 1}`, descriptor);
      found.push(...faces);
      await writeFile(join(out, `faces${n}.png`), encode({ ...picture, channels: 4 }));
    }
    return [
      { name: "faces", value: found.length, ...(quick ? {} : { goal: 20 }) },
      { name: "faces that no earlier name fits", value: unknown },
      { name: "milliseconds a photograph", value: Math.round(milliseconds / photographs) },
    ];
  },
};

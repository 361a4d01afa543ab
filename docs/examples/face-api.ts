/**
 * face-api itself, on TensorFlow.js, for comparison. Its bundle is for browsers, but sees Node.js: a window, and what
 * CommonJS modules find, have to be there while it starts, and files come through its fetch. It runs on tfjs's WebAssembly
 * backend where that is installed (npm ci --prefix bench/peers), else on the plain JavaScript one that it brings along.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Box, Pixels, Point } from "faltung/vision";

export interface PeerFace {
  readonly box: Box;
  readonly landmarks: readonly Point[];
  readonly descriptor: Float32Array;
}

export interface FaceApi {
  /** Of tfjs: `"cpu"` is plain JavaScript. */
  readonly backend: "wasm" | "cpu";
  /** Detects, finds landmarks and computes descriptors, all in one call as face-api's users do. */
  readonly run: (pixels: Pixels) => Promise<PeerFace[]>;
}

/** What is used of tfjs: the types that come with face-api leave half of it out. */
interface TensorFlow {
  readonly env: () => { readonly platform: { fetch: (path: string) => Promise<Response> } };
  readonly setWasmPaths: (folder: string, byFetch: boolean) => void;
  readonly setBackend: (name: string) => Promise<boolean>;
  readonly tensor3d: (data: Uint8Array, shape: number[], dtype: string) => { readonly dispose: () => void };
  readonly io: {
    readonly weightsLoaderFactory: (
      read: (paths: string[]) => Promise<ArrayBuffer[]>,
    ) => (manifest: unknown, folder: string) => Promise<never>;
  };
}

const require = createRequire(import.meta.url);
const WASM = fileURLToPath(
  new URL("../../bench/peers/node_modules/@tensorflow/tfjs-backend-wasm/dist/", import.meta.url),
);

/** The folder of the package, or undefined where it is not installed. */
export function faceApiFolder(): string | undefined {
  try {
    return dirname(require.resolve("@vladmandic/face-api/package.json"));
  } catch {
    return undefined;
  }
}

/** face-api with its weights; its detector scales pictures to squares of `inputSize`. */
export async function loadFaceApi(folder: string, inputSize: number): Promise<FaceApi> {
  const stage = { window: globalThis, document: {}, require, __dirname: folder };
  Object.assign(globalThis, stage);
  const backend = existsSync(WASM) ? "wasm" : "cpu";
  const bytesOf = (path: string) => new Uint8Array(readFileSync(path)).buffer;
  const faceApi = await import("@vladmandic/face-api/dist/face-api.esm.js");
  const tf = faceApi.tf as unknown as TensorFlow;
  tf.env().platform.fetch = async (path: string) => new Response(bytesOf(path));
  if (backend === "wasm") tf.setWasmPaths(WASM, true);
  const started = await tf.setBackend(backend);
  for (const name of Object.keys(stage)) Reflect.deleteProperty(globalThis, name);
  if (!started) throw new Error(`tfjs could not start its backend ${backend}.`);
  const { nets } = faceApi;
  const readAll = async (paths: string[]) => paths.map(bytesOf);
  const networks = [
    [nets.tinyFaceDetector, "tiny_face_detector"],
    [nets.faceLandmark68Net, "face_landmark_68"],
    [nets.faceRecognitionNet, "face_recognition"],
  ] as const;
  for (const [network, name] of networks) {
    const manifest = JSON.parse(readFileSync(join(folder, `model/${name}_model-weights_manifest.json`), "utf8"));
    network.loadFromWeightMap(await tf.io.weightsLoaderFactory(readAll)(manifest, join(folder, "model")));
  }
  const options = new faceApi.TinyFaceDetectorOptions({ inputSize, scoreThreshold: 0.5 });
  return {
    backend,
    run: async ({ width, height, data }) => {
      const input = tf.tensor3d(new Uint8Array(data), [height, width, 3], "int32");
      const faces = await faceApi
        .detectAllFaces(input as never, options)
        .withFaceLandmarks()
        .withFaceDescriptors();
      input.dispose();
      return faces.map(({ detection, landmarks, descriptor }) => {
        const { x, y, width, height } = detection.box;
        return {
          box: { x, y, width, height },
          landmarks: landmarks.positions.map(({ x, y }) => ({ x, y })),
          descriptor,
        };
      });
    },
  };
}

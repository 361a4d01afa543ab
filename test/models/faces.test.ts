import { beforeAll, describe, expect, test, vi } from "vitest";
import { ArgumentError, type Layer, Random, ShapeError, StateError, tensor } from "../../src/index.js";
import { FaceLandmarks, FaceRecognition, faceStateDict, TinyFaceDetector } from "../../src/models.js";
import { detectFaces, faceDescriptor, faceLandmarks, type Pixels } from "../../src/vision.js";
import { expectError } from "../support/errors.js";
import { drawn, faceNetworks, faces, faceTensors } from "../support/faces.js";
import { decode, expectNear } from "../support/fixtures.js";
import { expectGradients, normal } from "../support/layers.js";

let networks: Awaited<ReturnType<typeof faceNetworks>>;
beforeAll(async () => {
  networks = await faceNetworks();
});

/** What the network makes of the input that a function of faltung/vision prepares. */
function outputOf(network: Layer, call: () => unknown) {
  const forward = vi.spyOn(network, "forward");
  call();
  const result = forward.mock.results[0]!.value as ReturnType<Layer["forward"]>;
  forward.mockRestore();
  return result;
}

const whole = ({ width, height }: Pixels) => ({ x: 0, y: 0, width, height });
/** Points whose aligned square is the whole picture of this size: eyes and mouth on one vertical line. */
function pointsOf(size: number) {
  const reach = 0.45 * (size + 0.5);
  const middle = { x: size / 2 + 0.1, y: 0 };
  return Array.from({ length: 68 }, (_, i) => ({ x: middle.x, y: i < 48 ? 0 : reach }));
}

describe("face-api's outputs of the same pixels", () => {
  const of = (name: string) => faces.nets[name]!;

  test.each(["tiny_face_detector", "tiny_face_detector_160x200"])("%s", (name) => {
    const { input, input_size, output } = of(name);
    const inputSize = input_size ?? 416;
    const got = outputOf(networks.detector, () => detectFaces(networks.detector, drawn(input), { inputSize }));
    expectNear(got.permute([0, 2, 3, 1]), decode(output), name);
  });

  test.each(["face_landmark_68", "face_landmark_68_90x60"])("%s", (name) => {
    const { input, output, raw_output } = of(name);
    const picture = drawn(input);
    let points: { x: number; y: number }[] = [];
    const got = outputOf(networks.landmarks, () => {
      points = faceLandmarks(networks.landmarks, picture, whole(picture));
    });
    const want = decode(raw_output!);
    expectNear(got.reshape(want.shape), want, name);
    const relative = points.flatMap(({ x, y }) => [x / picture.width, y / picture.height]);
    expectNear(tensor(relative, decode(output).shape), decode(output), `${name}, without padding`);
  });

  test("face_recognition", () => {
    const { input, output } = of("face_recognition");
    const picture = drawn(input);
    const descriptor = faceDescriptor(networks.recognition, picture, pointsOf(150));
    expectNear(tensor([...descriptor], decode(output).shape), decode(output), "face_recognition");
  });

  test("the crops of a photograph", () => {
    const { crops, landmark_crop, descriptor_crop, landmarks, descriptor, box } = faces.images[0]!.faces[0]!;
    const picture = (text: string, { width, height }: { width: number; height: number }) => ({
      width,
      height,
      data: Uint8Array.from(Buffer.from(text, "base64")),
    });
    const points = faceLandmarks(
      networks.landmarks,
      picture(crops!.landmark, landmark_crop),
      whole(picture("", landmark_crop)),
    );
    const moved = points.flatMap(({ x, y }) => [x + box.x, y + box.y]);
    // The fixture's points are rounded to a thousandth.
    expect(Math.max(...moved.map((value, i) => Math.abs(value - landmarks[i]!)))).toBeLessThan(2e-3);
    const face = picture(crops!.descriptor, descriptor_crop);
    const got = faceDescriptor(networks.recognition, face, pointsOf(face.width));
    expect(Math.hypot(...got.map((value, i) => value - descriptor[i]!))).toBeLessThan(1e-5);
  });
});

describe("the networks", () => {
  test.each([
    [TinyFaceDetector, 193_321],
    [FaceLandmarks, 356_840],
    [FaceRecognition, 5_614_592],
  ])("%o has the parameters of the published file", (Network, count) => {
    expect(new Network().parameters().reduce((sum, { value }) => sum + value.size, 0)).toBe(count);
  });

  const small = { width: 1 / 32, random: new Random(1) };

  test("gradients of the detector agree with differences", () => {
    expectGradients(new TinyFaceDetector({ ...small, width: 1 / 8 }), [1, 3, 64, 64], { samples: 2 });
  });

  test("gradients of the landmarks agree with differences", () => {
    expectGradients(new FaceLandmarks(small), [1, 3, 112, 112], { samples: 1 });
  });

  // In eval mode: the last convolution's image is one pixel, of which a batch of one has no statistics.
  test("gradients of the recognition agree with differences", () => {
    expectGradients(new FaceRecognition(small).eval(), [1, 3, 150, 150], { samples: 1 });
  });

  test("a state of another network is refused by its keys; nothing is lost on the way", async () => {
    const state = faceStateDict(await faceTensors("face_landmark_68"));
    expect(Object.keys(state).sort()).toEqual(Object.keys(new FaceLandmarks().stateDict()).sort());
    expect(() => new TinyFaceDetector().loadStateDict(state)).toThrow(StateError);
    const odd = faceStateDict({ "conv0/filters": tensor([1, 2], [2]), other: tensor([1], [1]) });
    expect(Object.keys(odd)).toEqual(["conv0.weight", "other"]);
  });

  test("bad options and inputs", () => {
    for (const Network of [TinyFaceDetector, FaceLandmarks, FaceRecognition]) {
      const name = new Network({ width: 1 / 32 }).name;
      expectError(
        () => new Network({ width: 0 }),
        ArgumentError,
        `${name} expects width to be a number above 0, but got 0.`,
      );
    }
    const { landmarks, recognition } = networks;
    expect(() => landmarks.forward(normal([1, 3, 96, 96], 1))).toThrow(ShapeError);
    expect(() => recognition.forward(normal([1, 3, 112, 112], 1))).toThrow(ShapeError);
  });
});

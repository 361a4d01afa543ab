/** The classical filters on real photographs, each a convolution whose weights are fixed. */

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Conv2d, Tensor } from "faltung";
import {
  boxBlur,
  decodeImage,
  drawLabel,
  emboss,
  encodePng,
  gaussianBlur,
  imageToTensor,
  laplacian,
  letterbox,
  type Pixels,
  sharpen,
  sobelX,
  sobelY,
  tensorToImage,
  tile,
} from "faltung/vision";
import { startBar } from "./bar.js";
import type { Example } from "./example.js";

/** Photographs that an npm package ships. */
const FOLDER = join(dirname(createRequire(import.meta.url).resolve("@vladmandic/face-api/package.json")), "demo");
const SIDE = 320;

/** From a photograph `[1, 3, H, W]` of 0–1 to what is shown of it; what has no sign of its own is shown around gray. */
const FILTERS: Readonly<Record<string, (photo: Tensor) => Tensor>> = {
  original: (photo) => photo,
  "box blur": apply(boxBlur(3, 9)),
  "Gaussian blur": apply(gaussianBlur(3, 3)),
  sharpen: apply(sharpen(3)),
  "Sobel, left to right": around(sobelX(3)),
  "Sobel, both": (photo) => {
    const [across, down] = [sobelX(3).forward(photo), sobelY(3).forward(photo)];
    return across.mul(across).add(down.mul(down)).sqrt().div(4);
  },
  Laplacian: around(laplacian(3)),
  emboss: apply(emboss(3)),
};

function apply(filter: Conv2d) {
  return (photo: Tensor): Tensor => filter.forward(photo);
}

function around(filter: Conv2d) {
  return (photo: Tensor): Tensor => filter.forward(photo).div(4).add(0.5);
}

export const example: Example = {
  title: "Classical filters as fixed convolutions: blurs, sharpen, Sobel, Laplacian, emboss (seconds)",
  async run({ out, quick }) {
    const names = quick ? ["sample1.jpg"] : ["sample1.jpg", "sample2.jpg", "sample3.jpg"];
    const bar = startBar("{bar} {value}/{total}: {name}", names.length * Object.keys(FILTERS).length, { name: "" });
    let [milliseconds, pixels] = [0, 0];
    const pictures: Pixels[] = [];
    for (const name of names) {
      const { pixels: framed } = letterbox(await decodeImage(readFileSync(join(FOLDER, name))), SIDE, SIDE);
      const photo = imageToTensor(framed, { channels: 3 }).unsqueeze(0);
      for (const [filter, run] of Object.entries(FILTERS)) {
        const start = performance.now();
        const filtered = run(photo);
        milliseconds += performance.now() - start;
        pixels += SIDE * SIDE;
        const picture = tensorToImage(filtered.squeeze(0));
        drawLabel(picture, filter, { x: 0, y: 0 }, { scale: 2 });
        pictures.push(picture);
        bar.increment({ name: `${filter} of ${name}` });
      }
    }
    bar.stop();
    const sheet = tile(pictures, { columns: Object.keys(FILTERS).length });
    writeFileSync(join(out, "filters.png"), await encodePng(sheet));
    return [
      { name: "filtered pictures", value: pictures.length },
      { name: "milliseconds a megapixel of three channels", value: (milliseconds * 1e6) / pixels },
    ];
  },
};

import { Composite } from "../../graph/composite.js";
import type { Value } from "../../graph/value.js";
import { Conv2d } from "../../layers/conv2d.js";
import type { Random } from "../../tensor/random.js";

export interface Init {
  readonly random?: Random;
}

/**
 * A 3×3 convolution of each channel alone, then a 1×1 convolution with bias across them:
 * `[N, inChannels, H, W]` → `[N, outChannels, ⌈H / stride⌉, ⌈W / stride⌉]`. Images have even sizes if the stride is 2.
 *
 * Source: Chollet 2017, Xception, https://arxiv.org/abs/1610.02357
 */
export class SeparableConv extends Composite {
  override readonly name: string = "SeparableConv";
  readonly depthwise: Conv2d;
  readonly pointwise: Conv2d;

  constructor(inChannels: number, outChannels: number, stride: 1 | 2, init: Init) {
    super();
    const padding = stride === 1 ? 1 : 0;
    this.depthwise = new Conv2d(inChannels, inChannels, 3, {
      groups: inChannels,
      stride,
      padding,
      bias: false,
      ...init,
    });
    this.pointwise = new Conv2d(inChannels, outChannels, 1, init);
  }

  compose(x: Value): Value {
    const halves = this.depthwise.stride[0] === 2;
    return (halves ? x.pad(SAME_STRIDE_2) : x).through(this.depthwise, this.pointwise);
  }
}

/** TensorFlow's padding "same" for a 3×3 kernel with stride 2 on even sizes: the one pixel too many is below and right. */
export const SAME_STRIDE_2 = [0, 1, 0, 1];

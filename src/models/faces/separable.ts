import { Composite } from "../../layers/composite.js";
import { Conv2d } from "../../layers/conv2d.js";
import type { Layer } from "../../layers/layer.js";
import { Sequential } from "../../layers/sequential.js";
import { ZeroPad2d } from "../../layers/zeropad2d.js";
import type { Random } from "../../tensor/random.js";

type Init = { readonly random?: Random };

/**
 * What TensorFlow calls "same" for a 3×3 kernel: all around for stride 1; for stride 2 of an even size, only the last
 * row and column read the padding.
 */
export function same(stride: 1 | 2): ZeroPad2d {
  return new ZeroPad2d(stride === 1 ? 1 : [0, 1, 0, 1]);
}

/** A 3×3 convolution of each channel for itself, and a 1×1 convolution with bias that mixes them. */
export class SeparableConv2d extends Composite {
  override readonly name: string = "SeparableConv2d";
  readonly depthwise: Conv2d;
  readonly pointwise: Conv2d;

  constructor(inChannels: number, outChannels: number, stride: 1 | 2, init: Init) {
    super();
    const padding = stride === 1 ? 1 : 0;
    this.depthwise = new Conv2d(inChannels, inChannels, 3, {
      stride,
      padding,
      groups: inChannels,
      bias: false,
      ...init,
    });
    this.pointwise = new Conv2d(inChannels, outChannels, 1, init);
  }

  protected compose(): Layer {
    const { depthwise, pointwise } = this;
    return depthwise.settings.stride[0] === 1
      ? new Sequential(depthwise, pointwise)
      : new Sequential(same(2), depthwise, pointwise);
  }
}

/** ShuffleNetV2, Ma et al. 2018, https://arxiv.org/abs/1807.11164, under torchvision's keys. */
import { BatchNorm2d, ChannelShuffle, Conv2d, graph, Linear, MaxPool2d, ReLU, Sequential } from "faltung";

const pointwise = (from: number, to: number) => [
  new Conv2d(from, to, 1, { bias: false }),
  new BatchNorm2d(to),
  new ReLU(),
];

const depthwise = (channels: number, stride: number) => [
  new Conv2d(channels, channels, 3, { stride, padding: 1, groups: channels, bias: false }),
  new BatchNorm2d(channels),
];

/** Half of the channels are filtered; where the size halves all of them are, twice. Then the halves are shuffled. */
function unit(from: number, to: number) {
  const [half, halves] = [to / 2, from !== to];
  const layers = {
    branch1: new Sequential(...(halves ? [...depthwise(from, 2), ...pointwise(from, half)] : [])),
    branch2: new Sequential(
      ...pointwise(halves ? from : half, half),
      ...depthwise(half, halves ? 2 : 1),
      ...pointwise(half, half),
    ),
    shuffle: new ChannelShuffle(2),
  };
  return graph(["N", "C", "H", "W"], layers, ({ branch1, branch2, shuffle }, x) => {
    const [kept, filtered] = halves ? [x, x] : x.chunk(2, 1);
    return shuffle.of(branch1.of(kept).concat([branch2.of(filtered)]));
  });
}

const stage = (from: number, to: number, units: number) =>
  new Sequential(...Array.from({ length: units }, (_, i) => unit(i === 0 ? from : to, to)));

export const shuffleNetV2 = (numClasses = 1000) =>
  graph(
    ["N", 3, "H", "W"],
    {
      conv1: new Sequential(
        new Conv2d(3, 24, 3, { stride: 2, padding: 1, bias: false }),
        new BatchNorm2d(24),
        new ReLU(),
      ),
      maxpool: new MaxPool2d(3, { stride: 2, padding: 1 }),
      stage2: stage(24, 116, 4),
      stage3: stage(116, 232, 8),
      stage4: stage(232, 464, 4),
      conv5: new Sequential(...pointwise(464, 1024)),
      fc: new Linear(1024, numClasses),
    },
    ({ conv1, maxpool, stage2, stage3, stage4, conv5, fc }, x) =>
      fc.of(x.through(conv1, maxpool, stage2, stage3, stage4, conv5).mean([2, 3])),
  );

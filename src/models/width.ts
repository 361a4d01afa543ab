/** The width multiplier of networks: how many channels a layer has that the paper gives `channels`. */
import { checkPositive } from "../shape/check.js";

/** @throws ArgumentError for a width that is not above 0. */
export function checkWidth(model: string, width: number): number {
  return checkPositive(model, "width", width);
}

/** The nearest number of channels, at least 1. */
export function widened(channels: number, width: number): number {
  return Math.max(1, Math.round(channels * width));
}

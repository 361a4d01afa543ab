/** The report's charts, as SVG text that takes its colors from the page's style sheet. */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

export interface StepLoss {
  readonly step: number;
  readonly loss: number;
}

export interface Epoch {
  readonly epoch: number;
  /** Mean training loss. */
  readonly loss: number;
  /** Fraction of the test set that is classified correctly, 0 to 1. */
  readonly testAccuracy: number;
  readonly seconds: number;
}

const SIZE = { width: 520, height: 300, marginLeft: 52, marginBottom: 40, marginTop: 28 };
const MAX_POINTS = 2000;

function svg(options: Plot.PlotOptions): string {
  const { document } = parseHTML("<html></html>");
  return Plot.plot({ ...SIZE, ...options, document: document as unknown as Document }).outerHTML;
}

/** Loss of every step, faint, and its moving average over about a fiftieth of the run. */
export function lossChart(history: readonly StepLoss[]): string {
  const every = Math.ceil(history.length / MAX_POINTS);
  const points = history
    .filter((_, i) => i % every === 0)
    .map(({ step, loss }) => ({ step, loss: Math.max(loss, 1e-6) }));
  const axes = { x: "step", y: "loss" };
  return svg({
    ariaLabel: "Training loss per step",
    x: { label: "step", ticks: 6 },
    y: { type: "log", label: "cross-entropy loss (log scale)", grid: true, ticks: 5, tickFormat: "~g" },
    marks: [
      Plot.lineY(points, { ...axes, stroke: "var(--accent)", strokeOpacity: 0.3, strokeWidth: 0.8 }),
      Plot.lineY(
        points,
        Plot.windowY(
          { k: Math.max(1, Math.ceil(points.length / 50)), reduce: "mean" },
          { ...axes, stroke: "var(--accent)", strokeWidth: 2.2 },
        ),
      ),
    ],
  });
}

/** Test accuracy after each epoch. */
export function accuracyChart(epochs: readonly Epoch[]): string {
  const points = epochs.map(({ epoch, testAccuracy }) => ({ epoch, percent: 100 * testAccuracy }));
  const lowest = Math.min(...points.map(({ percent }) => percent));
  const axes = { x: "epoch", y: "percent" };
  return svg({
    ariaLabel: "Test accuracy per epoch",
    x: { type: "point", label: "epoch" },
    y: { label: "test accuracy (%)", grid: true, domain: [Math.floor(lowest - 0.5), 100], ticks: 5 },
    marginTop: 40,
    marks: [
      Plot.lineY(points, { ...axes, stroke: "var(--accent)", strokeWidth: 2.2 }),
      Plot.dot(points, { ...axes, fill: "var(--accent)", r: 4 }),
      Plot.text(points, {
        ...axes,
        text: ({ percent }) => percent.toFixed(2),
        dy: -14,
        fontWeight: 600,
        stroke: "var(--card)",
        fill: "currentColor",
        strokeWidth: 4,
      }),
    ],
  });
}

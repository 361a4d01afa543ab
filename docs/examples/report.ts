/** One self-contained HTML page about a trained classifier: no network, no script; charts are SVG, pictures data URIs. */
import { readFileSync, writeFileSync } from "node:fs";
import { accuracyChart, type Epoch, lossChart, type StepLoss } from "./report/charts.js";
import { inkImage, signedImage } from "./report/images.js";

export type { Epoch, StepLoss };

export interface Maps {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

export interface Mistake {
  /** Gray values 0–255. */
  readonly pixels: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
  readonly label: number;
  readonly predicted: number;
  /** The model's probability for `predicted`, 0 to 1. */
  readonly probability: number;
}

export interface ReportData {
  readonly title: string;
  /** What the run was made with, as shown under the title: `{ seed: 1, optimizer: "Adam" }`. */
  readonly settings: Readonly<Record<string, string | number>>;
  readonly history: readonly StepLoss[];
  readonly epochs: readonly Epoch[];
  /** `confusion[truth][predicted]`, counts. */
  readonly confusion: readonly (readonly number[])[];
  readonly classNames: readonly string[];
  /** The first convolution's weights, `[outChannels, inChannels, height, width]`. */
  readonly filters: Maps;
  /** What every layer makes of one input, `[channels, height, width]` or `[features]`; the first entry is the input. */
  readonly featureMaps: readonly (Maps & { readonly layer: string })[];
  readonly mistakes: readonly Mistake[];
  /** The text of `summary(model)`. */
  readonly summary: string;
}

export function writeReport(path: string, data: ReportData): void {
  const style = readFileSync(new URL("./report/style.css", import.meta.url), "utf8");
  writeFileSync(
    path,
    `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(data.title)}</title>
<style>${style}</style>
</head>
<body>
${header(data)}
<main>
${section("Training", "", `<div class="charts">${lossChart(data.history)}${accuracyChart(data.epochs)}</div>`)}
${section("Confusion matrix", "Rows are the true class, columns the predicted one. Mistakes are colored by their number.", confusionTable(data))}
${section("Learned filters", "Weights of the first convolution: orange above zero, blue below.", filters(data.filters))}
${section("One input, layer by layer", "Each picture is one channel, scaled to its layer's largest value: orange above zero, blue below.", featureMaps(data))}
${section("The worst mistakes", "The wrong answers that the model was surest of.", mistakes(data))}
${section("Model", "", `<pre>${escapeHtml(data.summary)}</pre>`)}
</main>
</body>
</html>
`,
  );
}

function header({ title, settings, epochs, confusion }: ReportData): string {
  const total = confusion.flat().reduce((sum, count) => sum + count, 0);
  const right = confusion.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);
  const seconds = epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  const facts = { ...settings, epochs: epochs.length, "training time": duration(seconds) };
  return `<header>
<h1>${escapeHtml(title)}</h1>
<p class="verdict"><strong>${percent(right / total)}</strong> of ${total.toLocaleString("en")} test images right, ${(total - right).toLocaleString("en")} wrong</p>
<dl class="facts">${Object.entries(facts)
    .map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(String(value))}</dd></div>`)
    .join("")}</dl>
</header>`;
}

function section(title: string, explanation: string, content: string): string {
  return `<section>
<h2>${title}</h2>
${explanation === "" ? "" : `<p>${explanation}</p>`}
${content}
</section>`;
}

function confusionTable({ confusion, classNames }: ReportData): string {
  const worst = Math.max(1, ...confusion.flatMap((row, i) => row.filter((_, j) => j !== i)));
  const cell = (count: number, truth: number, predicted: number) => {
    const title = `${classNames[truth]} taken for ${classNames[predicted]}: ${count}`;
    if (truth === predicted) return `<td class="right">${count}</td>`;
    // The square root keeps single mistakes visible beside a common one.
    return `<td class="wrong" title="${escapeHtml(title)}" style="--share:${percent(Math.sqrt(count / worst))}">${count || "·"}</td>`;
  };
  const rows = confusion.map((row, truth) => {
    const recall = (row[truth] ?? 0) / row.reduce((sum, count) => sum + count, 0);
    const cells = row.map((count, predicted) => cell(count, truth, predicted)).join("");
    return `<tr><th scope="row">${escapeHtml(classNames[truth] ?? "")}</th>${cells}<td class="recall">${percent(recall)}</td></tr>`;
  });
  const columns = classNames.map((name) => `<th scope="col">${escapeHtml(name)}</th>`).join("");
  return `<div class="scroll"><table class="confusion">
<thead>
<tr><td></td><td class="axis" colspan="${classNames.length}">predicted</td><td></td></tr>
<tr><th class="axis">true</th>${columns}<th scope="col">found</th></tr>
</thead>
<tbody>${rows.join("\n")}</tbody>
</table></div>`;
}

function filters(weights: Maps): string {
  return `<div class="maps filters">${planes(weights).join("")}</div>`;
}

function featureMaps({ featureMaps: layers, classNames }: ReportData): string {
  const rows = layers.map((layer, i) => {
    const { shape, data } = layer;
    const content = i === layers.length - 1 && shape.length === 1 ? bars(data, classNames) : planes(layer).join("");
    return `<div class="layer"><h3>${escapeHtml(layer.layer)} <small>${shape.join(" × ")}</small></h3><div class="maps">${content}</div></div>`;
  });
  return rows.join("\n");
}

/** One picture for every `[height, width]` plane; a vector becomes one strip. */
function planes({ shape, data }: Maps): string[] {
  const [height = 1, width = 1] = shape.length === 1 ? [1, shape[0]] : shape.slice(-2);
  const values = Array.from(data);
  const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-12);
  return Array.from({ length: values.length / (height * width) }, (_, i) => {
    const plane = values.slice(i * height * width, (i + 1) * height * width);
    return picture(signedImage(plane, width, height, most), height === 1 ? "strip" : "map", `channel ${i}`);
  });
}

function bars(probabilities: ArrayLike<number>, classNames: readonly string[]): string {
  const row = (p: number, i: number) =>
    `<div><span>${escapeHtml(classNames[i] ?? String(i))}</span><i style="--share:${percent(p)}"></i><span>${percent(p)}</span></div>`;
  return `<div class="bars">${Array.from(probabilities, row).join("")}</div>`;
}

function mistakes({ mistakes: list, classNames }: ReportData): string {
  if (list.length === 0) return "<p>There are none.</p>";
  const cards = list.map(({ pixels, width, height, label, predicted, probability }) => {
    const image = picture(inkImage(pixels, width, height, 255), "ink", `a ${classNames[label]}`);
    const [truth, guess] = [escapeHtml(classNames[label] ?? ""), escapeHtml(classNames[predicted] ?? "")];
    return `<figure>${image}<figcaption><strong>${truth}</strong> taken for <strong class="guess">${guess}</strong><br><small>${percent(probability)} sure</small></figcaption></figure>`;
  });
  return `<div class="mistakes">${cards.join("\n")}</div>`;
}

function picture(uri: string, kind: string, alt: string): string {
  return `<img class="${kind}" src="${uri}" alt="${escapeHtml(alt)}">`;
}

function percent(fraction: number): string {
  return Number.isFinite(fraction) ? `${(100 * fraction).toFixed(2)}%` : "–";
}

function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

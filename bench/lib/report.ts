/** What every command leaves in docs/benchmarks/: its results as JSON and as a chart. */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { resolve } from "node:path";
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { backendName } from "../../src/kernels/backend.js";
import { digits } from "./table.js";

const FOLDER = resolve(import.meta.dirname, "../../docs/benchmarks");

/** Where a figure comes from. Neither a path nor the name of a machine. */
export function provenance() {
  const processor = cpus()[0]?.model.trim() ?? "unknown processor";
  return { processor, node: process.version, backend: backendName(), date: new Date().toISOString().slice(0, 10) };
}

export function provenanceLine(): string {
  const { processor, node, backend, date } = provenance();
  return `${processor}, Node ${node}, ${backend}, ${date}`;
}

export interface Bar {
  /** Bars of one group stand together. */
  readonly group: string;
  readonly name: string;
  readonly value: number;
  /** The quartiles around the value, drawn as a line. */
  readonly low?: number;
  readonly high?: number;
}

export interface Chart {
  readonly title: string;
  /** What the bars measure, with its unit. */
  readonly label: string;
  readonly bars: readonly Bar[];
  readonly log?: true;
}

/** Writes `name.json` and `name.svg`. Progress goes to stderr, so that stdout holds the table alone. */
export function writeReport(name: string, results: object, chart: Chart): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(resolve(FOLDER, `${name}.json`), `${JSON.stringify({ ...provenance(), ...results }, null, 2)}\n`);
  writeFileSync(resolve(FOLDER, `${name}.svg`), `${svg(chart)}\n`);
  console.error(`Wrote docs/benchmarks/${name}.json and ${name}.svg`);
}

const COLORS = ["#e4572e", "#4269d0", "#3ca951", "#a463f2", "#9c6b4e", "#efb118", "#6cc5b0", "#9498a0", "#ff8ab7"];

/** Horizontal bars, the groups one below the other. */
export function svg({ title, label, bars, log }: Chart): string {
  const names = [...new Set(bars.map(({ name }) => name))];
  const groups = [...new Set(bars.map(({ group }) => group))];
  const longest = (texts: readonly string[]) => 7 * Math.max(...texts.map((text) => text.length));
  const key = ({ group, name }: Bar) => `${group} / ${name}`;
  // An empty row below each group.
  const rows = groups.flatMap((group) => [...bars.filter((bar) => bar.group === group).map(key), group]);
  const firsts = groups.map((group) => bars.find((bar) => bar.group === group)!);
  // On a logarithmic axis a bar has to start somewhere above 0.
  const least = log ? 10 ** Math.floor(Math.log10(Math.min(...bars.map(({ low, value }) => low ?? value)))) : 0;
  const marginLeft = 24 + longest(groups);
  const { document } = parseHTML("<html></html>");
  const figure = Plot.plot({
    document: document as unknown as Document,
    width: 900,
    height: 70 + rows.length * 15,
    marginLeft,
    marginRight: 60 + longest(names),
    marginTop: 58,
    style: { background: "white", color: "#222", fontSize: "11px", fontFamily: "system-ui, sans-serif" },
    x: {
      label,
      grid: true,
      axis: "top",

      ...(log ? { type: "log", tickFormat: "~g" } : { zero: true }),
    },
    y: { label: null, domain: rows, axis: null, padding: 0.12 },
    color: { domain: names, range: COLORS },
    marks: [
      Plot.barX(bars, { x1: least, x2: "value", y: key, fill: "name" }),
      Plot.ruleY(bars, {
        x1: ({ low, value }: Bar) => low ?? value,
        x2: ({ high, value }: Bar) => high ?? value,
        y: key,
      }),
      Plot.text(bars, {
        x: ({ value, high = value }: Bar) => Math.max(value, high),
        y: key,
        text: ({ name, value }: Bar) => `${digits(value)}  ${name}`,
        textAnchor: "start",
        dx: 5,
      }),
      Plot.text(firsts, { y: key, text: "group", frameAnchor: "left", textAnchor: "end", dx: -8, fontWeight: "600" }),
      Plot.text([title], { frameAnchor: "top-left", dy: -52, dx: 10 - marginLeft, fontSize: 15, fontWeight: "600" }),
    ],
  });
  figure.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return figure.outerHTML;
}

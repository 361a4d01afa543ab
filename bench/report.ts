/** What every command leaves in docs/benchmarks/: its results as JSON and as a chart. */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { resolve } from "node:path";
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { backendName } from "../src/kernels/backend.js";

const FOLDER = resolve(import.meta.dirname, "../docs/benchmarks");

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

const COLOURS = ["#e4572e", "#4269d0", "#3ca951", "#a463f2", "#9c6b4e", "#efb118", "#6cc5b0", "#9498a0", "#ff8ab7"];

/** Horizontal bars, a panel a group. */
export function svg({ title, label, bars, log }: Chart): string {
  const names = [...new Set(bars.map(({ name }) => name))];
  const groups = [...new Set(bars.map(({ group }) => group))];
  const longest = Math.max(...groups.map((group) => group.length));
  const most = Math.max(...names.map((name) => name.length));
  // On a logarithmic axis a bar has to start somewhere above 0.
  const least = log ? 10 ** Math.floor(Math.log10(Math.min(...bars.map(({ low, value }) => low ?? value)))) : 0;
  const { document } = parseHTML("<html></html>");
  const figure = Plot.plot({
    document: document as unknown as Document,
    width: 900,
    height: 70 + bars.length * 15 + groups.length * 7,
    marginLeft: 16 + 6.5 * most,
    marginRight: 24 + 6.5 * longest,
    marginTop: 52,
    style: { background: "white", color: "#222", fontSize: "11px", fontFamily: "system-ui, sans-serif" },
    x: { label, grid: true, axis: "top", ...(log ? { type: "log", tickFormat: "~g" } : { zero: true }) },
    y: { label: null, domain: names, axis: null },
    fy: { label: null, domain: groups, padding: 0.18 },
    color: { domain: names, range: COLOURS },
    marks: [
      // A panel has a row only for the bars that it has: its own scale would need a plot each.
      Plot.barX(bars, { x1: least, x2: "value", y: "name", fy: "group", fill: "name" }),
      Plot.ruleY(
        bars.filter(({ low, high }) => low !== undefined && high !== undefined),
        { x1: "low", x2: "high", y: "name", fy: "group", stroke: "#222" },
      ),
      Plot.text(bars, {
        x: "value",
        y: "name",
        fy: "group",
        text: ({ value }: Bar) => (value >= 99.95 ? value.toFixed(0) : value.toPrecision(3)),
        textAnchor: "start",
        dx: 5,
      }),
      Plot.axisY({ y: "name", tickSize: 0 } as Plot.AxisYOptions),
      Plot.text([title], {
        frameAnchor: "top-left",
        dy: -48,
        dx: -10 - 6.5 * most,
        fontSize: 15,
        fontWeight: 600,
        fy: () => groups[0],
      } as Plot.TextOptions),
    ],
  });
  figure.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return figure.outerHTML;
}

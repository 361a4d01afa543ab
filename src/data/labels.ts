import { refuse } from "../shape/check.js";

/** Class indices one by one, whatever holds them. @throws ArgumentError that says how BigInts and names become numbers. */
export function checkLabels(who: string, labels: unknown): asserts labels is ArrayLike<number> {
  if (!Array.isArray(labels) && !(ArrayBuffer.isView(labels) && "length" in labels)) {
    refuse(who, "labels", "class indices in an array, an Int32Array or a Tensor", labels);
  }
  const list = labels as ArrayLike<unknown>;
  for (let i = 0; i < list.length; i++) {
    const label = list[i];
    if (typeof label === "number" && !Number.isNaN(label)) continue;
    refuse(who, `label ${i}`, "a number", label, CAUSES[typeof label] ?? "an entry that is missing");
  }
}

const CAUSES: Readonly<Record<string, string>> = {
  bigint: "64-bit labels: Int32Array.from(labels, Number)",
  string: "names instead of class indices: labels.map((name) => names.indexOf(name))",
  object: "one-hot rows: a tensor of them has targets of its own kind, argmax(1) gives class indices",
};

import { kindOf } from "./brand.js";

/** A value as sentences show it: numbers and short texts as they are, of anything larger what it is. */
export function show(value: unknown): string {
  if (typeof value === "string") return `"${value.slice(0, 60)}${value.length > 60 ? "…" : ""}"`;
  if (Array.isArray(value)) {
    const entries = value.slice(0, 8).map((entry) => (Array.isArray(entry) ? "[…]" : show(entry)));
    return `[${entries.join(", ")}${value.length > 8 ? ", …" : ""}]`;
  }
  if (typeof value === "bigint") return `${value}n`;
  if (value !== Object(value)) return String(value);
  // Bundlers put a _ before the name of a class that mentions itself.
  const brand = kindOf(value);
  const kind =
    (brand === "Layer" ? (value as { readonly name?: string }).name : brand) ??
    (`${(value as object).constructor?.name ?? ""}`.replace(/^_|^Object$/, "") || "object");
  return `${/^[AEIOo]/.test(kind) ? "an" : "a"} ${kind}`;
}

/** The first of many names: `conv1.weight, conv1.bias and 315 more`. */
export function listed(names: readonly string[]): string {
  return names.slice(0, 8).join(", ") + (names.length > 8 ? ` and ${names.length - 8} more` : "");
}

/** `14.4 GB` */
export function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toPrecision(3)} GB`;
}

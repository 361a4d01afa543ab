import { isForeign, kindOf } from "./brand.js";

/** A value as sentences show it: numbers and short texts as they are, of anything larger what it is. */
export function show(value: unknown): string {
  if (typeof value === "string") return value.length > 60 ? `"${value.slice(0, 60)}…"` : `"${value}"`;
  if (Array.isArray(value)) {
    const entries = value.slice(0, 8).map((entry) => (Array.isArray(entry) ? "[…]" : show(entry)));
    return `[${entries.join(", ")}${value.length > 8 ? ", …" : ""}]`;
  }
  if (typeof value === "bigint") return `${value}n`;
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return String(value);
  const own = kindOf(value);
  if (own) return `a ${own.kind}${own.isForeign ? " of a second copy of faltung" : ""}`;
  // Bundlers put a _ before the name of a class that mentions itself.
  const kind = String(value.constructor?.name ?? "").replace(/^_/, "");
  return !kind || kind === "Object" ? "an object" : `${/^[AEIO]/.test(kind) ? "an" : "a"} ${kind}`;
}

/** The end of a sentence that refuses a value: `an array. Usual cause: …`. Where another copy made it, that is the cause. */
export function refused(value: unknown, cause: string): string {
  const usual = isForeign(value) ? "two versions of it, or one bundled twice: see npm ls faltung" : cause;
  return `${Array.isArray(value) ? "an array" : show(value)}. Usual cause: ${usual}.`;
}

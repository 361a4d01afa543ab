import { type Options, SingleBar } from "cli-progress";

/** What a bar fills in by itself. */
const OWN = ["bar", "percentage", "value", "total", "eta", "eta_formatted", "duration", "duration_formatted"];

/**
 * A progress bar that leaves its format room on a line of 80 columns. `fields` is what its first frame shows: a field that
 * is not among them would stand there as `{loss}`, so it has to be.
 */
export function startBar(
  format: string,
  total: number,
  fields: Readonly<Record<string, string | number>> = {},
  options: Options = {},
): SingleBar {
  const missing = [...format.matchAll(/\{(\w+)\}/g)].flatMap(([, name = ""]) =>
    OWN.includes(name) || name in fields ? [] : [name],
  );
  if (missing.length > 0) throw new Error(`startBar expects the first values of ${missing.join(", ")}.`);
  const bar = new SingleBar({ format, barsize: 20, ...options });
  bar.start(total, 0, fields);
  return bar;
}

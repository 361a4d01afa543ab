/** A bar on stderr that says how far a run is and what it works on. */
import { SingleBar } from "cli-progress";

export interface Progress {
  readonly advance: (name: string) => void;
  readonly stop: () => void;
}

export function progress(total: number): Progress {
  const bar = new SingleBar({
    format: "{bar} {percentage} %, {duration_formatted}, {name}",
    barsize: 20,
    stream: process.stderr,
    noTTYOutput: true,
    notTTYSchedule: 20_000,
    clearOnComplete: true,
  });
  bar.start(total, 0, { name: "" });
  return { advance: (name) => bar.increment(1, { name }), stop: () => bar.stop() };
}

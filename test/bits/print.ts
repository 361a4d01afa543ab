/** Run by every version of Node: its checksums as JSON. */
import { checksum, families } from "./checksums.js";

console.log(JSON.stringify(Object.fromEntries(Object.entries(families).map(([name, run]) => [name, checksum(run)]))));

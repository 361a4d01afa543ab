/** Run by every version of Node: its checksums as JSON. */
import { checksum, programs } from "./checksums.js";

const checksums: Record<string, string> = {};
for (const [name, program] of Object.entries(programs)) checksums[name] = await checksum(program);
console.log(JSON.stringify(checksums));

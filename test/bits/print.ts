/** Run by every version of Node: its checksums as JSON. */
import { checksum, families } from "./checksums.js";

const checksums: Record<string, string> = {};
for (const [name, family] of Object.entries(families)) checksums[name] = await checksum(family);
console.log(JSON.stringify(checksums));

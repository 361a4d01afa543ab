/** Training steps of LeNet-5, and this process's memory at some of them. */
import { lenetSteps } from "../lib/networks.js";

const at = process.argv.slice(2).map(Number);
const { step } = lenetSteps(64).start();
const resident: number[] = [];
for (let i = 1; i <= Math.max(...at); i++) {
  step();
  if (at.includes(i)) resident.push(process.memoryUsage().rss);
}
console.log(JSON.stringify(resident));

export { writeFileAtomic } from "./node/write-file.js";

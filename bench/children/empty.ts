/** What a process of Node takes that runs nothing, in bytes. */
console.log(JSON.stringify(1024 * process.resourceUsage().maxRSS));

// Loaded into a measured program with --require: writes its CPU time and peak memory to BENCH_USAGE/<pid>.json when it ends.
process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const seconds = (userCPUTime + systemCPUTime) / 1e6;
  require('node:fs').writeFileSync(`${process.env.BENCH_USAGE}/${process.pid}.json`, JSON.stringify({ cpuSeconds: seconds, peakMb: maxRSS / 1e3 }));
});

/** What is the same in every run of a campaign. */
export function withoutTime(json: string): unknown {
  const { time, ...rest } = JSON.parse(json);
  const { casesInEmulator, stepsInEmulator, wall, ...counts } = time;
  return { ...rest, counts };
}

/** Where standard error is no terminal, a line comes every ten seconds. */
export function withoutProgress(stderr: string): string {
  return stderr.replace(/^\d[\d,]* of \d[\d,]* units?, .*\n/gm, "");
}

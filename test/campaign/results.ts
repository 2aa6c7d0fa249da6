/** What is the same in every run of a campaign. */
export function withoutTime(json: string): unknown {
  const { time, ...rest } = JSON.parse(json);
  const { casesInQemu, stepsInQemu, wall, ...counts } = time;
  return { ...rest, counts };
}

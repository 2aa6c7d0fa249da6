/** The manifests are what Kubernetes reads, and the commands in them, run here for each index, are a campaign. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { Job } from "kubernetes-models/batch/v1";
import { ConfigMap, PersistentVolumeClaim } from "kubernetes-models/v1";
import { beforeAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { builtTool, folder, run, tiny, write } from "../cli/tool.js";
import { withoutProgress, withoutTime } from "./results.js";

const documents = parseAllDocuments(readFileSync("campaign/kubernetes.yaml", "utf8"));
const objects = documents.map((document) => document.toJS());
const [settings, , verify, merge] = objects;
const minute = 60_000;

let tool: string;
beforeAll(async () => {
  tool = await builtTool();
});

test("each document is of its kind's schema", () => {
  expect(documents.flatMap((d) => [...d.errors, ...d.warnings])).toEqual([]);
  expect(objects.map((o) => o.kind)).toEqual(["ConfigMap", "PersistentVolumeClaim", "Job", "Job"]);
  new ConfigMap(settings).validate();
  new PersistentVolumeClaim(objects[1]).validate();
  new Job(verify).validate();
  new Job(merge).validate();
  // What the schema cannot know.
  const { completionMode, completions, template } = verify.spec;
  expect({ completionMode, completions }).toEqual({ completionMode: "Indexed", completions: Number(settings.data.SHARDS) });
  for (const job of [verify, merge]) {
    const { containers, restartPolicy, volumes } = job.spec.template.spec;
    expect(restartPolicy).toBe("Never");
    for (const { envFrom, volumeMounts } of containers) {
      expect(envFrom).toEqual([{ configMapRef: { name: settings.metadata.name } }]);
      for (const { name } of volumeMounts) expect(volumes.map((v: { name: string }) => v.name)).toContain(name);
    }
  }
  expect(template.spec.volumes).toContainEqual({ name: "results", persistentVolumeClaim: { claimName: objects[1].metadata.name } });
  expect(verify.spec.podFailurePolicy.rules[0].onExitCodes.containerName).toBe(template.spec.containers[0].name);
});

test("the commands of all indices, and then the merge, are the campaign in one", { timeout: 20 * minute }, () => {
  const root = folder();
  write(root, { "spec/mine.exitdsl": tiny });
  for (const name of ["results", "bin"]) mkdirSync(join(root, name));
  symlinkSync(tool, join(root, "bin", "exitdsl"));
  const shards = 3;
  const data = { ...settings.data, SHARDS: String(shards), SEED: "7", CASES: "400", WAIT: "0" };
  const container = (job: typeof verify, more: Readonly<Record<string, string>>) => {
    const { args, command } = job.spec.template.spec.containers[0];
    // The volumes are mounted at the root of the container.
    const [program = "", ...rest] = [...command, ...args].map((word: string) => word.replace(/\/(spec|results)\b/g, `${root}/$1`));
    const env = { ...process.env, ...data, ...more, PATH: `${join(root, "bin")}:${process.env.PATH}` };
    return spawnSync(program, rest, { cwd: root, env, encoding: "utf8" });
  };
  for (let index = 0; index < shards; index++) {
    const { status, stderr } = container(verify, { JOB_COMPLETION_INDEX: String(index) });
    expect({ status, stderr: withoutProgress(stderr) }).toEqual({ status: 0, stderr: "" });
  }
  expect(container(merge, {}).stdout).toContain("The machine and the simulator agree.\n");
  const { CASES, KERNELS, SEED } = data;
  const options = ["--seed", SEED, "--cases", CASES, "--kernels", KERNELS, "--format", "json"];
  const alone = run(tool, ["verify", join(root, "spec", "mine.exitdsl"), ...options]);
  expect(withoutTime(readFileSync(join(root, "results", "merged.json"), "utf8"))).toEqual(withoutTime(alone.stdout));
});

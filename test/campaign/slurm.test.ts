/** The real job script on a Slurm of one node, which the test starts and stops: a campaign in three tasks is the campaign in one. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { cpus, hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtTool, run, tiny, write } from "../cli/tool.js";
import { withoutTime } from "./results.js";

const script = join(process.cwd(), "campaign/slurm.sbatch");
const minute = 60_000;

let folder: string;
let tool: string;
let env: NodeJS.ProcessEnv;
const daemons: ChildProcess[] = [];

beforeAll(async () => {
  tool = await builtTool();
  folder = mkdtempSync(join(tmpdir(), "exitdsl-slurm-"));
  const [controller, node] = await Promise.all([freePort(), freePort()]);
  writeFileSync(join(folder, "munge.key"), randomBytes(128), { mode: 0o400 });
  writeFileSync(join(folder, "slurm.conf"), configuration(controller, node));
  for (const name of ["state", "spool"]) mkdirSync(join(folder, name));
  env = { ...process.env, SLURM_CONF: join(folder, "slurm.conf") };
  const file = (name: string) => join(folder, name);
  const munge = ["key-file=munge.key", "socket=munge.socket", "pid-file=munged.pid", "log-file=munged.log", "seed-file=munged.seed"];
  // Its checks of who owns the folders above its own are for a daemon of the system.
  daemon("munged", ["--foreground", "--force", ...munge.map((option) => `--${option.replace("=", `=${folder}/`)}`)]);
  await until("munged has its socket", () => existsSync(file("munge.socket")));
  daemon("slurmctld", ["-D", "-f", file("slurm.conf")]);
  daemon("slurmd", ["-D", "-f", file("slurm.conf")]);
  await until("the node is idle", () => slurm("sinfo", "--noheader", "--format=%t").stdout.trim() === "idle");
}, 20 * minute);

afterAll(async () => {
  // The last to be started is the first to go.
  for (const child of daemons.reverse()) {
    if (child.exitCode !== null) continue;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await gone;
  }
  rmSync(folder, { recursive: true, force: true });
});

function configuration(controller: number, node: number): string {
  const name = hostname().split(".")[0];
  const { username } = userInfo();
  return `ClusterName=proof
SlurmctldHost=${name}(127.0.0.1)
SlurmUser=${username}
SlurmdUser=${username}
SlurmctldPort=${controller}
SlurmdPort=${node}
AuthType=auth/munge
AuthInfo=socket=${folder}/munge.socket
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MailProg=/bin/true
ReturnToService=2
NodeName=${name} NodeAddr=127.0.0.1 CPUs=${cpus().length} RealMemory=4000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (address && typeof address === "object" ? resolve(address.port) : reject(new Error("no port"))));
    });
  });
}

/** Debian has daemons where only root's PATH looks. */
function daemon(name: string, args: readonly string[]): void {
  const path = [`/usr/sbin/${name}`, `/usr/bin/${name}`].find(existsSync);
  if (!path) throw new Error(`${name} is not installed: apt-get install slurm-wlm munge`);
  daemons.push(spawn(path, args, { env, stdio: "ignore" }));
}

function slurm(command: string, ...args: string[]) {
  return spawnSync(command, args, { env, encoding: "utf8" });
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 5 * minute; !holds(); await sleep(100)) {
    if (Date.now() < end) continue;
    const logs = ["munged.log", "slurmctld.log", "slurmd.log"].map((name) => join(folder, name)).filter(existsSync);
    throw new Error([`it never comes that ${what}`, ...logs.map((log) => readFileSync(log, "utf8"))].join("\n"));
  }
}

test("an array of three tasks, and the merge behind it, see what one run sees", { timeout: 20 * minute }, async () => {
  write(folder, { "tiny.exitdsl": tiny });
  const options = ["tiny.exitdsl", "--seed", "7", "--cases", "400"];
  const results = join(folder, "results");
  const submitted = spawnSync(script, ["3", ...options], {
    cwd: folder,
    env: { ...env, EXITDSL: tool, EXITDSL_RESULTS: results },
    encoding: "utf8",
  });
  expect(submitted.stderr).toBe("");
  expect(submitted.stdout).toMatch(/^tasks \d+, merge \d+; the report will be \S+\/report\.txt$/m);
  const alone = run(tool, ["verify", ...options, "--format", "json"], { cwd: folder });
  expect(alone.status).toBe(0);
  await until("the queue is empty", () => slurm("squeue", "--noheader").stdout.trim() === "");
  const [, tasks, merge] = /tasks (\d+), merge (\d+)/.exec(submitted.stdout) ?? [];
  expect(slurm("scontrol", "show", "job", `${tasks}`).stdout.match(/JobState=\w+/g)).toEqual(Array(3).fill("JobState=COMPLETED"));
  expect(slurm("scontrol", "show", "job", `${merge}`).stdout).toContain("JobState=COMPLETED");
  expect(withoutTime(readFileSync(join(results, "merged.json"), "utf8"))).toEqual(withoutTime(alone.stdout));
  expect(readFileSync(join(results, "report.txt"), "utf8")).toContain("The machine and the simulator agree.\n");
});

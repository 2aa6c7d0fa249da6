/** `npm start`: sets up, bundles the tool, compiles all examples into out/, and says what was done. */
import { run, setUp } from "./setup.mjs";

setUp();
run(process.execPath, ["tools/build.mjs"]);
run(process.execPath, ["dist/exitdsl.cjs", "build", "examples", "--out", "out", "--summary"]);
console.log("Next: node dist/exitdsl.cjs --help");

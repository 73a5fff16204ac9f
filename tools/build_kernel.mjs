/**
 * Assembles the page's kernel: engine/kernel.wat to engine/kernel_binary.js, a hex dump.
 *
 *     npm run kernel              writes it
 *     npm run kernel -- --print   prints it, for the test that compares
 */

import { readFileSync, writeFileSync } from "node:fs";
import wabtModule from "wabt";

const folder = new URL("../src/riverrun/page/engine/", import.meta.url);
const wabt = await wabtModule();
const module = wabt.parseWat("kernel.wat", readFileSync(new URL("kernel.wat", folder), "utf8"), {
  simd: true,
});
module.resolveNames();
module.validate();
const { buffer } = module.toBinary({ write_debug_names: false });
const pairs = Array.from(buffer, (byte) => byte.toString(16).padStart(2, "0"));
const lines = [];
for (let at = 0; at < pairs.length; at += 32) lines.push(pairs.slice(at, at + 32).join(" "));
const text = `/** kernel.wat, assembled: \`npm run kernel\` writes this file. ${buffer.length} bytes in hexadecimal. */

export const KERNEL = \`
${lines.join("\n")}
\`;
`;
if (process.argv.includes("--print")) process.stdout.write(text);
else writeFileSync(new URL("kernel_binary.js", folder), text);

// Unpacks each Chromium of package.json into unpacked/NAME/chromium, once.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const { dependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

for (const name of Object.keys(dependencies)) {
  const folder = join(here, "unpacked", name);
  const program = join(folder, "chromium");
  if (existsSync(program)) continue;
  mkdirSync(folder, { recursive: true });
  const packed = readFileSync(join(here, "node_modules", name, "bin", "chromium.br"));
  writeFileSync(`${program}.part`, brotliDecompressSync(packed), { mode: 0o755 });
  renameSync(`${program}.part`, program);
}

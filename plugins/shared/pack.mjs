// npm leaves symbolic links out of what it packs. `prepack` puts files in their place, and the licence beside
// them; `postpack` puts everything back. What was there is kept in `.packing.json`, so that a run that was cut
// off is undone by the next one. Bundles hold files already, and no scripts.
//
//     node ../shared/pack.mjs prepack|postpack      in the folder of a plugin

import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { fileURLToPath } from "node:url"

const KEPT = ".packing.json"
const LICENCE = fileURLToPath(new URL("../../LICENSE", import.meta.url))

function replace() {
  restore()
  const links = readdirSync(".", { withFileTypes: true }).filter((entry) => entry.isSymbolicLink())
  const kept = { links: Object.fromEntries(links.map(({ name }) => [name, readlinkSync(name)])), added: ["LICENSE"] }
  writeFileSync(KEPT, JSON.stringify(kept))
  for (const [name, target] of Object.entries(kept.links)) {
    rmSync(name)
    cpSync(target, name, { recursive: true, dereference: true })
  }
  cpSync(LICENCE, "LICENSE")
}

function restore() {
  if (!existsSync(KEPT)) return
  const { links, added } = JSON.parse(readFileSync(KEPT, "utf8"))
  for (const name of [...added, ...Object.keys(links)]) rmSync(name, { recursive: true, force: true })
  for (const [name, target] of Object.entries(links)) symlinkSync(target, name)
  rmSync(KEPT)
}

if (process.argv[2] === "prepack") replace()
else restore()

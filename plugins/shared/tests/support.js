/** A fake program of mnemos for tests, and helpers to wait for it. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const FAKE = fileURLToPath(new URL("./fake-mnemos.js", import.meta.url))
/** Far longer than anything takes here; only a fault reaches this limit. */
const WAIT_MS = 20_000

/** Return a program whose hooks print `answer`; its `calls()` returns the calls so far, oldest first. */
export function makeProgram(t, { answer = "", mode = "", command = FAKE } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "mnemos-js-"))
  t.after(() => rmSync(folder, { recursive: true }))
  const log = join(folder, "log.jsonl")
  const calls = () => readLines(log).map((line) => JSON.parse(line))
  return { command, env: { FAKE_ANSWER: answer, FAKE_MODE: mode, FAKE_LOG: log }, calls }
}

/** Wait until a condition is true; fail if it isn't in time. */
export async function waitUntil(condition) {
  const end = Date.now() + WAIT_MS
  while (!condition()) {
    if (Date.now() > end) throw new Error("it didn't happen in time")
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Return whether a process still runs. */
export function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Return only complete lines, since another process is writing them. */
function readLines(path) {
  try {
    return readFileSync(path, "utf8").split("\n").slice(0, -1)
  } catch {
    return []
  }
}

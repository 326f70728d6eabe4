/** A program of mnemos for tests, and what it was asked. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const FAKE = fileURLToPath(new URL("./fake-mnemos.js", import.meta.url))
/** Far more than anything takes here; only a fault gets that far. */
const WAIT_MS = 20_000

/** A program whose hooks answer with `answer`; `calls()` gives what it was asked, oldest first. */
export function makeProgram(t, { answer = "", mode = "", command = FAKE } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "mnemos-js-"))
  t.after(() => rmSync(folder, { recursive: true }))
  const log = join(folder, "log.jsonl")
  const calls = () => readLines(log).map((line) => JSON.parse(line))
  return { command, env: { FAKE_ANSWER: answer, FAKE_MODE: mode, FAKE_LOG: log }, calls }
}

/** Wait until a condition holds; fail when it doesn't in time. */
export async function waitUntil(condition) {
  const end = Date.now() + WAIT_MS
  while (!condition()) {
    if (Date.now() > end) throw new Error("it didn't happen in time")
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Whether a process still runs. */
export function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Lines that are complete: another process is writing them. */
function readLines(path) {
  try {
    return readFileSync(path, "utf8").split("\n").slice(0, -1)
  } catch {
    return []
  }
}

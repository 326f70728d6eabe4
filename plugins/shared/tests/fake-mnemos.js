#!/usr/bin/env node
/** A fake `mnemos`: logs how it was called, and responds according to FAKE_ANSWER and FAKE_MODE. */

import { appendFileSync, readFileSync } from "node:fs"
import { createInterface } from "node:readline"

const { FAKE_ANSWER, FAKE_LOG, FAKE_MODE } = process.env
const [kind, ...rest] = process.argv.slice(2)

if (kind === "hook") runHook()
else serveTools()

function runHook() {
  log({ hook: rest, data: JSON.parse(readFileSync(0, "utf8") || "null") })
  if (FAKE_MODE === "hang") setInterval(() => {}, 60_000)
  else if (FAKE_MODE === "slow") setTimeout(() => log({ ended: rest[0] }), 300)
  else process.stdout.write(FAKE_ANSWER ?? "")
}

function serveTools() {
  log({ started: process.pid })
  const lines = createInterface({ input: process.stdin })
  lines.on("line", (line) => answer(JSON.parse(line)))
  lines.on("close", () => process.exit(0))
}

function answer({ id, method, params }) {
  if (method === "initialize") return send(id, { protocolVersion: params.protocolVersion })
  if (method !== "tools/call") return
  log({ tool: params.name, arguments: params.arguments })
  if (params.name === "die") process.exit(1)
  if (params.name === "silent") return
  const text = JSON.stringify({ ok: params.name !== "refused", said: params.arguments })
  send(id, { content: [{ type: "text", text }], isError: params.name === "refused" })
}

function send(id, result) {
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, result })}\n`)
}

function log(entry) {
  const variables = Object.entries(process.env).filter(([name]) => name.startsWith("MNEMOS_"))
  if (FAKE_LOG) appendFileSync(FAKE_LOG, `${JSON.stringify({ ...entry, env: Object.fromEntries(variables) })}\n`)
}

/**
 * Runs the hooks and tools of mnemos for every plugin in JavaScript, each in its own process.
 *
 * No packages, Node 20 or Bun. Nothing here throws into the host or keeps it from exiting.
 */

import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"

/** Longer than any hook runs; only a frozen machine reaches this limit. */
const HOOK_MS = 12_000
/** Longer than the client itself waits for a server. */
const CALL_MS = 60_000
const PROTOCOL_VERSION = "2025-11-25"
const CLOSED = "the plugin was closed"
const MISSING = (command) =>
  `The program ${command} can't be started. Install mnemos-client, or run mnemos doctor to find the problem.`

/** Return the five tools as the client publishes them: `[{name, description, input_schema}]`. */
export function readTools() {
  return JSON.parse(readFileSync(new URL("./tools.json", import.meta.url), "utf8"))
}

/**
 * Return how to start mnemos, from the user's settings of the plugin.
 *
 * @param {{command?: string, url?: string, apiKey?: string, agentId?: string} | undefined} options
 * @returns {{command: string, env: Record<string, string>}}
 */
export function readOptions(options) {
  const given = options ?? {}
  const env = {}
  if (given.url) env.MNEMOS_PLUGIN_API_URL = String(given.url)
  if (given.apiKey) env.MNEMOS_PLUGIN_API_KEY = String(given.apiKey)
  if (given.agentId) env.MNEMOS_AGENT_ID = String(given.agentId)
  return { command: String(given.command || "mnemos"), env }
}

/**
 * Run one hook: it reads the event as JSON and returns what the host should do. Never rejects.
 *
 * @returns {Promise<object | null>} null if there is nothing to do, the program is missing, or time is up.
 */
export function runHook({ command, env }, harness, event, data, timeoutMs = HOOK_MS) {
  return new Promise((resolve) => {
    let output = ""
    let input
    let child
    try {
      input = JSON.stringify(data) ?? ""
      // Its own process group: whatever ends the host's group must not interrupt a capture.
      child = spawn(command, ["hook", event, "--harness", harness], {
        env: { ...process.env, ...env },
        stdio: ["pipe", "pipe", "ignore"],
        detached: true,
      })
    } catch {
      return resolve(null)
    }
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs)
    const finish = (response) => {
      clearTimeout(timer)
      resolve(response)
    }
    child.on("error", () => finish(null))
    child.on("close", () => finish(parse(output)))
    child.stdout.setEncoding("utf8")
    child.stdout.on("data", (text) => (output += text))
    child.stdin.on("error", () => {}) // the hook may exit before it has read everything
    child.stdin.end(input)
  })
}

/** Runs tools through one `mnemos mcp`, which starts with the first call and ends with the host. */
export class ToolServer {
  /** @param {{command: string, env: Record<string, string>}} program @param {string} clientName */
  constructor({ command, env }, clientName) {
    this.command = command
    this.env = env
    this.clientName = clientName
    this.child = null
    this.pending = new Map()
    this.lastId = 0
    this.isClosed = false
  }

  /**
   * Call a tool. Never rejects: an error becomes a result that the model can read.
   *
   * @returns {Promise<{text: string, isError: boolean}>} `text` is JSON.
   */
  async call(name, args, signal) {
    try {
      if (this.isClosed) throw fail(CLOSED, "client_failed")
      const child = this.child ?? this.start()
      await child.ready
      const result = await this.request(child, "tools/call", { name, arguments: args ?? {} }, signal)
      return { text: result.content.map((part) => part.text ?? "").join("\n"), isError: result.isError === true }
    } catch (error) {
      return {
        text: JSON.stringify({ ok: false, error: error.message, code: error.code ?? "client_failed" }),
        isError: true,
      }
    }
  }

  /** End the process, if there is one, and don't start another. */
  close() {
    this.isClosed = true
    this.child?.process.stdin.end()
    this.child?.process.kill("SIGTERM")
    this.forget(this.child, fail(CLOSED, "client_failed"))
  }

  start() {
    const started = spawn(this.command, ["mcp"], {
      env: { ...process.env, ...this.env },
      stdio: ["pipe", "pipe", "ignore"],
    })
    const child = { process: started, ready: null }
    this.child = child
    started.on("error", () => this.forget(child, fail(MISSING(this.command), "client_missing")))
    started.on("exit", () => this.forget(child, fail("mnemos mcp ended before it responded", "client_failed")))
    started.stdin.on("error", () => {})
    this.readLines(child)
    setHold(child, false)
    child.ready = this.greet(child)
    child.ready.catch(() => {})
    return child
  }

  async greet(child) {
    const clientInfo = { name: this.clientName, version: "1" }
    await this.request(child, "initialize", { protocolVersion: PROTOCOL_VERSION, capabilities: {}, clientInfo })
    this.send(child, { method: "notifications/initialized" })
  }

  request(child, method, params, signal) {
    if (this.child !== child) return Promise.reject(fail("mnemos mcp has ended", "client_failed"))
    if (signal?.aborted) return Promise.reject(fail("the call was cancelled", "cancelled"))
    const id = ++this.lastId
    return new Promise((resolve, reject) => {
      const settle = (act, value) => {
        clearTimeout(timer)
        signal?.removeEventListener("abort", abort)
        this.pending.delete(id)
        if (this.pending.size === 0) setHold(child, false)
        act(value)
      }
      const abort = () => settle(reject, fail("the call was cancelled", "cancelled"))
      const timer = setTimeout(
        () => settle(reject, fail("mnemos mcp didn't respond in time", "client_failed")),
        CALL_MS,
      )
      this.pending.set(id, {
        child,
        resolve: (value) => settle(resolve, value),
        reject: (error) => settle(reject, error),
      })
      signal?.addEventListener("abort", abort)
      setHold(child, true)
      this.send(child, { id, method, params })
    })
  }

  send(child, message) {
    child.process.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
  }

  readLines(child) {
    let rest = ""
    child.process.stdout.setEncoding("utf8")
    child.process.stdout.on("data", (text) => {
      const lines = (rest + text).split("\n")
      rest = lines.pop()
      for (const line of lines) this.receive(parse(line))
    })
  }

  receive(message) {
    const waiting = this.pending.get(message?.id)
    if (!waiting) return
    if (message.error) waiting.reject(fail(message.error.message, "client_failed"))
    else waiting.resolve(message.result)
  }

  forget(child, error) {
    if (child && this.child === child) this.child = null
    for (const waiting of [...this.pending.values()]) if (waiting.child === child) waiting.reject(error)
  }
}

/** Keep the host alive while a call waits for its result; otherwise the process doesn't keep it alive. */
function setHold(child, isHeld) {
  const act = isHeld ? "ref" : "unref"
  for (const part of [child.process, child.process.stdin, child.process.stdout]) part?.[act]?.()
}

function fail(sentence, code) {
  return Object.assign(new Error(sentence), { code })
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

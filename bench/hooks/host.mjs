/**
 * Simulate a host whose plugins are JavaScript, for one round: pass a prompt to the plugin's own hook, as the host
 * does, and print how long that delayed the prompt. Like bench/hooks/host.py, with the plugin around `mnemos hook`.
 *
 *     node bench/hooks/host.mjs opencode|openclaw < runs.json > results.json
 */

import { readFileSync } from "node:fs"

/** Per host: returns a call of the plugin's hook for the program and the input that the plugin would send. */
const HOSTS = { opencode: openOpenCode, openclaw: openOpenClaw }

async function openOpenCode({ default: plugin }, program, { sessionID, directory, messageID, text }) {
  const client = { session: { get: async () => ({ data: { id: sessionID } }) }, app: { agents: async () => ({}) } }
  const hooks = await plugin({ client, directory }, { command: program })
  const parts = [{ id: "prt_1", type: "text", text }]
  return async () => {
    await hooks["chat.message"]({ sessionID }, { message: { id: messageID }, parts })
    return parts[1]?.text
  }
}

async function openOpenClaw({ default: plugin }, program, { event, ctx }) {
  const handlers = {}
  const on = (name, handler) => (handlers[name] = handler)
  plugin.register({ on, registerTool() {}, pluginConfig: { command: program } })
  return async () => (await handlers.before_prompt_build(event, ctx))?.appendContext
}

/** Run a `{command, environment, input}` in its environment; return `{elapsed_ms, cpu_ms, code, output, error_output}`. */
async function run(open, module, { command, environment, input }) {
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, environment)
  const runHook = await open(module, command[0], JSON.parse(input))
  const started = performance.now()
  const [output, errorOutput] = await runHook().then(
    (text) => [text ?? "", ""],
    (error) => ["", String(error)],
  )
  return { elapsed_ms: performance.now() - started, cpu_ms: null, code: 0, output, error_output: errorOutput }
}

const harness = process.argv[2]
const open = HOSTS[harness]
const module = await import(new URL(`../../plugins/${harness}/index.js`, import.meta.url))
const runs = JSON.parse(readFileSync(0, "utf8"))
await run(open, module, { ...runs[0], command: ["true"] }) // a host has started processes before
const results = []
for (const one of runs) results.push(await run(open, module, one))
process.stdout.write(JSON.stringify(results))

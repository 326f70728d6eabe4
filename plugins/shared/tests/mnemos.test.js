import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { test } from "node:test"

import { readOptions, readTools, runHook, ToolServer } from "../mnemos.js"
import { FAKE, isAlive, makeProgram, waitUntil } from "./support.js"

function openServer(t, program) {
  const server = new ToolServer(program, "tester")
  t.after(() => server.close())
  return server
}

test("options become variables, and the program is mnemos unless one is named", () => {
  const { command, env } = readOptions({ url: "u", apiKey: "k", agentId: "a" })

  assert.equal(command, "mnemos")
  assert.deepEqual(env, { MNEMOS_PLUGIN_API_URL: "u", MNEMOS_PLUGIN_API_KEY: "k", MNEMOS_AGENT_ID: "a" })
  assert.deepEqual(readOptions(undefined), { command: "mnemos", env: {} })
})

test("there are five tools, each with a schema", () => {
  const names = readTools().map((tool) => tool.name)
  assert.deepEqual(names.sort(), ["memory_delete", "memory_get", "memory_search", "memory_store", "memory_update"])
  for (const tool of readTools()) assert.equal(tool.input_schema.type, "object")
})

test("a hook is given the event and gives its answer", async (t) => {
  const program = makeProgram(t, { answer: '{"prompt":"known"}' })

  const answer = await runHook(program, "tester", "begin", { text: "Grüße" })

  assert.deepEqual(answer, { prompt: "known" })
  assert.deepEqual(program.calls()[0].hook, ["begin", "--harness", "tester"])
  assert.deepEqual(program.calls()[0].data, { text: "Grüße" })
})

test("a hook that says nothing, says nonsense, hangs or isn't there gives null", async (t) => {
  assert.equal(await runHook(makeProgram(t), "tester", "begin", {}), null)
  assert.equal(await runHook(makeProgram(t, { answer: "<html>" }), "tester", "begin", {}), null)
  assert.equal(await runHook(makeProgram(t, { mode: "hang" }), "tester", "begin", {}, 500), null)
  assert.equal(await runHook(makeProgram(t, { command: "/no/mnemos" }), "tester", "begin", {}), null)
})

test("a hook takes what its event holds, whatever that is", async (t) => {
  const loop = {}
  loop.self = loop

  assert.equal(await runHook(makeProgram(t), "tester", "begin", loop), null)
  assert.equal(await runHook(makeProgram(t), "tester", "begin", undefined), null)
  assert.equal(await runHook(makeProgram(t, { command: "/bin/true" }), "tester", "begin", "x".repeat(5e6)), null)
})

test("a tool is called, and one process answers all calls, each with its own answer", async (t) => {
  const program = makeProgram(t)
  const server = openServer(t, program)

  const answers = await Promise.all([1, 2, 3].map((number) => server.call("memory_get", { number })))

  assert.deepEqual(
    answers.map(({ text }) => JSON.parse(text).said.number),
    [1, 2, 3],
  )
  assert.equal(program.calls().filter((call) => call.started).length, 1)
})

test("what a tool refuses is an answer that is marked", async (t) => {
  const answer = await openServer(t, makeProgram(t)).call("refused", {})

  assert.equal(answer.isError, true)
  assert.equal(JSON.parse(answer.text).ok, false)
})

test("without the program the answer says what to do, every time", async (t) => {
  const server = openServer(t, makeProgram(t, { command: "/no/mnemos" }))

  for (let attempt = 0; attempt < 2; attempt++) {
    const { text, isError } = await server.call("memory_get", {})
    assert.equal(isError, true)
    assert.equal(JSON.parse(text).code, "client_missing")
    assert.match(JSON.parse(text).error, /mnemos doctor/)
  }
})

test("a process that dies fails its call, and the next call has a new one", async (t) => {
  const program = makeProgram(t)
  const server = openServer(t, program)

  assert.equal((await server.call("die", {})).isError, true)
  assert.equal((await server.call("memory_get", {})).isError, false)
  assert.equal(program.calls().filter((call) => call.started).length, 2)
})

test("a call that is cancelled is answered at once, also one that was before it began", async (t) => {
  const program = makeProgram(t)
  const server = openServer(t, program)
  const stop = new AbortController()
  const waiting = server.call("silent", {}, stop.signal)
  await waitUntil(() => program.calls().some((call) => call.tool === "silent"))

  stop.abort()

  assert.equal(JSON.parse((await waiting).text).code, "cancelled")
  assert.equal(JSON.parse((await server.call("silent", {}, stop.signal)).text).code, "cancelled")
})

test("closing ends the process and what waits for it, and no call starts another", async (t) => {
  const program = makeProgram(t)
  const server = openServer(t, program)
  const waiting = server.call("silent", {})
  await waitUntil(() => program.calls().some((call) => call.tool === "silent"))

  server.close()

  assert.equal((await waiting).isError, true)
  assert.equal((await server.call("memory_get", {})).isError, true)
  const [started, ...others] = program.calls().filter((call) => call.started)
  assert.deepEqual(others, [])
  await waitUntil(() => !isAlive(started.started))
})

test("a host that has called a tool ends by itself, and the process with it", async (t) => {
  const program = makeProgram(t)
  const module = new URL("../mnemos.js", import.meta.url).href
  const script = `
    import { ToolServer } from ${JSON.stringify(module)}
    const server = new ToolServer(${JSON.stringify({ command: FAKE, env: program.env })}, "tester")
    process.stdout.write((await server.call("memory_get", {})).text)`
  const host = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] })
  const code = await new Promise((resolve) => host.on("exit", resolve))

  assert.equal(code, 0)
  const { started } = program.calls().find((call) => call.started)
  await waitUntil(() => !isAlive(started))
})

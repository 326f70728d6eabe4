import assert from "node:assert/strict"
import { test } from "node:test"

import plugin from "../index.js"
import { readTools } from "../mnemos.js"
import { endTools } from "../tools.js"
import { isAlive, makeProgram, waitUntil } from "../../shared/tests/support.js"

const SET_UP = { mnemos: { hooks: { allowConversationAccess: true } }, "memory-core": { enabled: false } }
const CONTEXT = { runId: "r1", sessionId: "s1", sessionKey: "agent:main:s1", trace: { big: 10n } }

/** Register the plugin as OpenClaw does; return what it registered and what it logged. */
function register(t, program, { config = {}, entries = SET_UP } = {}) {
  Object.assign(process.env, program.env)
  const tools = {}
  const handlers = {}
  const warnings = []
  const api = {
    config: { plugins: { entries } },
    pluginConfig: { command: program.command, url: "u", apiKey: "k", ...config },
    logger: { warn: (text) => warnings.push(text) },
    on: (name, handler) => (handlers[name] = handler),
    registerTool: (tool) => (tools[tool.name] = tool),
    registerMemoryCapability: (capability) => (api.capability = capability),
  }
  assert.equal(plugin.register(api), undefined)
  t.after(endTools)
  return { tools, handlers, warnings, capability: api.capability }
}

test("the five tools have the contract's words and schemas", (t) => {
  const { tools } = register(t, makeProgram(t))

  assert.deepEqual(
    Object.values(tools).map(({ name, description, parameters }) => ({ name, description, input_schema: parameters })),
    readTools(),
  )
})

test("all registrations of a process share one mnemos, which new settings replace", async (t) => {
  const program = makeProgram(t)
  const call = ({ tools }) => tools.memory_search.execute("id", { q: "x" })

  const answer = await call(register(t, program))
  await call(register(t, program))
  await call(register(t, program, { config: { agentId: "other" } }))

  assert.deepEqual(JSON.parse(answer.content[0].text), { ok: true, said: { q: "x" } })
  const started = program.calls().filter((entry) => entry.started)
  assert.deepEqual(
    started.map((entry) => entry.env.MNEMOS_AGENT_ID),
    [undefined, "other"],
  )
  await waitUntil(() => !isAlive(started[0].started))
})

test("a gateway that stops takes mnemos with it", async (t) => {
  const program = makeProgram(t)
  const { tools, handlers } = register(t, program)
  await tools.memory_search.execute("id", { q: "x" })

  handlers.gateway_stop({}, {})

  await waitUntil(() => !isAlive(program.calls()[0].started))
})

test("a prompt is handed on without the conversation, and the answer is the hook's", async (t) => {
  const program = makeProgram(t, { answer: '{"appendSystemContext":"S","appendContext":"P"}' })
  const { handlers } = register(t, program)

  const answer = await handlers.before_prompt_build({ prompt: "hello", messages: [{ role: "user" }] }, CONTEXT)

  assert.deepEqual(answer, { appendSystemContext: "S", appendContext: "P" })
  const [call] = program.calls()
  assert.deepEqual(call.hook, ["before_prompt_build", "--harness", "openclaw"])
  assert.deepEqual(call.data, {
    event: { prompt: "hello" },
    ctx: { runId: "r1", sessionId: "s1", sessionKey: "agent:main:s1" },
  })
})

test("of a conversation only texts of user and model are handed on", async (t) => {
  const program = makeProgram(t)
  const { handlers } = register(t, program)
  const picture = { type: "image", data: "x".repeat(1000) }
  const messages = [
    { role: "user", content: [picture, { type: "text", text: "look" }], timestamp: 1, __openclaw: { id: 7n } },
    { role: "assistant", content: [{ type: "toolCall", name: "exec" }], timestamp: 2, usage: {} },
    { role: "toolResult", content: [{ type: "text", text: "secret" }] },
    { role: "user", content: "and now", timestamp: 3 },
  ]

  for (const name of ["agent_end", "before_reset"]) {
    assert.equal(await handlers[name]({ messages }, CONTEXT), undefined)
  }

  for (const call of program.calls()) {
    assert.deepEqual(call.data.event.messages, [
      { role: "user", timestamp: 1, content: [{ type: "text", text: "look" }] },
      { role: "assistant", timestamp: 2, content: [] },
      { role: "user", timestamp: 3, content: "and now" },
    ])
  }
})

test("no hook throws, whatever OpenClaw sends and whatever mnemos answers", async (t) => {
  for (const program of [makeProgram(t, { answer: "no json" }), makeProgram(t, { command: "/no/such/mnemos" })]) {
    const { handlers } = register(t, program)
    for (const [name, handler] of Object.entries(handlers)) {
      for (const args of [
        [],
        [null, null],
        [{ messages: "?" }, {}],
        [{ messages: [null, 3] }, {}],
        [{ prompt: 10n }, {}],
      ]) {
        assert.equal(await handler(...args), undefined, name)
      }
    }
  }
})

test("the user is told once what has to be set up", (t) => {
  delete globalThis[Symbol.for("mnemos.openclaw.advised")]

  const first = register(t, makeProgram(t), { entries: {} })
  const second = register(t, makeProgram(t), { entries: {} })

  assert.equal(first.warnings.length, 2)
  assert.match(first.warnings[0], /openclaw config set plugins\.entries\.mnemos\.hooks\.allowConversationAccess true$/)
  assert.match(first.warnings[1], /openclaw plugins disable memory-core$/)
  assert.deepEqual(second.warnings, [])
})

test("a user who has set everything up is told nothing", (t) => {
  delete globalThis[Symbol.for("mnemos.openclaw.advised")]

  assert.deepEqual(register(t, makeProgram(t)).warnings, [])
})

test("the system text speaks of the tools where there are any, always in the same words", (t) => {
  const { capability } = register(t, makeProgram(t))

  const text = capability.promptBuilder({ availableTools: new Set(["memory_search"]) })
  assert.match(text.join("\n"), /^## Memory\n.*memory_search/s)
  assert.deepEqual(capability.promptBuilder({ availableTools: new Set(["memory_search", "exec"]) }), text)
  assert.deepEqual(capability.promptBuilder({ availableTools: new Set() }), [])
})

import assert from "node:assert/strict"
import { test } from "node:test"

import * as module from "../index.js"
import { readTools } from "../mnemos.js"
import { isAlive, makeProgram, waitUntil } from "../../shared/tests/support.js"

const KNOWN = '{"system":"the session\'s block","prompt":"the prompt\'s block"}'

/** Return a client of OpenCode that knows these sessions, messages and agents. */
function makeClient({ sessions = {}, messages = [], agents = [] } = {}) {
  return {
    session: {
      get: async ({ path }) => ({ data: sessions[path.id] ?? { id: path.id } }),
      messages: async () => ({ data: messages }),
    },
    app: { agents: async () => ({ data: agents }) },
  }
}

/** Open a project as OpenCode does; those with the same program have the same settings. */
function open(program, client = makeClient(), options = {}) {
  process.env.FAKE_MODE = program.env.FAKE_MODE
  process.env.FAKE_ANSWER = program.env.FAKE_ANSWER
  process.env.FAKE_LOG = program.env.FAKE_LOG
  const settings = { command: program.command, url: program.env.FAKE_LOG, apiKey: "k", ...options }
  return module.default({ client, directory: "/project" }, settings)
}

/** Say something; return the parts of the message afterwards. */
async function say(hooks, text, sessionID = "ses_1", messageID = "msg_1") {
  const parts = [{ id: "prt_1", type: "text", text }]
  await hooks["chat.message"]({ sessionID }, { message: { id: messageID }, parts })
  return parts
}

async function transform(hooks, prompt = "You are an agent.", sessionID = "ses_1") {
  const system = [prompt]
  await hooks["experimental.chat.system.transform"]({ sessionID }, { system })
  return system.slice(1)
}

test("the module exports one function, since OpenCode calls every export", () => {
  assert.deepEqual(Object.keys(module), ["default"])
})

test("a message is asked about once, and what is known stands behind it and in the system", async (t) => {
  const program = makeProgram(t, { answer: KNOWN })
  const hooks = await open(program)

  const [own, added] = await say(hooks, "when does it close")

  const { id, ...rest } = added
  assert.ok(id > own.id && id.startsWith("prt_"))
  assert.deepEqual(rest, {
    sessionID: "ses_1",
    messageID: "msg_1",
    type: "text",
    text: "the prompt's block",
    synthetic: true,
  })
  assert.deepEqual(await transform(hooks), ["the session's block"])
  assert.deepEqual(await transform(hooks), ["the session's block"])
  assert.equal(program.calls().length, 1)
  assert.deepEqual(program.calls()[0].data, {
    sessionID: "ses_1",
    directory: "/project",
    messageID: "msg_1",
    text: "when does it close",
  })
  assert.equal(program.calls()[0].env.MNEMOS_AGENT_ID, "opencode")
})

test("only the user's own text is asked about", async (t) => {
  const program = makeProgram(t)
  const hooks = await open(program)
  const parts = [
    { id: "prt_1", type: "text", text: "look at this" },
    { id: "prt_2", type: "text", text: "a file's content", synthetic: true },
    { id: "prt_3", type: "text", text: "shown only", ignored: true },
    { id: "prt_4", type: "file", url: "file:///x" },
  ]

  await hooks["chat.message"]({ sessionID: "ses_1" }, { message: { id: "msg_1" }, parts })

  assert.equal(program.calls()[0].data.text, "look at this")
})

test("a session's block stays what it was, also nothing", async (t) => {
  const hooks = await open(makeProgram(t))
  await say(hooks, "first")
  process.env.FAKE_ANSWER = KNOWN

  const parts = await say(hooks, "second", "ses_1", "msg_2")

  assert.equal(parts.length, 2)
  assert.deepEqual(await transform(hooks), [])
})

test("sub-agents, titles and summaries are given nothing", async (t) => {
  const sessions = { ses_child: { id: "ses_child", parentID: "ses_1" } }
  const agents = [{ hidden: true, prompt: "You write titles" }, { prompt: "You build" }, { hidden: true }]
  const program = makeProgram(t, { answer: KNOWN })
  const hooks = await open(program, makeClient({ sessions, agents }))
  await say(hooks, "hello")

  assert.equal((await say(hooks, "task", "ses_child")).length, 1)
  assert.deepEqual(await transform(hooks, "You write titles, short ones"), [])
  assert.deepEqual(await transform(hooks, "You build"), ["the session's block"])
  assert.deepEqual(await transform(hooks, "You build", "ses_child"), [])
  assert.equal(program.calls().length, 1)
})

test("after a turn the texts of the conversation are handed over, and the end waits for that", async (t) => {
  const time = { created: 1, completed: 2 }
  const tool = { type: "tool", state: { output: "x".repeat(1000) } }
  const parts = [
    { id: "prt_1", type: "text", text: "hello" },
    { id: "prt_2", type: "text", text: "a file", synthetic: true },
  ]
  const messages = [
    { info: { id: "msg_1", role: "user", time, model: {} }, parts },
    { info: { id: "msg_2", role: "assistant", time, summary: true }, parts: [tool, { type: "text", text: "hi" }] },
  ]
  const program = makeProgram(t)
  const sessions = { ses_1: { id: "ses_1", time: { created: 7 } } }
  const hooks = await open(program, makeClient({ sessions, messages }))

  await hooks.event({ event: { type: "session.idle", properties: { sessionID: "ses_1" } } })
  await hooks.dispose()

  assert.equal(program.calls().length, 1)
  const { hook, data } = program.calls()[0]
  assert.equal(hook[0], "session.idle")
  assert.equal(data.createdAt, 7)
  assert.deepEqual(data.messages, [
    { info: { id: "msg_1", role: "user", time, summary: false }, texts: ["hello"] },
    { info: { id: "msg_2", role: "assistant", time, summary: true }, texts: ["hi"] },
  ])
})

test("what no event captured is captured at the end, but for sub-agents", async (t) => {
  const program = makeProgram(t)
  const hooks = await open(program)
  for (const info of [{ id: "ses_1" }, { id: "ses_child", parentID: "ses_1" }]) {
    await hooks.event({ event: { type: "session.created", properties: { info } } })
    await say(hooks, "hello", info.id)
  }

  await hooks.dispose()

  const events = program.calls().map(({ hook, data }) => [hook[0], data.sessionID])
  assert.deepEqual(events, [
    ["chat.message", "ses_1"],
    ["dispose", "ses_1"],
  ])
})

test("a message after a compaction waits until the hook was told of it", async (t) => {
  const program = makeProgram(t, { mode: "slow" })
  const hooks = await open(program)

  await hooks.event({ event: { type: "session.compacted", properties: { sessionID: "ses_1" } } })
  await say(hooks, "hello")

  const order = program.calls().map(({ hook, ended }) => (ended ? `${ended} ended` : hook[0]))
  assert.deepEqual(order.slice(0, 3), ["session.compacted", "session.compacted ended", "chat.message"])
})

test("before a compaction the conversation is captured, and the summary is told what to keep", async (t) => {
  const program = makeProgram(t)
  const hooks = await open(program)
  const context = []

  await hooks["experimental.session.compacting"]({ sessionID: "ses_1" }, { context })
  await waitUntil(() => program.calls().length === 1)

  assert.equal(program.calls()[0].hook[0], "session.compacting")
  assert.match(context[0], /ids of memories/)
})

test("each tool has the contract's schema, and answers with text", async (t) => {
  const hooks = await open(makeProgram(t))
  t.after(() => hooks.dispose())

  for (const { name, description, input_schema } of readTools()) {
    const output = { description, parameters: {}, jsonSchema: { required: ["everything"] } }
    await hooks["tool.definition"]({ toolID: name }, output)
    assert.equal(hooks.tool[name].description, description)
    assert.deepEqual(output.jsonSchema, input_schema)
  }
  const foreign = { jsonSchema: {} }
  await hooks["tool.definition"]({ toolID: "bash" }, foreign)
  assert.deepEqual(foreign, { jsonSchema: {} })
  assert.deepEqual(JSON.parse(await hooks.tool.memory_get.execute({ id: "x" }, {})), { ok: true, said: { id: "x" } })
})

test("a tool's call ends when the user stops the turn", async (t) => {
  const hooks = await open(makeProgram(t))
  t.after(() => hooks.dispose())

  const text = await hooks.tool.memory_get.execute({ id: "x" }, { abort: AbortSignal.abort() })

  assert.equal(JSON.parse(text).code, "cancelled")
})

test("projects with the same settings share one mnemos, which ends with the last of them", async (t) => {
  const program = makeProgram(t)
  const [first, second] = [await open(program), await open(program)]
  const other = await open(program, undefined, { agentId: "other" })
  const call = ({ tool }) => tool.memory_get.execute({ id: "x" }, {})
  const listStarted = () => program.calls().filter((entry) => entry.started)

  await Promise.all([first, second, other].map(call))
  await first.dispose()
  await first.dispose()

  assert.equal(JSON.parse(await call(second)).ok, true)
  const agents = listStarted().map((entry) => entry.env.MNEMOS_AGENT_ID)
  assert.deepEqual(agents.sort(), ["opencode", "other"])
  for (const hooks of [second, other]) await hooks.dispose()
  for (const { started } of listStarted()) await waitUntil(() => !isAlive(started))
  assert.equal(JSON.parse(await call(second)).code, "client_failed")
  assert.equal(listStarted().length, 2)
})

test("a project that is opened after the last one was closed has a mnemos of its own", async (t) => {
  const program = makeProgram(t)
  for (const count of [1, 2]) {
    const hooks = await open(program)
    assert.equal(JSON.parse(await hooks.tool.memory_get.execute({ id: "x" }, {})).ok, true)
    assert.equal(program.calls().filter((entry) => entry.started).length, count)
    await hooks.dispose()
  }
})

test("a command of ours sends the user's words apart from our instructions", async (t) => {
  const hooks = await open(makeProgram(t))
  const config = { command: { recall: { template: "mine" } }, skills: { paths: ["/mine"] } }
  await hooks.config(config)
  const { template } = config.command.remember
  const parts = [{ type: "text", text: `${template}\n\nI prefer tabs` }]

  await hooks["command.execute.before"]({ command: "remember", arguments: "I prefer tabs" }, { parts })

  assert.equal(config.command.recall.template, "mine")
  assert.equal(config.skills.paths[0], "/mine")
  assert.match(config.skills.paths[1], /skills$/)
  assert.deepEqual(parts, [
    { type: "text", text: template, synthetic: true },
    { type: "text", text: "I prefer tabs" },
  ])
})

test("no hook throws, whatever OpenCode or its client does", async (t) => {
  const broken = { session: { get: () => Promise.reject(new Error("no")), messages: async () => null }, app: null }
  const loop = {}
  loop.self = loop
  const odd = [
    undefined,
    null,
    7,
    "text",
    [],
    {},
    loop,
    { parts: [null], message: {} },
    { event: { type: "toString" } },
  ]
  for (const client of [undefined, {}, broken]) {
    const hooks = await open(makeProgram(t, { command: "/no/mnemos" }), client)
    const events = ["session.created", "session.idle", "session.compacted", "session.deleted"]
    for (const type of events) await hooks.event({ event: { type, properties: { sessionID: "ses_1" } } })
    for (const [name, hook] of Object.entries(hooks)) {
      if (name === "tool") continue
      for (const value of odd) await hook(value, value)
      for (const value of odd) await hook({ sessionID: "ses_1", arguments: "x", command: "recall" }, value)
    }
    for (const value of odd) assert.equal(typeof (await hooks.tool.memory_get.execute(value, value)), "string")
    assert.equal((await say(hooks, "hello")).length, 1)
  }
})

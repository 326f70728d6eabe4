/** Recall: one hook for each user message; its result stays the same for the rest of the session. */

import { runHook } from "./mnemos.js"
import { makePart, readTexts } from "./parts.js"
import { bounded } from "./sessions.js"

const HARNESS = "opencode"
/** The hook's own deadline (one second by default), plus the time that a busy machine may take to start it. */
const TURN_MS = (Number(process.env.MNEMOS_HOOK_TIMEOUT_MS) || 1000) + 1_500
const ASK_MS = 1_000
/** Number of blocks that are kept in memory; the hook knows the older ones. */
const MAX_SESSIONS = 200

export class Recall {
  constructor({ program, client, directory, sessions }) {
    this.program = program
    this.client = client
    this.directory = directory
    this.sessions = sessions
    /** Each block is fixed by the first message of its session: all its requests begin with the same bytes. */
    this.blocks = new Map()
    /** Hooks that process a compaction; the next message waits for the hook of its session. */
    this.compactions = new Map()
    this.helperPrompts = []
  }

  /** Add what is known about a user message after it, so that it stays in the conversation. */
  async add(sessionID, message, parts) {
    if ((await this.sessions.describe(sessionID)).isChild) return
    if (this.blocks.size === 0) void this.learnHelpers().catch(() => {})
    await bounded(() => this.compactions.get(sessionID), ASK_MS)
    const text = readTexts(parts).join("\n\n")
    const event = { sessionID, directory: this.directory, messageID: message.id, text }
    const response = await runHook(this.program, HARNESS, "chat.message", event, TURN_MS)
    this.freeze(sessionID, response?.system ?? "")
    if (response?.prompt) parts.push(makePart(sessionID, message, parts, response.prompt))
  }

  /** Add the session's block to a request, unless the request is for a title or a summary. */
  addToSystem(sessionID, system) {
    const block = this.blocks.get(sessionID)
    const isHelper = this.helperPrompts.some((prompt) => system[0]?.startsWith(prompt))
    if (block && !isHelper) system.push(block)
  }

  /** Report that a summary replaced the conversation: what was recalled in it may be recalled again. */
  reset(sessionID) {
    const event = { sessionID, directory: this.directory }
    const told = runHook(this.program, HARNESS, "session.compacted", event)
    this.compactions.set(sessionID, told)
    void told.then(() => this.compactions.get(sessionID) === told && this.compactions.delete(sessionID))
  }

  forget(sessionID) {
    this.blocks.delete(sessionID)
  }

  freeze(sessionID, block) {
    if (this.blocks.has(sessionID)) return
    if (this.blocks.size >= MAX_SESSIONS) this.blocks.delete(this.blocks.keys().next().value)
    this.blocks.set(sessionID, block)
  }

  /** Learn the prompts of OpenCode's hidden agents, which write titles and summaries; only they identify an agent. */
  async learnHelpers() {
    const response = await bounded(() => this.client.app.agents(), ASK_MS)
    const hidden = (response?.data ?? []).filter((agent) => agent.hidden && agent.prompt)
    this.helperPrompts = hidden.map((agent) => agent.prompt)
  }
}

/** Recall: one hook for each user message; its answer stays the same for the rest of the session. */

import { runHook } from "./mnemos.js"
import { makePart, readTexts } from "./parts.js"
import { bounded } from "./sessions.js"

const HARNESS = "opencode"
/** The hook's own deadline (its default is 120 ms), and the time a loaded machine may take to start it. */
const TURN_MS = (Number(process.env.MNEMOS_HOOK_TIMEOUT_MS) || 120) + 1_500
const ASK_MS = 1_000
/** Blocks that are kept in memory; the hook knows the older ones. */
const MAX_SESSIONS = 200

export class Recall {
  constructor({ program, client, directory, sessions }) {
    this.program = program
    this.client = client
    this.directory = directory
    this.sessions = sessions
    /** Frozen with the first message of a session: all its requests begin with the same bytes. */
    this.blocks = new Map()
    /** Hooks that are told of a compaction; the next message waits for its session's. */
    this.compactions = new Map()
    this.helperPrompts = []
  }

  /** Put what is known about a user message behind it, where it stays in the conversation. */
  async add(sessionID, message, parts) {
    if ((await this.sessions.describe(sessionID)).isChild) return
    if (this.blocks.size === 0) void this.learnHelpers().catch(() => {})
    await bounded(() => this.compactions.get(sessionID), ASK_MS)
    const text = readTexts(parts).join("\n\n")
    const event = { sessionID, directory: this.directory, messageID: message.id, text }
    const answer = await runHook(this.program, HARNESS, "chat.message", event, TURN_MS)
    this.freeze(sessionID, answer?.system ?? "")
    if (answer?.prompt) parts.push(makePart(sessionID, message, parts, answer.prompt))
  }

  /** Give a request of a session the session's block, but not those for its title or its summary. */
  addToSystem(sessionID, system) {
    const block = this.blocks.get(sessionID)
    const isHelper = this.helperPrompts.some((prompt) => system[0]?.startsWith(prompt))
    if (block && !isHelper) system.push(block)
  }

  /** A summary replaced the conversation: what was recalled in it may be recalled again. */
  startAnew(sessionID) {
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

  /** OpenCode's hidden agents write titles and summaries; a request names its agent by its prompt only. */
  async learnHelpers() {
    const answer = await bounded(() => this.client.app.agents(), ASK_MS)
    const hidden = (answer?.data ?? []).filter((agent) => agent.hidden && agent.prompt)
    this.helperPrompts = hidden.map((agent) => agent.prompt)
  }
}

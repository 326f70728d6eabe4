/** Capture: when a turn is over, the hook gets what was said; what is new it knows by itself. */

import { runHook } from "./mnemos.js"
import { pickSaid } from "./parts.js"

const HARNESS = "opencode"
/** Messages that are handed over at a time, the last ones: far more than one turn has. */
const MAX_MESSAGES = 400

export class Capture {
  constructor({ program, client, directory, sessions }) {
    this.program = program
    this.client = client
    this.directory = directory
    this.sessions = sessions
    /** The end of what each session still does; one thing after the other. */
    this.queues = new Map()
    /** Sessions in which something was said since their last capture began. */
    this.expected = new Set()
  }

  /** Something is being said in this session. */
  expect(sessionID) {
    this.expected.add(sessionID)
  }

  /** Hand over the conversation. Returns at once. */
  start(event, sessionID) {
    this.expected.delete(sessionID)
    this.enqueue(sessionID, () => this.handOver(event, sessionID))
  }

  /** Capture what nothing else did, and wait for everything that was begun. */
  async finish() {
    for (const sessionID of this.expected) this.start("dispose", sessionID)
    await Promise.all(this.queues.values())
  }

  forget(sessionID) {
    this.expected.delete(sessionID)
  }

  enqueue(sessionID, work) {
    const done = (this.queues.get(sessionID) ?? Promise.resolve()).then(work).catch(() => {})
    this.queues.set(sessionID, done)
    void done.then(() => this.queues.get(sessionID) === done && this.queues.delete(sessionID))
  }

  async handOver(event, sessionID) {
    const { isChild, createdAt } = await this.sessions.describe(sessionID)
    if (isChild) return
    const answer = await this.client.session.messages({ path: { id: sessionID }, query: { limit: MAX_MESSAGES } })
    const messages = (answer.data ?? []).map(pickSaid)
    await runHook(this.program, HARNESS, event, { sessionID, createdAt, directory: this.directory, messages })
  }
}

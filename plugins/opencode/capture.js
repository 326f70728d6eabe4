/** Capture: when a turn is over, the hook gets what was said; it finds out itself what is new. */

import { runHook } from "./mnemos.js"
import { pickSaid } from "./parts.js"

const HARNESS = "opencode"
/** Maximum number of messages for one hook, the last ones: far more than one turn has. */
const MAX_MESSAGES = 400

export class Capture {
  constructor({ program, client, directory, sessions }) {
    this.program = program
    this.client = client
    this.directory = directory
    this.sessions = sessions
    /** The last pending capture of each session; captures of a session run one after the other. */
    this.queues = new Map()
    /** Sessions with new messages since their last capture began. */
    this.expected = new Set()
  }

  /** Note that this session has a new message. */
  expect(sessionID) {
    this.expected.add(sessionID)
  }

  /** Pass the conversation to the hook, in the background. */
  start(event, sessionID) {
    this.expected.delete(sessionID)
    this.enqueue(sessionID, () => this.handOver(event, sessionID))
  }

  /** Capture what isn't captured yet, and wait for all pending captures. */
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
    const response = await this.client.session.messages({ path: { id: sessionID }, query: { limit: MAX_MESSAGES } })
    const messages = (response.data ?? []).map(pickSaid)
    await runHook(this.program, HARNESS, event, { sessionID, createdAt, directory: this.directory, messages })
  }
}

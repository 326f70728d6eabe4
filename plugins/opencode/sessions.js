/** What the plugin knows of sessions, and waiting for no longer than one may. */

/** Answered inside OpenCode itself; it takes a few milliseconds. */
const ASK_MS = 200

/** What is known of sessions: whether one is a sub-agent's, where nobody speaks but the model, and how old it is. */
export class Sessions {
  constructor(client) {
    this.client = client
    this.known = new Map()
  }

  /** Take note of a session that OpenCode tells of. */
  learn(info) {
    this.known.set(info.id, { isChild: Boolean(info.parentID), createdAt: info.time?.created })
  }

  /** Give what is known; of a session that OpenCode doesn't tell of, that it isn't a sub-agent's. */
  async describe(sessionID) {
    if (!this.known.has(sessionID)) {
      const answer = await bounded(() => this.client.session.get({ path: { id: sessionID } }), ASK_MS)
      if (answer?.data?.id) this.learn(answer.data)
    }
    return this.known.get(sessionID) ?? { isChild: false }
  }

  forget(sessionID) {
    this.known.delete(sessionID)
  }
}

/** Do something, but don't wait for long: gives undefined when it fails or takes more than that. */
export function bounded(work, milliseconds) {
  let timer
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds)
  })
  const done = (async () => work())().catch(() => undefined)
  return Promise.race([done, late]).finally(() => clearTimeout(timer))
}

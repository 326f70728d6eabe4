/** What the plugin knows about sessions, and waiting with a limit. */

/** OpenCode itself responds, within a few milliseconds. */
const ASK_MS = 200

/** What is known about sessions: when they were created, and whether a sub-agent's (only the model speaks there). */
export class Sessions {
  constructor(client) {
    this.client = client
    this.known = new Map()
  }

  /** Remember a session that OpenCode reports. */
  learn(info) {
    this.known.set(info.id, { isChild: Boolean(info.parentID), createdAt: info.time?.created })
  }

  /** Return what is known; a session that OpenCode doesn't report is assumed not to be a sub-agent's. */
  async describe(sessionID) {
    if (!this.known.has(sessionID)) {
      const response = await bounded(() => this.client.session.get({ path: { id: sessionID } }), ASK_MS)
      if (response?.data?.id) this.learn(response.data)
    }
    return this.known.get(sessionID) ?? { isChild: false }
  }

  forget(sessionID) {
    this.known.delete(sessionID)
  }
}

/** Do something with a time limit; the result is undefined if it fails or takes longer. */
export function bounded(work, milliseconds) {
  let timer
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds)
  })
  const done = (async () => work())().catch(() => undefined)
  return Promise.race([done, late]).finally(() => clearTimeout(timer))
}

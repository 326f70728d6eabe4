/** What the plugin knows of sessions, and waiting for no longer than one may. */

/** Answered inside OpenCode itself; it takes a few milliseconds. */
const ASK_MS = 200

/** Which sessions are those of sub-agents: nobody speaks there but the model. */
export class Sessions {
  constructor(client) {
    this.client = client
    this.isChildById = new Map()
  }

  /** Take note of a session that OpenCode tells of. */
  learn(info) {
    this.isChildById.set(info.id, Boolean(info.parentID))
  }

  /** Whether a session is a sub-agent's; when it can't be told, it isn't. */
  async isChild(sessionID) {
    if (!this.isChildById.has(sessionID)) {
      const answer = await bounded(() => this.client.session.get({ path: { id: sessionID } }), ASK_MS)
      if (answer?.data?.id) this.learn(answer.data)
    }
    return this.isChildById.get(sessionID) === true
  }

  forget(sessionID) {
    this.isChildById.delete(sessionID)
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

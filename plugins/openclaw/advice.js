/** What OpenClaw leaves to the user, and says only to who asks: the plugin's log says it at its start. */

const ADVISED = Symbol.for("mnemos.openclaw.advised")

/** Tell the user, once in a process, what keeps mnemos from its work, and the command that mends it. */
export function adviseUser(api) {
  const entries = api.config?.plugins?.entries ?? {}
  if (globalThis[ADVISED]) return
  globalThis[ADVISED] = true
  if (entries.mnemos?.hooks?.allowConversationAccess !== true) {
    const command = "openclaw config set plugins.entries.mnemos.hooks.allowConversationAccess true"
    api.logger?.warn?.(`mnemos: recall and capture are off until you allow them: ${command}`)
  }
  if (entries["memory-core"]?.enabled !== false) {
    const command = "openclaw plugins disable memory-core"
    api.logger?.warn?.(`mnemos: OpenClaw's own memory may take over memory_search and memory_get: ${command}`)
  }
}

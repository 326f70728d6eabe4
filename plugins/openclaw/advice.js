/** Settings that OpenClaw leaves to the user and shows only on request; the plugin logs them when it starts. */

const ADVISED = Symbol.for("mnemos.openclaw.advised")

/** Log, once per process, what prevents mnemos from working, and the command that fixes it. */
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
    api.logger?.warn?.(`mnemos: OpenClaw's own memory may override memory_search and memory_get; to fix it: ${command}`)
  }
}

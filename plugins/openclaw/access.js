/** OpenClaw keeps conversations from a plugin until the user allows it, and says so only to who asks. */

const WARNED = Symbol.for("mnemos.openclaw.warned")
const COMMAND = "openclaw config set plugins.entries.mnemos.hooks.allowConversationAccess true"

/** Tell the user, once in a process, when the hooks are kept from running. */
export function warnOfMissingAccess(api) {
  const hooks = api.config?.plugins?.entries?.mnemos?.hooks
  if (hooks?.allowConversationAccess === true || globalThis[WARNED]) return
  globalThis[WARNED] = true
  api.logger?.warn?.(`mnemos: recall and capture are off until you allow them: ${COMMAND}`)
}
